"""What an application that means harm can put into its drop box. Each attack is run as its user, is given the box, and
says what must become of each name: `dead` (a dead letter, with this in its reason), `blocked` (it waits for a template
or file that is not there), `sent`, `stays` (it cannot be moved away), `any` (but not what is not the attacker's)."""
import ctypes
import json
import os
import socket
import stat
import threading
import time
import traceback

GOOD = {"template": "hello", "params": {"name": "Mallory"}, "to": "mallory@example.com"}
SECRET = b"the secret of another user"


class Attacker:
    """Puts files into a box, as any producer does."""

    def __init__(self, box):
        self.box = box
        self.count = 0

    def put(self, name, content=None, mode=0o604, make=None):
        """Writes a file, or has `make` make something, and renames it into the box."""
        self.count += 1
        draft = os.path.join(self.box, "tmp", f"draft{os.getpid()}.{self.count}").encode()
        if make:
            make(draft)
        else:
            if not isinstance(content, bytes):
                content = json.dumps(GOOD if content is None else content).encode()
            with open(draft, "wb") as file:
                file.write(content)
            os.chmod(draft, mode)
        name = name.encode() if isinstance(name, str) else name
        os.rename(draft, os.path.join(self.box, "new").encode() + b"/" + name)


def links(box, place):
    """Symbolic links to what only the daemon may read, to nothing, to themselves; other people's files by hard link."""
    attacker = Attacker(box)
    for name, target in [
        ("passwd", "/etc/passwd"), ("status", f"{place}/spool/status.json"), ("dangling", "/nowhere"),
        ("loop", "loop"), ("up", ".."), ("private", f"{place}/daemons-own"), ("device", "/dev/zero"),
    ]:
        attacker.put("link-" + name, make=lambda draft: os.symlink(target, draft))
        yield "link-" + name, "dead", "a symbolic link"
    # Linux allows it for files that one may write, whoever owns them.
    os.link(f"{place}/others", f"{box}/new/hard-other")
    yield "hard-other", "dead", "a file with 2 links"
    attacker.put("hard-own", json.dumps(GOOD).encode())
    yield "hard-own", "sent", None
    attacker.put("twice", make=lambda draft: (open(draft, "wb").write(json.dumps(GOOD).encode()), os.chmod(draft,
        0o604),
                                              os.link(draft, draft + b".2")))
    yield "twice", "dead", "a file with 2 links"


def kinds(box, place):
    """Everything that a name can stand for and that is no file."""
    attacker = Attacker(box)
    attacker.put("fifo", make=lambda draft: os.mkfifo(draft, 0o666))
    yield "fifo", "dead", "a FIFO"
    listener = socket.socket(socket.AF_UNIX)

    def bind(draft):
        here = os.open(os.path.dirname(draft), os.O_PATH)
        listener.bind(f"/proc/self/fd/{here}/{os.path.basename(draft).decode()}")
    attacker.put("socket", make=bind)
    yield "socket", "dead", "a socket"
    attacker.put("directory", make=lambda draft: os.mkdir(draft, 0o777))
    yield "directory", "stays", None
    # The one device that every user may make: a whiteout of overlayfs.
    attacker.put("device", make=lambda draft: os.mknod(draft, 0o666 | stat.S_IFCHR, os.makedev(0, 0)))
    yield "device", "dead", "a device"
    os.mkdir(f"{box}/new/locked", 0o000)
    yield "locked", "stays", None


def sizes(box, place):
    """Files that are larger than they may be, or than the machine's memory."""
    attacker = Attacker(box)
    for exponent in [40, 43, 33]:
        def sparse(draft):
            with open(draft, "wb") as file:
                file.write(json.dumps(GOOD).encode())
                file.truncate(1 << exponent)
            os.chmod(draft, 0o604)
        attacker.put(f"sparse{exponent}", make=sparse)
        # Larger than all that a box may bring: not even a dead letter.
        yield f"sparse{exponent}", "stays", None
    attacker.put("empty", b"")
    yield "empty", "dead", "not a JSON object"
    attacker.put("nuls", b"\0" * 100_000)
    yield "nuls", "dead", "not a JSON object"
    attacker.put("padded", json.dumps(GOOD).encode() + b"\n" * 1_000_000)
    yield "padded", "sent", None


def changing(box, place):
    """Files that are written, grow, shrink and are replaced while they are read."""
    attacker = Attacker(box)
    text = json.dumps(GOOD | {"x-padding": "x" * 200_000}).encode()
    end = time.monotonic() + 2

    def rewrite(descriptor):
        while time.monotonic() < end:
            os.pwrite(descriptor, b"}" * 100, 1000)
            os.pwrite(descriptor, text, 0)

    def grow(descriptor):
        while time.monotonic() < end and os.fstat(descriptor).st_size < 64 << 20:
            os.pwrite(descriptor, text, os.fstat(descriptor).st_size)

    def shrink(descriptor):
        while time.monotonic() < end:
            os.ftruncate(descriptor, 10)
            os.pwrite(descriptor, text, 0)

    threads = []
    for word, action in [("rewritten", rewrite), ("growing", grow), ("shrinking", shrink)]:
        for index in range(3):
            def make(draft):
                descriptor = os.open(draft, os.O_RDWR | os.O_CREAT, 0o604)
                os.write(descriptor, text)
                thread = threading.Thread(target=action, args=(descriptor,))
                thread.start()
                threads.append(thread)
            attacker.put(f"{word}{index}", make=make)
            yield f"{word}{index}", "any", None
    number = 0
    while time.monotonic() < end:
        # The same name, again and again another file, or none.
        number += 1
        attacker.put("replaced", GOOD | {"x-number": number})
        if number % 3 == 0:
            try:
                os.rename(f"{box}/new/replaced", f"{box}/tmp/away")
            except OSError:
                pass  # The daemon was first.
    yield "replaced", "any", None
    for thread in threads:
        thread.join()


def names(box, place):
    """Names that are no ids: for a terminal, a shell, a log and a file system."""
    attacker = Attacker(box)
    for name in [
        b"a b", b"-rf", b"a\nb", b"\x1b[2J", b"\xff\xfe", b"Zo\xc3\xab", b"\xe2\x80\xae", b"\r", b"\x7f", b"$(id)",
        b"`id`",
        b"a'b", b'"', b"*", b"%s%n", b"a\\b", b"n" * 255, b"\x01" * 255, b"\xc3" * 255, b"_x", b"@x", b"+x", b"=x",
        b"n" * 201, b"m" * 198,
    ]:
        attacker.put(name)
        yield name, "dead", "over 200 bytes" if name == b"m" * 198 else "the name is not a job id"
    # Hidden names are nobody's jobs, and stay.
    for name in [b".hidden", b"...", b".\n"]:
        attacker.put(name)
        yield name, "stays", None
    attacker.put("n" * 195)
    yield "n" * 195, "sent", None


def modes(box, place):
    """Bits that could make more of a file than a job."""
    attacker = Attacker(box)
    for mode in [0o4755, 0o6777, 0o2604, 0o1604, 0o666, 0o7777]:
        attacker.put(f"mode{mode:o}", mode=mode)
        yield f"mode{mode:o}", "sent", None
    for mode in [0o000, 0o600, 0o640]:
        attacker.put(f"mode{mode:o}", mode=mode)
        yield f"mode{mode:o}", "dead", "cannot be opened"


def texts(box, place):
    """JSON that readers disagree on, or choke on."""
    attacker = Attacker(box)
    head = json.dumps(GOOD).encode()[:-1]
    for name, content, reason in [
        ("deep", head + b',"metadata":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}", "nested"),
        ("deep-array", b"[" * 1_000_000, "nested"),
        ("deep-open", head + b',"x-a":' + b'[{"a":' * 500_000, "nested"),
        ("duplicate", head + b',"to":"other@example.com"}', "duplicate"),
        ("duplicate-escaped", head + b',"\\u0074o":"other@example.com"}', "duplicate"),
        ("duplicate-inner", head + b',"metadata":{"a":1,"a":2}}', "duplicate"),
        ("utf8", head + b',"x-a":"\xff"}', "UTF-8"), ("overlong", head + b',"x-a":"\xc0\xaf"}', "UTF-8"),
        ("surrogate-bytes", head + b',"x-a":"\xed\xa0\x80"}', "UTF-8"),
        ("surrogate", head + b',"x-a":"\\ud800"}', "surrogate"), ("surrogate-low", head + b',"x-a":"\\udc00x"}',
        "surrogate"),
        ("surrogate-pair", head + b',"x-a":"\\ud800\\ud800"}', "surrogate"),
        ("bom", b"\xef\xbb\xbf" + head + b"}", "not a JSON object"), ("nul", head + b',"x-a":"\0"}',
        "not a JSON object"),
        ("nan", head + b',"x-a":NaN}', "not a JSON object"), ("hex", head + b',"x-a":0x10}', "not a JSON object"),
        ("comma", head + b",}", "not a JSON object"), ("array", b"[" + head + b"}]", "not an object"),
        ("string", b'"' + b"x" * 100 + b'"', "not an object"), ("unknown", head + b',"colour":1}', "unknown field"),
        # A history that it never had, and a second job.
        ("history", head + b'}\n{"event":"sent","to":"mallory@example.com","attempt":1}\n', "text behind the job object"),
        ("twice", head + b"}" + head + b"}", "text behind the job object"),
        ("control", head + b',"x-a":"\n"}', "not a JSON object"), ("single", head.replace(b'"', b"'") + b"}",
        "not a JSON object"),
    ]:
        attacker.put("text-" + name, content)
        yield "text-" + name, "dead", reason
    for name, content in [
        ("exponent", head + b',"x-a":1e999999999}'), ("digits", head + b',"x-a":' + b"9" * 1_000_000 + b"}"),
        ("wide", head + b',"metadata":{' + b",".join(b'"k%d":1' % index for index in range(200_000)) + b"}}"),
        ("array-wide", head + b',"x-a":[' + b",".join([b"1"] * 500_000) + b"]}"),
        ("string-long", head + b',"x-a":"' + b"\\u00e9" * 1_000_000 + b'"}'),
    ]:
        attacker.put("text-" + name, content)
        yield "text-" + name, "sent", None
    attacker.put("text-headers",
        head + b',"headers":{' + b",".join(b'"X-%d":"v"' % index for index in range(20_000)) + b"}}")
    yield "text-headers", "any", None
    # The most that fits into a job, in the smallest pieces that there are.
    attacker.put("text-nodes", head + b',"x-a":[' + b",".join([b"[]"] * 10_000_000) + b"]}")
    yield "text-nodes", "dead", "more than 1000000 values"


def templates(box, place):
    """Templates that are no templates, and files that are not for it."""
    attacker = Attacker(box)
    for index, name in enumerate([
        "..", ".", "../hello", "hello/../hello", "hello/", "/etc/passwd", f"{place}/templates/hello", "_layouts",
        "_partials", "",
        ".hidden", "hello\0", "hello\n", "Hello", "hello/text.mustache", "%2e%2e", "~", "-h", "hello ", "\u202ehello",
        "x" * 5000,
    ]):
        attacker.put(f"template{index}", GOOD | {"template": name})
        yield f"template{index}", "unsent", None
    for index, name in enumerate([
        "../daemons-own", f"{place}/daemons-own", "link", "directory", "fifo", "", ".", "..", "./ok.txt",
        "sub/../ok.txt", "ok.txt\0",
        ".hidden", "nowhere", "x" * 5000, "ok.txt/", "//ok.txt",
    ]):
        attacker.put(f"file{index}", GOOD | {"attachments": [{"file": name}]})
        yield f"file{index}", "unsent", None
    attacker.put("file-ok", GOOD | {"attachments": [{"file": "ok.txt"}]})
    yield "file-ok", "sent", None
    for index, locale in enumerate(["../../daemons-own", "de/../..", "..", "\0", "x" * 10_000, "de_AT.UTF-8", "-"]):
        attacker.put(f"locale{index}", GOOD | {"locale": locale})
        yield f"locale{index}", "any", None


def ids(box, place):
    """Other applications' ids: `order-1` is the other box's, and `taken` is in new/."""
    attacker = Attacker(box)
    for name in ["order-1", "order-1@other", "taken", "order-1@shop", "status.json", "pause", "main"]:
        attacker.put(name)
        yield name, "sent", None


def fill(box, limit):
    """All that could take up room in the spool, several times what the box may: jobs that die at once, that are sent,
    that wait for a template, that are none; and what has no contents."""
    attacker = Attacker(box)
    head = json.dumps(GOOD).encode()[:-1]
    size = limit // 4
    for index in range(12):
        padding = b"y" * (size + index * 1000)
        attacker.put(f"fill-dead{index}", head + b',"nope":"' + padding + b'"}')
        attacker.put(f"fill-sent{index}", head + b',"x-a":"' + padding + b'"}')
        attacker.put(f"fill-blocked{index}", json.dumps(GOOD | {"template": f"none{index}"}).encode()[:-1]
            + b',"x-a":"' + padding + b'"}')
        attacker.put(f"fill-late{index}", head + b',"sendAt":"2126-01-01T00:00:00Z","x-a":"' + padding + b'"}')
        attacker.put(f"fill-torn{index}", head + b',"x-a":"' + padding)
        attacker.put(f"fill-name {index}", head + b',"x-a":"' + padding + b'"}')
        attacker.put(f"fill-closed{index}", padding, mode=0o600)
        attacker.put(f"fill-fifo{index}", make=lambda draft: os.mkfifo(draft, 0o666))
    return 12 * 8


ATTACKS = {attack.__name__: attack for attack in [links, kinds, sizes, changing, names, modes, texts, templates, ids]}


def become(user):
    """Gives up everything that another user has not got."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    os.umask(0)
    # Nothing of root's is left in the process.
    ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS


def as_user(user, action):
    """Runs `action` in a child that is `user`; returns what it returned, by way of JSON."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            become(user)
            result = json.dumps(action())
            with os.fdopen(writing, "w") as pipe:
                pipe.write(result)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    if status != 0:
        raise OSError(f"the attacker ended with {status}")
    return json.loads(text)
