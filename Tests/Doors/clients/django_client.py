import sys

from django.conf import settings
from django.core.mail import EmailMessage

settings.configure(EMAIL_HOST=sys.argv[1], EMAIL_PORT=int(sys.argv[2]))
mail = EmailMessage("hällo", "hällo\n", "zoe@example.com", ["bob@example.org"])
mail.attach("x.bin", b"x" * 5000, "application/octet-stream")
assert mail.send() == 1
