import sys

from flask import Flask
from flask_mail import Mail, Message

application = Flask(__name__)
application.config.update(MAIL_SERVER=sys.argv[1], MAIL_PORT=int(sys.argv[2]))
with application.app_context():
    mail = Message("hällo", sender="zoe@example.com", recipients=["bob@example.org"], body="hällo\n")
    mail.attach("x.bin", "application/octet-stream", b"x" * 5000)
    Mail(application).send(mail)
