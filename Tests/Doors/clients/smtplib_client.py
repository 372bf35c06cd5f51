import smtplib
import sys
from email.message import EmailMessage

mail = EmailMessage()
mail["From"], mail["To"], mail["Subject"] = "zoe@example.com", "bob@example.org", "hällo"
mail.set_content("hällo\n.\n")
mail.add_attachment(b"x" * 5000, maintype="application", subtype="octet-stream", filename="x.bin")
with smtplib.SMTP(sys.argv[1], int(sys.argv[2])) as server:
    server.send_message(mail)
