"""Django's password reset, a mail with copies and an attachment, and one that cannot be sent."""
import json
import os

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="x", EMAIL_BACKEND="outspool_django.EmailBackend", DEFAULT_FROM_EMAIL="Shop <shop@example.com>",
    INSTALLED_APPS=[
        "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.admin", "django.contrib.messages",
                    "django.contrib.sessions"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField", ROOT_URLCONF=__name__, ALLOWED_HOSTS=["shop.example.com"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}])
django.setup()

from django.contrib.auth.forms import PasswordResetForm  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.contrib.auth.urls import urlpatterns  # noqa: E402, F401
from django.core.mail import EmailMultiAlternatives  # noqa: E402
from django.core.management import call_command  # noqa: E402

from outspool import SubmitError  # noqa: E402


def queued():
    found = []
    for name in os.listdir(os.environ["OUTSPOOL_SPOOL"] + "/new"):
        with open(os.environ["OUTSPOOL_SPOOL"] + "/new/" + name) as file:
            found.append(json.load(file))
    return found


call_command("migrate", verbosity=0)
User.objects.create_user("zoe", "zoe@example.com", "old")
form = PasswordResetForm({"email": "zoe@example.com"})
assert form.is_valid()
form.save(domain_override="shop.example.com")
job, = queued()
assert job["to"] == ["zoe@example.com"] or job["to"] == "zoe@example.com", job
assert "Password reset on shop.example.com" in job["message"] and "/reset/" in job["message"], job

mail = EmailMultiAlternatives("Grüße", "t", to=["Zoë <zoe@example.com>"], cc=["c@example.com"], bcc=["b@example.com"])
mail.attach_alternative("<p>t", "text/html")
mail.attach("a.bin", b"\xff", "application/octet-stream")
assert mail.send() == 1
job = next(job for job in queued() if "a.bin" in str(job))
assert len(job["to"]) == 3 and "b@example.com" not in job["message"], job
assert EmailMultiAlternatives("s", "t").send() == 0
try:
    EmailMultiAlternatives("s", "t", to=["nobody"]).send()
    raise AssertionError("a mail to nobody")
except SubmitError as error:
    assert error.pointer == "/to", error.pointer
assert EmailMultiAlternatives("s", "t", to=["nobody"]).send(fail_silently=True) == 0
assert len(queued()) == 2
