"""Flask-Mail, with a spool for its server: mail = OutspoolMail(app) instead of Mail(app).

It needs the producer next to it: outspool types --lang python. With OUTSPOOL_SPOOL=memory: nothing is sent.
"""

from __future__ import annotations

from typing import Any

import flask_mail

from outspool import Message, Spool


class OutspoolMail(flask_mail.Mail):
    """Returns from send() when the message is on disk; MAIL_SUPPRESS_SEND and the signal are Flask-Mail's."""

    def connect(self) -> _Connection:
        return _Connection(super().connect().mail)


class _Connection(flask_mail.Connection):
    def configure_host(self) -> _Host:
        return _Host()


class _Host:
    """What Flask-Mail takes for a connection to a server."""

    def sendmail(self, sender: str, recipients: Any, message: Any, *options: Any) -> None:
        content = message if isinstance(message, bytes) else str(message).encode()
        Spool().submit(Message(content), envelope_from=sender, envelope_to=list(recipients))

    def quit(self) -> None:
        pass
