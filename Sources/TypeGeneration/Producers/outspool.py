"""Submits mail to an Outspool spool: see spool(5)."""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal, Optional, TypeAlias, Union

# "zoe@example.com", "Zoë <zoe@example.com>", or {"name": "Zoë", "email": "zoe@example.com"}.
Address: TypeAlias = Union[str, Mapping[str, str]]
Recipients: TypeAlias = Union[Address, list[Address]]

# alreadyQueued: a job of this id waits in the spool, and is what it was. If the id is your
#   idempotency key, take this for success.
# unsettled: the job may be queued or not, the last wait for the disk failed. Submitted again under
#   a chosen id it is sent once.
# temporary: nothing is queued, and the same call can succeed later: a full disk.
# unusable: nothing is queued, nor will be until the installation changes.
# invalid: nothing is queued, nor will be, the job is at fault.
SubmitReason: TypeAlias = Literal["alreadyQueued", "unsettled", "temporary", "unusable", "invalid"]

_DIGITS = "0123456789abcdefghijklmnopqrstuv"
_UNUSABLE = (
    errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL,
)


class SubmitError(Exception):
    """Why a job was not queued, or that it may be."""

    def __init__(self, reason: SubmitReason, message: str, id: Optional[str] = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.id = id  # Of alreadyQueued and unsettled: the job's.


class Params:
    """An object of JSON: of each member the attribute, the name, and whether it is required."""

    _members: ClassVar[tuple[tuple[str, str, bool], ...]] = ()
    _rest: ClassVar[bool] = False

    def _json(self) -> object:
        found: dict[str, object] = {}
        if self._rest:
            found.update({name: _json(value) for name, value in getattr(self, "additional").items()})
        for attribute, name, is_required in self._members:
            value = getattr(self, attribute)
            if is_required or value is not None:
                found[name] = _json(value)
        return found


class Job(Params):
    """The parameters of one template."""

    _template: ClassVar[str]


class Spool:
    """Where mail is submitted: a spool, or the drop box that this application has in one."""

    def __init__(self, path: Optional[str] = None) -> None:
        self.path: str = path or os.environ.get("OUTSPOOL_SPOOL") or "/var/spool/outspool"

    def submit(
        self, job: Job, *, to: Recipients = [], cc: Recipients = [], bcc: Recipients = [],
        sender: Optional[Address] = None, from_: Optional[Address] = None, reply_to: Optional[Address] = None,
        id: Optional[str] = None, locale: Optional[str] = None, headers: Optional[Mapping[str, str]] = None,
        attachments: Optional[list[Mapping[str, str]]] = None,
        priority: Optional[Literal["high", "normal", "bulk"]] = None,
        send_at: Optional[datetime] = None, expires_at: Optional[datetime] = None,
        tags: Optional[list[str]] = None, metadata: Optional[Mapping[str, object]] = None,
    ) -> str:
        """Queues a job and returns its id, the idempotency key if one is given.

        On return the job is on disk and outlives a power cut. Times need their zone.
        """
        _, text = Spool.outbox_row(
            job, to=to, cc=cc, bcc=bcc, sender=sender, from_=from_, reply_to=reply_to, id=id, locale=locale,
            headers=headers, attachments=attachments, priority=priority, send_at=send_at, expires_at=expires_at,
            tags=tags, metadata=metadata)
        return self._queue(text.encode() + b"\n", id)

    @staticmethod
    def outbox_row(
        job: Job, *, to: Recipients = [], cc: Recipients = [], bcc: Recipients = [],
        sender: Optional[Address] = None, from_: Optional[Address] = None, reply_to: Optional[Address] = None,
        id: Optional[str] = None, locale: Optional[str] = None, headers: Optional[Mapping[str, str]] = None,
        attachments: Optional[list[Mapping[str, str]]] = None,
        priority: Optional[Literal["high", "normal", "bulk"]] = None,
        send_at: Optional[datetime] = None, expires_at: Optional[datetime] = None,
        tags: Optional[list[str]] = None, metadata: Optional[Mapping[str, object]] = None,
    ) -> tuple[str, str]:
        """Makes a job without queueing it: its id, new if none is given, and its JSON text, which submit() would queue.

        The application inserts both into a table in its own transaction; outspool-pump(5) takes them from there. Raises
        SubmitError for what is invalid.
        """
        if id is not None and not re.fullmatch("[A-Za-z0-9][A-Za-z0-9._@=+-]{0,199}", id):
            raise SubmitError(
                "invalid", "id: is not 1 to 200 of A-Z a-z 0-9 . _ @ = + -, a letter or digit first")
        lines: dict[str, object] = {
            "to": to, "cc": cc, "bcc": bcc, "from": from_, "replyTo": reply_to, "sender": sender,
            "headers": headers,
        }
        rest: dict[str, object] = {
            "locale": locale, "attachments": attachments, "priority": priority, "sendAt": send_at,
            "expiresAt": expires_at, "tags": tags, "metadata": metadata,
        }
        fields: dict[str, object] = {"template": job._template, "params": job._json()}
        for name, value in {**lines, **rest}.items():
            if name in lines:
                _check_lines(name, value)
            if value:
                fields[name] = _moment(name, value) if isinstance(value, datetime) else _json(value)
        try:
            text = json.dumps(fields, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
            text.encode()  # A lone surrogate fails.
        except (TypeError, ValueError, RecursionError) as error:
            raise SubmitError("invalid", f"the job cannot be encoded: {error}") from error
        return id or _new_id(), text

    def _queue(self, data: bytes, chosen: Optional[str]) -> str:
        """Puts a job into new/. The order of the steps is the promise."""
        id = chosen or _new_id()
        tmp, target = f"{self.path}/tmp/{_random(20)}", f"{self.path}/new/{id}"
        step, directory, file, is_in_tmp = "create", -1, -1, False
        try:
            try:
                directory = os.open(f"{self.path}/new", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            except PermissionError:
                pass  # A drop box: its producers add to it and cannot read it.
            # In a drop box the daemon, which owns it, has to read the file.
            mode = 0o600 if os.stat(f"{self.path}/new").st_uid == os.geteuid() else 0o604
            file = os.open(tmp, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
            is_in_tmp = True
            os.fchmod(file, mode)
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(file, rest):]
            os.fsync(file)
            step = "publish"
            if chosen is None:
                os.rename(tmp, target)
            else:
                os.link(tmp, target)  # Unlike rename, it refuses a name that is taken.
                step = "settle"
                os.unlink(tmp)
            is_in_tmp = False
            step = "settle"
            # The rename is on disk once its directory is, or on ext4, XFS and btrfs its file again.
            os.fsync(file if directory == -1 else directory)
            return id
        except OSError as error:
            if step == "publish" and error.errno == errno.EEXIST:
                raise SubmitError("alreadyQueued", f"{id} is already queued", id) from error
            if step == "settle":
                raise SubmitError("unsettled", f"{id} may be queued or not: {error}", id) from error
            raise SubmitError("unusable" if error.errno in _UNUSABLE else "temporary", str(error)) from error
        finally:
            if is_in_tmp:
                try:
                    os.unlink(tmp)
                except OSError:
                    pass  # What is left in tmp/ is harmless; the daemon clears it.
            for descriptor in (file, directory):
                if descriptor != -1:
                    os.close(descriptor)


def _new_id() -> str:
    return time.strftime("%Y%m%dT%H%M%SZ-", time.gmtime()) + _random(10)


def _random(count: int) -> str:
    return "".join(secrets.choice(_DIGITS) for _ in range(count))


def _json(value: object) -> object:
    if isinstance(value, Params):
        return value._json()
    if isinstance(value, Mapping):
        return {name: _json(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json(item) for item in value]
    return value


def _moment(name: str, value: datetime) -> str:
    if value.tzinfo is None:
        raise SubmitError("invalid", f"{name}: a time without its zone")
    return value.isoformat(timespec="milliseconds")


def _check_lines(name: str, value: object) -> None:
    if isinstance(value, str) and any(c in value for c in "\r\n\0"):
        raise SubmitError("invalid", f"{name}: has a line break or NUL")
    if isinstance(value, Mapping):
        value = list(value.items())
    if isinstance(value, (list, tuple)):
        for item in value:
            _check_lines(name, item)
