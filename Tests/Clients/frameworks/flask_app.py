"""A mail of Flask-Mail with a Bcc and an attachment."""
import json
import os

import flask
import flask_mail
from outspool_flask import OutspoolMail

app = flask.Flask(__name__)
app.config["MAIL_DEFAULT_SENDER"] = "shop@example.com"
mail = OutspoolMail(app)
with app.app_context():
    message = flask_mail.Message("Grüße", recipients=["zoe@example.com"], bcc=["b@example.com"], body="t", html="<p>t")
    message.attach("a.txt", "text/plain", b"x")
    mail.send(message)
new = os.environ["OUTSPOOL_SPOOL"] + "/new/"
name, = os.listdir(new)
with open(new + name) as file:
    job = json.load(file)
assert sorted(job["envelope"]["to"]) == ["b@example.com", "zoe@example.com"], job
assert job["envelope"]["from"] == "shop@example.com", job
assert "a.txt" in job["message"] and "b@example.com" not in job["message"], job
