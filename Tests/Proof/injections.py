"""Jobs that try to get a header field, a recipient or a command of their own into the mail: every string of a job with
every piece of text that has ever done that somewhere."""
import copy
import json

VICTIM = "victim@example.com"
EVIL = "evil@evil.example"

# The marker is what is looked for: no header field and no recipient may have it.
PIECES = {
    "crlf": f"\r\nBcc: {EVIL}\r\nX-Evil: yes", "lf": f"\nBcc: {EVIL}\nX-Evil: yes", "cr": f"\rBcc: {EVIL}\rX-Evil: yes",
    "blank": f"\r\n\r\nX-Evil: body", "nul": "\0X-Evil: yes",
    "dot": f"\r\n.\r\nMAIL FROM:<{EVIL}>\r\nRCPT TO:<{EVIL}>\r\nDATA\r\n",
    "lfdot": f"\n.\nMAIL FROM:<{EVIL}>\n", "crdot": f"\r.\rRCPT TO:<{EVIL}>\r", "close": f"> RCPT TO:<{EVIL}",
    "open": f"<{EVIL}>",
    "notify": "> NOTIFY=SUCCESS", "comma": f", {EVIL}", "semicolon": f"; {EVIL};", "quote": f'" <{EVIL}>, "',
    "backslash": "\\\r\nX-Evil: yes", "fold": "\r\n X-Evil: folded", "tab": "\r\n\tX-Evil: folded",
    "nel": f"\u0085X-Evil: yes",
    "separator": f"\u2028X-Evil: yes\u2029", "vertical": f"\vX-Evil: yes\f", "word": "=?utf-8?Q?=0D=0AX-Evil:_yes?=",
    "word64": "=?utf-8?B?DQpYLUV2aWw6IHllcw==?=", "comment": f"({EVIL})", "route": f"@evil.example:{EVIL}",
    "group": f"all: {EVIL};",
    "percent": "%0d%0aX-Evil: yes", "entity": "&#13;&#10;X-Evil: yes", "bidi": "\u202eX-Evil",
    "escape": "\x1b[2JX-Evil: yes",
    "colon": ": X-Evil: yes", "long": "x" * 2000 + "\r\nX-Evil: yes", "mustache": "{{{name}}}\r\nX-Evil: yes",
    "parameter": '"; x-evil="yes', "boundary": "\r\n--boundary\r\nX-Evil: yes",
}

BASES = {
    "template": {"template": "hello", "params": {"name": "Zoe"}, "to": VICTIM},
    "own": {
        "subject": "Subject", "text": "text", "html": "<p>html</p>", "to": {"name": "Name", "email": VICTIM},
        "cc": ["Copy <victim@example.com>"], "bcc": [VICTIM], "from": {"name": "Author", "email": "author@example.com"},
        "replyTo": "Reply <reply@example.com>", "sender": "sender@example.com", "locale": "de", "priority": "normal",
        "headers": {"X-Tag": "value", "References": "<a@example.com>", "List-Unsubscribe": "<https://example.com/u>"},
        "attachments": [{"filename": "a.txt", "contentType": "text/plain", "cid": "part", "content": "YQ=="}],
        "tags": ["tag"], "metadata": {"key": "value"}, "sendAt": "2020-01-01T00:00:00Z",
        "expiresAt": "2099-01-01T00:00:00Z",
        "x-own": "free",
    },
    "envelope": {
        "message": "From: author@example.com\nTo: victim@example.com\nSubject: whole\n\nbody\n",
        "envelope": {"from": "bounce@example.com", "to": [VICTIM]},
    },
}
# The fields that these jobs may have in their mail: theirs, and those that every mail has.
FIELDS = {
    "from", "sender", "reply-to", "to", "cc", "subject", "date", "message-id", "mime-version", "content-type",
    "content-transfer-encoding", "x-tag", "references", "list-unsubscribe", "list-unsubscribe-post", "auto-submitted",
    "content-language",
    # What the server that takes it adds.
    "return-path", "delivered-to", "x-original-to", "received", "x-sink-session", "x-sink-long-lines", "x-sink-dsn",
}


def strings(value, path=()):
    """The path of every string in a job; a member's name is a path that ends with `None`."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, list):
        for index, element in enumerate(value):
            yield from strings(element, path + (index,))
    elif isinstance(value, dict):
        for name, element in value.items():
            if path or name == "x-own":
                yield path + (name, None)
            yield from strings(element, path + (name,))


def changed(job, path, piece, place):
    job = copy.deepcopy(job)
    holder = job
    is_name = path[-1] is None
    steps = path[:-1] if is_name else path
    for step in steps[:-1]:
        holder = holder[step]
    last = steps[-1]
    old = last if is_name else holder[last]
    new = {"end": old + piece, "begin": piece + old, "whole": piece, "middle": old[:2] + piece + old[2:]}[place]
    if is_name:
        holder[new] = holder.pop(last)
    else:
        holder[last] = new
    return job


def injections():
    """(name, object) of every attempt. A whole message is the producer's own, and may say what it likes."""
    for base, job in BASES.items():
        for path in strings(job):
            if path == ("message",):
                continue
            for word, piece in PIECES.items():
                for place in ["begin", "middle", "end", "whole"]:
                    where = ".".join("name" if step is None else str(step) for step in path)
                    yield f"{base}.{where}.{word}.{place}", changed(job, path, piece, place)


def encoded(job):
    return json.dumps(job).encode()
