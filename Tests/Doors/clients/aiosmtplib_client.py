import asyncio
import sys
from email.message import EmailMessage

import aiosmtplib

mail = EmailMessage()
mail["From"], mail["To"], mail["Subject"] = "zoe@example.com", "bob@example.org", "hällo"
mail.set_content("hällo\n")
asyncio.run(aiosmtplib.send(mail, hostname=sys.argv[1], port=int(sys.argv[2])))
