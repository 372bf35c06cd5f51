"""GMime reads what was composed: a second opinion, in C. The second argument is gmime.c, compiled."""
import base64, subprocess, sys
from cases import cases, check, check_parts, finish

wanted = list(cases())
lines = b"".join(base64.b64encode(want["raw"]) + b"\n" for want in wanted)
output = subprocess.run([sys.argv[2]], input=lines, stdout=subprocess.PIPE, check=True).stdout.decode("ascii")
records = output.split("\n.\n")[:-1]
for want, record in zip(wanted, records):
    rows = [line.split("\t") for line in record.split("\n")]

    def read(word, decoded=True):
        values = [[base64.b64decode(value) for value in row[1:]] for row in rows if row[0] == word]
        return [[value.decode("utf-8", "replace") for value in row] for row in values] if decoded else values

    # Addresses that are not ASCII travel as they are (RFC 6532), of which GMime warns.
    check(want, "warnings", [row for row in read("warning") if want["raw"].isascii()], [])
    check(want, "subject", read("subject"), [[want["subject"].strip(" \t")]])
    check(want, "id", read("id"), [[want["id"].strip("<>")]])
    check(want, "date", read("date"), [[str(want["date"])]])
    for field in ["from", "to", "cc", "bcc", "reply-to"]:
        check(want, field, read(field), [[name, address] for name, _, _, address in want["boxes"].get(field, [])])
    headers = {name.lower(): value for name, value in read("header")}
    for name, value in want["headers"]:
        check(want, name, headers.get(name.lower()), value)
    check(want, "mime-version", headers.get("mime-version"), "1.0")
    files, bodies = [], {}
    for disposition, name, cid, kind, content in read("part", decoded=False):
        kind = kind.decode()
        if disposition:
            files.append([name.decode(), cid.decode(), kind, base64.b64encode(content).decode()])
        elif kind in bodies:
            check(want, "a second part", kind, None)
        else:
            bodies[kind] = content.decode("utf-8")
    check_parts(want, bodies.get("text/plain"), bodies.get("text/html"), files)
finish(len(records))
