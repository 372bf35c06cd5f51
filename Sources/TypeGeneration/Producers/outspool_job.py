"""What is sent, and how it becomes the job object of spool(5)."""

from __future__ import annotations

import base64
import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Any, ClassVar, Literal, Optional, TypeAlias, Union

import outspool_form as form
from outspool_files import SubmitError
from outspool_schema import Schema, token

# "zoe@example.com", "Zoë <zoe@example.com>", or {"name": "Zoë", "email": "zoe@example.com"}.
Address: TypeAlias = Union[str, Mapping[str, str]]
Recipients: TypeAlias = Union[Address, Sequence[Address]]
Priority: TypeAlias = Literal["high", "normal", "bulk"]


class Params:
    """An object of JSON: of each member the attribute, the name, and whether it is required."""

    _members: ClassVar[tuple[tuple[str, str, bool], ...]] = ()
    _rest: ClassVar[bool] = False

    def _json(self) -> object:
        found: dict[str, object] = {}
        if self._rest:
            found.update(getattr(self, "additional").items())
        for attribute, name, is_required in self._members:
            value = getattr(self, attribute)
            if is_required or value is not None:
                found[name] = value
        return found


class Job(Params):
    """What is sent: the parameters of one template, a mail, or a whole message."""

    _template: ClassVar[str] = ""

    def _content(self) -> dict[str, object]:
        return {"template": self._template, "params": self._json()}


@dataclass(frozen=True)
class Template(Job):
    """A template that has no type here."""

    name: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def _content(self) -> dict[str, object]:
        return {"template": self.name, "params": self.params}


@dataclass(frozen=True)
class Mail(Job):
    """A mail without a template, of text or HTML or both; from HTML alone the text is made."""

    subject: str
    text: Optional[str] = None
    html: Optional[str] = None

    def _content(self) -> dict[str, object]:
        texts = {"subject": self.subject, "text": self.text, "html": self.html}
        return {name: text for name, text in texts.items() if text is not None}


@dataclass(frozen=True)
class Message(Job):
    """A whole message (RFC 5322), delivered to the recipients whatever its header says."""

    content: Union[str, bytes]

    def _content(self) -> dict[str, object]:
        try:
            return {"message": self.content if isinstance(self.content, str) else self.content.decode()}
        except UnicodeDecodeError:
            assert isinstance(self.content, bytes)
            return {"message": {"base64": base64.b64encode(self.content).decode()}}


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file that goes with the mail: its content, or a name below the daemon's attachments_directory."""

    content: Optional[bytes] = None
    file: Optional[str] = None
    filename: Optional[str] = None
    content_type: Optional[str] = None
    cid: Optional[str] = None

    def _json(self) -> object:
        content = None if self.content is None else base64.b64encode(self.content).decode()
        found = {
            "filename": self.filename, "contentType": self.content_type, "cid": self.cid, "content": content,
            "file": self.file,
        }
        return {name: text for name, text in found.items() if text is not None}


@dataclass(frozen=True)
class Submission:
    """A job with all that is said of it; see spool(5) for each."""

    job: Job
    _: KW_ONLY
    to: Recipients = ()
    cc: Recipients = ()
    bcc: Recipients = ()
    sender: Optional[Address] = None
    from_: Optional[Address] = None
    reply_to: Optional[Address] = None
    envelope_from: Optional[str] = None
    envelope_to: Optional[Sequence[str]] = None
    dsn: Optional[Mapping[str, Any]] = None
    id: Optional[str] = None
    locale: Optional[str] = None
    headers: Optional[Mapping[str, str]] = None
    attachments: Sequence[Union[Attachment, Mapping[str, str]]] = ()
    priority: Optional[Priority] = None
    send_at: Optional[datetime] = None
    expires_at: Optional[datetime] = None
    tags: Sequence[str] = ()
    metadata: Optional[Mapping[str, object]] = None

    def _object(self) -> dict[str, object]:
        envelope = {"from": self.envelope_from, "to": self.envelope_to}
        lines: dict[str, object] = {
            "to": self.to, "cc": self.cc, "bcc": self.bcc, "from": self.from_, "replyTo": self.reply_to,
            "sender": self.sender,
            "envelope": {name: value for name, value in envelope.items() if value is not None},
            "dsn": self.dsn, "locale": self.locale, "headers": self.headers, "attachments": self.attachments,
            "priority": self.priority, "sendAt": self.send_at, "expiresAt": self.expires_at, "tags": self.tags,
            "metadata": self.metadata,
        }
        found = self.job._content()
        found.update({name: value for name, value in lines.items() if value is not None and value not in ((), [], {})})
        return found


# What the parameters of each template must fit, by its name: JSON Schema as text, or read.
_schemas: dict[str, Union[str, Schema]] = {}


def know(schemas: Mapping[str, str]) -> None:
    """Adds the schemas of templates, by which their parameters are judged."""
    _schemas.update(schemas)


def judged(job: Mapping[str, Any], id: Optional[str]) -> str:
    """Makes the JSON text of a job object; raises SubmitError for what the daemon would bury."""
    if id is not None and not form.ID.fullmatch(id):
        raise _invalid("id", "is not 1 to 200 of A-Z a-z 0-9 . _ @ = + -, a letter or digit first")
    value = _plain(job, "", 0)
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError as error:
        raise _invalid("", f"cannot be encoded: {error}") from error
    try:
        expires_at = form.check(value)
    except form.FormFault as fault:
        raise _invalid(fault.pointer, fault.reason) from None
    name = value["template"] if isinstance(value, dict) and "template" in value else None
    if name in _schemas:
        schema = _schemas[name]
        if isinstance(schema, str):
            schema = _schemas[name] = Schema(schema)
        found = schema.violation(json.dumps(value.get("params") or {}))
        if found is not None:
            raise _invalid("/params" + found[0], found[1])
    now = date(1970, 1, 1).toordinal() * 86400 + time.time()
    if expires_at is not None and expires_at[0] < math.floor(now):
        raise _invalid("/expiresAt", "is over: the job could only expire")
    return text


def _invalid(pointer: str, reason: str) -> SubmitError:
    return SubmitError("invalid", f"{pointer}: {reason}" if pointer else reason, pointer=pointer)


def _plain(value: Any, pointer: str, depth: int) -> Any:
    """Makes values of JSON of what a job is made of."""
    if depth > 100:
        raise _invalid("", "nested more than 100 deep")
    if isinstance(value, (Params, Attachment)):
        value = value._json()
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _invalid(pointer, "a lone surrogate, which no text has") from None
        return str(value)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _invalid(pointer, f"is {value}, which JSON does not have")
        return value
    if isinstance(value, Mapping):
        found: dict[str, Any] = {}
        for name, member in value.items():
            if not isinstance(name, str):
                raise _invalid(pointer, "a name that is not a string")
            found[_plain(name, pointer, depth)] = _plain(member, f"{pointer}/{token(name)}", depth + 1)
        return found
    if isinstance(value, (list, tuple)):
        return [_plain(element, f"{pointer}/{index}", depth + 1) for index, element in enumerate(value)]
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise _invalid(pointer, "a time without its zone")
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, date):
        return value.isoformat()
    raise _invalid(pointer, f"a {type(value).__name__}, which JSON does not have")
