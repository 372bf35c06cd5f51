"""Django's mail, queued in an Outspool spool: EMAIL_BACKEND = "outspool_django.EmailBackend".

It needs the producer next to it: outspool types --lang python. With OUTSPOOL_SPOOL=memory: nothing is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from outspool import Message, Spool, SubmitError


class EmailBackend(BaseEmailBackend):
    """Returns from send_messages() when each message is on disk; no connection is opened."""

    def __init__(self, fail_silently: bool = False, **options: Any) -> None:
        super().__init__(fail_silently=fail_silently)
        self._spool = Spool()

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        queued = 0
        for message in email_messages:
            recipients = message.recipients()
            if not recipients:
                continue
            try:
                self._spool.submit(Message(message.message().as_bytes()), to=recipients)
            except SubmitError:
                if not self.fail_silently:
                    raise
            else:
                queued += 1
        return queued
