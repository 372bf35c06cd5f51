"""The form of a job object, see spool(5): for what the daemon would bury it, as far as the object alone tells."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import date
from typing import Optional
from urllib.parse import unquote_to_bytes

import outspool_address as addresses
from outspool_schema import is_date_time, token

ID = re.compile("[A-Za-z0-9][A-Za-z0-9._@=+-]{0,199}")
_FIELDS = (
    "template", "params", "subject", "text", "html", "message", "to", "cc", "bcc", "from", "replyTo", "sender",
    "envelope", "dsn", "locale", "headers", "attachments", "priority", "sendAt", "expiresAt", "tags", "metadata",
)
_OWN = {
    "from": "from", "sender": "sender", "reply-to": "replyTo", "to": "to", "cc": "cc", "bcc": "bcc",
    "subject": "subject", "date": "set when the mail is sent", "message-id": "made from the id of the job",
}
_REFUSED = re.compile(
    "(return-path|received|mime-version|content-length|delivered-to|authentication-results)$"
    "|content-|mime-|dkim-|domainkey-|arc-|resent-|received-")
_UNIQUE = re.compile("(in-reply-to|references|auto-submitted)$|list-")
_IDENTIFYING = re.compile(
    "list-|(in-reply-to|references|archived-at|original-message-id|x-original-message-id|errors-to|supersedes"
    "|feedback-id)$")
_TOKEN = "[!#$%&'*+\\-.0-9A-Z^_`a-z{|}~]+"
_PARAMETER = f'; *(?:({_TOKEN})=(?:{_TOKEN}|"(?:[^"\\\\]|\\\\.)*") *|$)'
_CID = re.compile(
    r"""<[a-z][a-z0-9]*(?:\s+[a-z-]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'<>=`]+))?)*"""
    r"""\s+(?:src|srcset|background|poster|href|data)\s*=\s*"""
    r"""(?:"cid:([^"'()<>,;&#?\s]+)[^"]*"|'cid:([^"'()<>,;&#?\s]+)[^']*'|cid:([^"'()<>,;&#?\s]+))""", re.IGNORECASE | re.ASCII)
_HIDDEN_HTML = re.compile(r"<!--.*?(?:-->|$)|<(script|style|title|textarea|template|noscript)\b.*?(?:</\1|$)", re.S | re.I)


class FormFault(Exception):
    """Why an object is not a job; the pointer is a JSON pointer, empty for the object itself."""

    def __init__(self, pointer: str, reason: str) -> None:
        super().__init__(reason)
        self.pointer = pointer
        self.reason = reason


class _Fields:
    """Typed access to the members of an object; null counts as absent."""

    def __init__(self, members: Mapping[str, object], below: str = "") -> None:
        self.members = members
        self.below = below

    def allow(self, *names: str) -> None:
        for name in self.members:
            if name not in names and not (self.below == "" and name.startswith("x-")):
                raise FormFault(f"{self.below}/{token(name)}", "unknown field")

    def text(self, name: str) -> Optional[str]:
        value = self.members.get(name)
        if value is not None and not isinstance(value, str):
            raise FormFault(f"{self.below}/{name}", "is not a string")
        return value

    def members_of(self, name: str) -> Optional[Mapping[str, object]]:
        value = self.members.get(name)
        if value is not None and not isinstance(value, Mapping):
            raise FormFault(f"{self.below}/{name}", "is not an object")
        return value

    def elements(self, name: str) -> Optional[list[object]]:
        value = self.members.get(name)
        if value is not None and not isinstance(value, list):
            raise FormFault(f"{self.below}/{name}", "is not an array")
        return value

    def texts(self, name: str) -> Optional[list[str]]:
        found: list[str] = []
        values = self.elements(name)
        for index, value in enumerate(values or ()):
            if not isinstance(value, str):
                raise FormFault(f"{self.below}/{name}/{index}", "is not a string")
            found.append(value)
        return None if values is None else found

    def moment(self, name: str) -> Optional[tuple[int, str]]:
        if name in self.members and self.members[name] is None:
            raise FormFault(f"/{name}", "is null, not an RFC 3339 date-time; leave it out instead")
        text = self.text(name)
        return None if text is None else moment(text, name)


def moment(text: str, name: str) -> tuple[int, str]:
    """Reads a date-time as the seconds of its minute's count and a fraction, which compare as the times do."""
    parts = re.fullmatch(
        r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))", text, re.ASCII)
    # A leap second may stand anywhere here, unlike in a schema's date-time.
    if parts is None or not is_date_time(text[:17] + ("59" if text[17:19] == "60" else text[17:19]) + text[19:]):
        raise FormFault(f"/{name}", "is not an RFC 3339 date-time such as 2026-11-23T17:44:11Z")
    year, month, day, hour, minute, second = (int(parts[place]) for place in range(1, 7))
    offset = (int(parts[9] or 0) * 60 + int(parts[10] or 0)) * (-60 if parts[8] == "-" else 60)
    days = date(year, month, day).toordinal() if year > 0 else 0
    return (days * 24 + hour) * 3600 + minute * 60 + second - offset, (parts[7] or "").rstrip("0")


def check(job: object) -> Optional[tuple[int, str]]:
    """Raises FormFault for what no mail can ever be made of; returns expiresAt, if the job has one."""
    if not isinstance(job, Mapping):
        raise FormFault("", "the job is not an object")
    fields = _Fields(job)
    fields.allow(*_FIELDS)
    kind, html, message = _content(fields)
    fields.members_of("params")
    envelope = _Fields(fields.members_of("envelope") or {}, "/envelope")
    envelope.allow("from", "to")
    envelope_from, envelope_to = envelope.text("from"), envelope.texts("to")
    if "to" in envelope.members and not envelope_to:
        raise FormFault("/envelope/to", "no recipient")
    _check_dsn(_Fields(fields.members_of("dsn") or {}, "/dsn"))
    fields.text("locale")
    headers, attachments = fields.members_of("headers") or {}, fields.elements("attachments") or []
    if fields.text("priority") not in (None, "high", "normal", "bulk"):
        raise FormFault("/priority", "is not one of high, normal, bulk")
    send_at, expires_at = fields.moment("sendAt"), fields.moment("expiresAt")
    if send_at is not None and expires_at is not None and expires_at <= send_at:
        raise FormFault("/expiresAt", "is not after sendAt: the job could only expire")
    fields.texts("tags")
    fields.members_of("metadata")

    recipients = sum(_check_mailboxes(job.get(name), f"/{name}") for name in ("to", "cc", "bcc"))
    _check_mailboxes(job.get("from"), "/from", is_one=True)
    _check_mailboxes(job.get("sender"), "/sender", is_one=True)
    _check_mailboxes(job.get("replyTo"), "/replyTo")
    if envelope_from is not None and envelope_from not in ("", "<>"):
        _check_bare(envelope_from, "/envelope/from")
    if kind == "message":
        for name in ("attachments", "headers", "replyTo", "sender"):
            if job.get(name) not in (None, "", [], {}):
                raise FormFault(f"/{name}", "cannot stand next to message, which is the whole mail")
        recipients += _check_message(message, must_name=recipients == 0 and envelope_to is None)
    else:
        _check_attachments(attachments, html)
        subject = fields.text("subject") or ""
        texts: list[tuple[str, str]] = []
        for name, value in headers.items():
            if not isinstance(value, str):
                raise FormFault(f"/headers/{token(name)}", "is not a string")
            texts.append((name, value))
        if addresses.has_control(subject.replace("\t", " ")):
            raise FormFault("/subject", "a control character")
        _check_headers(texts)
    for index, text in enumerate(envelope_to or ()):
        _check_bare(text, f"/envelope/to/{index}")
    # A task has no recipient, and only its template tells that it is one.
    may_be_task = kind == "template" and all(job.get(name) in (None, "") for name in ("to", "cc", "bcc"))
    if recipients == 0 and envelope_to is None and not may_be_task:
        raise FormFault("", "no recipient: none of to, cc, bcc and envelope names one")
    return expires_at


def _content(fields: _Fields) -> tuple[str, Optional[str], bytes]:
    template, text, html = fields.text("template"), fields.text("text"), fields.text("html")
    subject, message = fields.text("subject"), fields.members.get("message")
    is_mail = subject is not None or text is not None or html is not None
    kinds = [template is not None, is_mail, message is not None].count(True)
    if kinds != 1:
        raise FormFault("", "neither template, nor subject with text or html, nor message" if kinds == 0 else
                        "more than one of template, subject with text or html, and message")
    if template is not None:
        if not ID.fullmatch(template):
            raise FormFault(
                "/template", "is not a template's name: A-Z a-z 0-9 . _ @ = + -, a letter or digit first")
        return "template", None, b""
    if is_mail:
        if subject is None:
            raise FormFault("/subject", "missing next to text or html")
        if text is None and html is None:
            raise FormFault("", "a subject without text or html")
        return "mail", html, b""
    if isinstance(message, str):
        return "message", None, message.encode()
    if isinstance(message, Mapping) and list(message) == ["base64"] and isinstance(message["base64"], str):
        content = _decoded(message["base64"])
        if content is None:
            raise FormFault("/message/base64", "is not base64")
        return "message", None, content
    raise FormFault("/message", 'is neither a string nor {"base64": "…"}')


def _decoded(text: str) -> Optional[bytes]:
    """Decodes base64, perhaps with line ends or without its padding."""
    text = text.replace("\r", "").replace("\n", "")
    digits = text.rstrip("=")
    missing = -len(digits) % 4
    if missing == 3 or not re.fullmatch("[A-Za-z0-9+/]*", digits) or len(text) - len(digits) not in (0, missing):
        return None
    return base64.b64decode(digits + "=" * missing)


def _check_dsn(fields: _Fields) -> None:
    fields.allow("notify", "return", "envelopeId")
    words = fields.texts("notify")
    if words == []:
        raise FormFault("/dsn/notify", "is empty; leave it out instead")
    for index, word in enumerate(words or ()):
        if word not in ("never", "success", "failure", "delay"):
            raise FormFault(f"/dsn/notify/{index}", "is not one of never, success, failure, delay")
    if words and "never" in words and set(words) != {"never"}:
        raise FormFault("/dsn/notify", "never cannot be combined with others")
    if fields.text("return") not in (None, "full", "headers"):
        raise FormFault("/dsn/return", "is not one of full, headers")
    name = fields.text("envelopeId")
    if name is not None:
        length = len(name) + 2 * len(re.findall("[ +=]", name))
        if not re.fullmatch("[ -~]*", name) or not 1 <= length <= 100:
            raise FormFault("/dsn/envelopeId", "is not 1 to 100 characters of printable ASCII")


def _check_mailboxes(value: object, pointer: str, is_one: bool = False) -> int:
    """Reads an address or a list of them; returns how many there are."""
    if value is None or value == "":
        return 0
    values = value if isinstance(value, list) and not is_one else [value]
    for one in values:
        try:
            if isinstance(one, str):
                addresses.mailbox(one)
            elif isinstance(one, Mapping):
                _check_parts(one)
            else:
                raise addresses.AddressFault('neither a string nor {"name":…,"email":…}')
        except addresses.AddressFault as fault:
            raise FormFault(pointer, str(fault)) from None
    return len(values)


def _check_parts(parts: Mapping[str, object]) -> None:
    name, email = parts.get("name"), parts.get("email")
    if any(member not in ("name", "email") for member in parts):
        raise addresses.AddressFault("an unknown member in an address")
    if not isinstance(email, str) or not (name is None or isinstance(name, str)):
        raise addresses.AddressFault('"name" and "email" are strings')
    addresses.bare(email.strip(" "))
    if addresses.has_control(name or ""):
        raise addresses.AddressFault("a control character in the name")


def _check_bare(text: str, pointer: str) -> None:
    try:
        addresses.bare(text)
    except addresses.AddressFault as fault:
        raise FormFault(pointer, str(fault)) from None


def _check_headers(headers: list[tuple[str, str]]) -> None:
    seen: set[str] = set()
    for name, value in headers:
        lower = name.lower()
        if not re.fullmatch("[!-9;-~]{1,60}", name):
            raise FormFault("/headers", "a name is up to 60 printable characters without ':'")
        if lower in _OWN:
            raise FormFault("/headers", f"{name} has a field of its own, {_OWN[lower]}")
        if _REFUSED.match(lower):
            raise FormFault("/headers", f"{name} cannot be set: it describes how the message is built or travels")
        if addresses.has_control(value.replace("\t", " ")):
            raise FormFault("/headers", f"{name}: a control character in the value")
        shown = value[value.find("<"):] if lower == "list-id" and "<" in value else "" if lower == "list-id" else value
        if _IDENTIFYING.match(lower) and not shown.isascii():
            raise FormFault("/headers", f"{name}: a character that is not ASCII, which ids and URIs have to encode")
        if any(len(word) > 930 and word.isascii() for word in re.split("[ \t]+", value)):
            raise FormFault("/headers", f"{name}: more than 930 characters without a space")
        if _UNIQUE.match(lower) and lower in seen:
            raise FormFault("/headers", f"{name}: twice")
        seen.add(lower)


def _check_attachments(attachments: list[object], html: Optional[str]) -> None:
    read: list[tuple[_Fields, bytes]] = []
    for index, value in enumerate(attachments):
        pointer = f"/attachments/{index}"
        if not isinstance(value, Mapping):
            raise FormFault(pointer, "is not an object")
        fields = _Fields(value, pointer)
        fields.allow("filename", "contentType", "cid", "content", "file")
        file, _, _ = fields.text("file"), fields.text("filename"), fields.text("contentType")
        content = fields.text("content")
        if (content is None) == (file is None):
            raise FormFault(pointer, "either content or file")
        if file is not None and (not file or file[0] == "." or "/" in file or "\0" in file):
            raise FormFault(f"{pointer}/file", "is not a plain file name")
        decoded = _decoded(content or "")
        if decoded is None:
            raise FormFault(f"{pointer}/content", "is not base64")
        fields.text("cid")
        read.append((fields, decoded))
    if sum(len(content) for _, content in read) > 64 << 20:
        raise FormFault("/attachments", f"more than {64 << 20} bytes")
    cids: set[str] = set()
    for fields, _ in read:
        cid = fields.text("cid")
        if cid is not None and cid in cids:
            raise FormFault(f"{fields.below}/cid", "is the cid of another attachment")
        if cid is not None:
            cids.add(cid)
    for match in _CID.findall(_HIDDEN_HTML.sub("", html or "")):
        name = unquote_to_bytes("".join(match)).decode("utf-8", "replace")
        if "%" not in "".join(match) and name not in cids:
            raise FormFault("/attachments", f"none has the cid {name} that the HTML shows")
    for fields, decoded in read:
        _check_attachment(fields, decoded)


def _check_attachment(fields: _Fields, content: bytes) -> None:
    filename, cid, kind = fields.text("filename"), fields.text("cid"), fields.text("contentType")
    if filename is not None and (addresses.has_control(filename) or len(filename.encode()) > 1024):
        raise FormFault(fields.below, "a control character in the file name, or more than 1024 octets")
    if cid is not None and not re.fullmatch("[!-;=?-~]{1,250}", cid):
        raise FormFault(fields.below, "a cid is up to 250 printable ASCII characters without spaces and angles")
    if kind is None:
        return
    parsed = re.fullmatch(f" *({_TOKEN})/({_TOKEN}) *((?:{_PARAMETER})*)", kind)
    names = [name.lower() for name in re.findall(_PARAMETER, parsed[3])] if parsed else []
    if parsed is None or not re.fullmatch("[ -~]{0,500}", kind) or len(set(names)) < len(names):
        raise FormFault(fields.below, "not a content type")
    media = f"{parsed[1]}/{parsed[2]}".lower()
    if media.startswith("multipart/") or media in ("message/partial", "message/external-body"):
        raise FormFault(fields.below, f"{media} cannot be attached")
    if media == "message/rfc822":
        if b"\0" in content or any(len(line) > 998 for line in re.split(b"\r\n|\r|\n", content)):
            raise FormFault(fields.below, "an attached message with a NUL or a line of more than 998 octets")


def _check_message(source: bytes, must_name: bool) -> int:
    """Reads the header of a whole message; returns how many recipients it names, if it has to name them."""
    if b"\0" in source:
        raise FormFault("/message", "a NUL")
    lines = re.split(b"\r\n|\r|\n", source)
    if re.match(b">?From (?![ \t]*:)", source):
        del lines[0]
    fields: list[tuple[str, bytes]] = []
    for line in lines:
        field = re.match(rb"([!-9;-~]+)[ \t]*:(.*)", line, re.S)
        if not line:
            break
        if fields and line[:1] in b" \t":
            fields[-1] = (fields[-1][0], fields[-1][1] + line)
        elif field is not None:
            fields.append((field[1].decode().lower(), field[2]))
        elif not fields:
            return 0
        else:
            raise FormFault("/message", "a line that is neither a header field nor the continuation of one")
    if not must_name:
        return 0
    count = 0
    for name, value in fields:
        if name in ("to", "cc", "bcc"):
            try:
                count += addresses.count_mailboxes(value.strip(b" \t").decode())
            except (UnicodeDecodeError, addresses.AddressFault) as fault:
                raise FormFault("/message", f"{name}: {fault}") from None
    return count
