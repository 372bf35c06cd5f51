"""Python's email package reads what was composed, with the policy that forgives nothing."""
import base64, email, email.header, email.policy, email.utils, re
from cases import cases, check, check_parts, finish

strict = email.policy.SMTP.clone(raise_on_defect=True)


def defects(part):
    found = list(part.defects)
    for name, value in part.items():
        found += getattr(value, "defects", ())
    return [d for d in found if type(d).__name__ != "NonASCIILocalPartDefect"]


count = 0
for want in cases():
    raw = want["raw"]
    count += 1
    try:
        # Bodies are ASCII; a header has UTF-8 only in addresses (RFC 6532).
        message = email.message_from_string(raw.decode("utf-8"), policy=strict)
        if raw.isascii():
            email.message_from_bytes(raw, policy=email.policy.strict)
    except Exception as error:
        check(want, "strict", error, None)
        continue
    old = email.message_from_string(raw.decode("utf-8"))
    for part in message.walk():
        check(want, "defects", defects(part), [])
    for line in raw.split(b"\r\n"):
        check(want, "a line's length", len(line) > 998, False)
    for header in raw.split(b"\r\n\r\n")[0].split(b"\r\n"):
        words = re.findall(rb"=\?utf-8\?[qb]\?[^?]*\?=", header)
        check(want, "a folded line", bool(words) and len(header) > 76 or any(len(word) > 75 for word in words), False)
    check(want, "subject", message["subject"], want["subject"].strip(" \t"))
    for field in ["from", "to", "cc", "reply-to"]:
        expected = [box[:3] for box in want["boxes"].get(field, [])]
        # The new reader keeps the space between encoded-words of a name, against RFC 2047, 6.2.
        boxes = message[field].addresses if field in message else []
        names = [name for name, _ in email.utils.getaddresses(old.get_all(field, []))]
        names = [str(email.header.make_header(email.header.decode_header(name))) for name in names]
        if len(boxes) == 0:
            names = []
        check(want, field + " count", len(names), len(boxes))
        # The old reader takes no name before a domain literal.
        names = [name or box.display_name for name, box in zip(names, boxes)]
        got = [[name, box.username, box.domain] for name, box in zip(names, boxes)]
        for mine, theirs in zip(got, expected):
            if mine[2].startswith("[") and mine[0].replace(" ", "") == theirs[0].replace(" ", ""):
                mine[0] = theirs[0]
        check(want, field, got, expected)
    check(want, "bcc", message["bcc"], None)
    check(want, "mime-version", message["mime-version"], "1.0")
    check(want, "id", message["message-id"], want["id"])
    check(want, "date", int(message["date"].datetime.timestamp()), want["date"])
    for name, value in want["headers"]:
        check(want, name, message[name], value)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    leaves = [p for p in message.walk() if not p.is_multipart() and p.get_content_disposition()]
    files = [[p.get_filename(), (p["content-id"] or "")[1:-1], p.get_content_type(),
              base64.b64encode(p.get_payload(decode=True)).decode()] for p in leaves]
    check_parts(want, text and text.get_content(), html and html.get_content(), files)
finish(count)
