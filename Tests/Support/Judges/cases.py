"""What a message was made of, and how it is told that something else was read.

Each line of the file of cases is an object: `raw` (base64) and what is expected of it.
"""
import base64, json, re, sys

faults = 0


def cases():
    with open(sys.argv[1], encoding="utf-8") as file:
        for line in file:
            want = json.loads(line)
            want["raw"] = base64.b64decode(want["raw"])
            yield want


def check(want, what, got, expected):
    global faults
    if got != expected:
        faults += 1
        print(want["name"], what, ascii(got)[:600], "instead of", ascii(expected)[:600])


def as_text(text):
    """Line ends are the parser's business; a text has one at its end."""
    text = re.sub("\r\n|\r|\n", "\n", text)
    return text if text.endswith("\n") or not text else text + "\n"


seen_ids = set()


def check_parts(want, text, html, files):
    """`text` and `html` as they were read, None for a part that is not there; `files` are lists of
    name, Content-ID, type and content."""
    if want["text"] is not None:
        check(want, "text", as_text(text or ""), as_text(want["text"]))
    elif not text and want["html"].strip() and not want.get("mayBeSilent"):
        check(want, "text of the html", text, "something")
    # An id without an @ that the HTML refers to is made unique, in both places.
    got = []
    for file in files:
        unique = re.fullmatch(r"([\w.-]+)\.[0-9a-f]{16}@[\w.-]+", file[1] or "", re.ASCII)
        if unique and html is not None and "cid:" + file[1] in html:
            check(want, "an id that is taken", file[1] in seen_ids, False)
            seen_ids.add(file[1])
            html = html.replace("cid:" + file[1], "cid:" + unique[1])
            file = [file[0], unique[1], *file[2:]]
        got.append([field or "" for field in file])
    expected = [[file["name"] or "", file["cid"] or "", file["type"], file["content"]] for file in want["files"]]
    check(want, "files", sorted(got), sorted(expected))
    check(want, "html", html and as_text(html), want["html"] and as_text(want["html"]))


def finish(count):
    print(count, "read", faults, "faults")
    sys.exit(1 if faults else 0)
