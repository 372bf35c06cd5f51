#!/usr/bin/env python3
"""Has another user attack the daemon through a drop box, while good jobs come by two other ways and must pass.

    hostile.py PROGRAMS [--files N] [--injections N --seed N] [--only ATTACK,...]

Needs root, to be three users: the daemon's, another application's, the attacker's. Checked are what becomes of every
file, that nothing of another user is read, changed or sent, that every mail has the header fields and the recipients
that its job asked for and no others, how long a good job takes meanwhile, and the daemon's memory and descriptors.
PROOF_FILES=N is the number of files of the flood, 100000 without it. Prints what it did and exits with 1 if anything
was not as it should be.
"""
import argparse
import contextlib
import email.parser
import glob
import json
import os
import random
import re
import shutil
import stat
import sys
import time

import attacks
import injections
from cases import parse
from place import JobFile, Loss, copied, wait_until
from scenarios import bounce
from target import ATTACKER, DAEMON, OTHER, Target, Traffic

# Of the daemon: what one job of 32 MiB may cost, and what a flood may.
MEMORY_LIMIT = 1 << 30
FLOOD_MEMORY = 64 << 20


def printable(name):
    """As the daemon's log has a name."""
    return "".join(chr(byte) if 0x20 <= byte < 0x7F and byte != 0x5C else f"\\x{byte:02X}" for byte in name)


class AttackRun:
    """One attack, and what became of each of its files."""

    def __init__(self, place, attack):
        self.place, self.attack = place, attack

    def run(self):
        place = self.place
        found = attacks.as_user(
            ATTACKER,
            lambda: [
                ((name if isinstance(name, bytes) else name.encode()).hex(), kind, reason)
                for name, kind, reason in self.attack(place.shop, place.root)])
        for name, kind, reason in found:
            self.check(bytes.fromhex(name), kind, reason)
        return len(found)

    def check(self, name, kind, reason):
        place = self.place
        box = os.path.join(place.shop, "new").encode()
        if kind == "stays":
            if not os.path.lexists(box + b"/" + name):
                raise Loss(f"{name} does not stay")
            if not name.startswith(b"."):
                wait_until(
                    f"a word about {name}", lambda: f"{printable(name)}: " in place.log)
            return
        # What is not complete has ten seconds.
        wait_until(f"{name} to leave the box", lambda: place.alive() and not os.path.lexists(box + b"/" + name), 60)
        if kind == "any":
            return
        found = wait_until(lambda: f"an end of {name}: {place.log[-500:]}", lambda: self.end_of(name), 60)
        if kind == "unsent":
            if found[0] not in ("dead", "blocked"):
                raise Loss(f"{name} is {found}")
        elif found[0] != kind:
            raise Loss(f"{name} is {found}, not {kind}")
        elif reason and reason not in found[1]:
            raise Loss(f"{name} is {kind} because {found[1]}, not {reason}")

    def end_of(self, name):
        """Where the file has come to rest, and why."""
        place = self.place
        # The log cuts what is very long.
        shown = printable(name)
        end = r"\)$" if len(shown) <= 300 else ""
        line = re.search(
            r"\((.*); it was drop/shop/new/" + re.escape(shown[:300]) + end, place.log, re.MULTILINE)
        if line:
            return "dead", line[1]
        try:
            name = f"{name.decode()}@shop"
        except UnicodeDecodeError:
            return None
        if place.done(name):
            return "sent", ""
        for state in ["dead", "retry/01-30s"]:
            path = os.path.join(place.spool, state, name)
            if os.path.exists(path):
                job = JobFile(state, path)
                if job.events:
                    return ("dead" if state == "dead" else job.words[-1]), job.events[-1].get("reason", "")
        return None


def nothing_leaked(place):
    """What is another's is as it was, and in no mail."""
    for name, owner, mode in [("daemons-own", DAEMON, 0o600), ("others", OTHER, 0o606)]:
        path = os.path.join(place.root, name)
        status = os.stat(path)
        with open(path, "rb") as file:
            if file.read() != attacks.SECRET or status.st_uid != owner or stat.S_IMODE(status.st_mode) != mode:
                raise Loss(f"{name} has changed")
    for raw in mails(place):
        if attacks.SECRET in raw or b"root:x:0" in raw:
            raise Loss(f"a mail has what is another's: {raw[:2000]}")


def mails(place):
    directory = os.path.join(place.maildir, "new")
    for name in os.listdir(directory):
        with open(os.path.join(directory, name), "rb") as file:
            yield file.read()


def inject(place, todo):
    """Submits the jobs as the attacker, waits for all of them, and looks at every mail. Returns how many were sent."""
    def put():
        attacker = attacks.Attacker(place.shop)
        for index, (_, job) in enumerate(todo):
            attacker.put(f"inj{index}", injections.encoded(job))
        return len(todo)

    attacks.as_user(ATTACKER, put)
    box = os.path.join(place.shop, "new")
    wait_until("the injections to be picked up", lambda: place.alive() and not any(
        name.startswith("inj") for name in os.listdir(box)), 300, 0.1)
    wait_until("the injections to be judged", lambda: place.alive() and not any(
        name.startswith("inj") for state in ["new", *place.claimed] for name in place.names(state)), 300, 0.1)
    sent = set()
    for raw in mails(place):
        index = re.search(rb"^Message-ID: *<inj(\d+)%40", raw, re.MULTILINE | re.IGNORECASE)
        if index:
            index = int(index[1])
            if index in sent:
                raise Loss(f"{todo[index][0]} was sent twice")
            sent.add(index)
            judge(*todo[index], raw)
    ends = {"done": 0, "dead": 0, "retry/01-30s": 0}
    for state, name in place.files():
        if name.startswith("inj"):
            ends["done" if state.startswith("done/") else state] += 1
    if ends["done"] != len(sent) or sum(ends.values()) != len(todo):
        raise Loss(f"{len(todo)} injections, {ends}, and {len(sent)} mails")
    return len(sent), ends["dead"] + ends["retry/01-30s"]


ADDRESS = re.compile(r"[^\s<>(),;:\"\\\x00-\x1f\x7f]+@[^\s<>(),;:@\"\\\x00-\x1f\x7f]+|\"[^\r\n\0]*\"@[^\s<>(),;:@\"]+")
OWN_ADDRESSES = {"to", "cc", "bcc"}


def judge(name, job, raw):
    """Whether the mail has what its job may ask for, and nothing else."""
    base, field = name.split(".")[:2]
    head, _, _ = raw.partition(b"\r\n\r\n")
    fields = re.findall(rb"^([^ \t\r\n:][^:\r\n]*):", head, re.MULTILINE)
    if len(fields) != sum(1 for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))):
        raise Loss(f"{name}: a line of the header that is no field: {head!r}")
    if re.search(rb"[\r\n\0]", re.sub(rb"\r\n", b"", head)):
        raise Loss(f"{name}: a control character in the header: {head!r}")
    names = [field.decode("latin-1").lower() for field in fields]
    # A name that the job itself gives to a field is its own, as long as it is one name.
    given = {word.lower() for word in job.get("headers", {})}
    strange = [word for word in names if word not in injections.FIELDS and word not in given]
    if strange:
        raise Loss(f"{name}: fields {strange}: {head!r}")
    own = [word for word in names if word not in ("received", "delivered-to", "x-original-to")]
    if len(own) != len(set(own)):
        raise Loss(f"{name}: a field twice: {head!r}")
    recipients = re.findall(rb"^X-Original-To: (.*)\r$", head, re.MULTILINE)
    recipients = [address.decode("utf-8", "replace") for address in recipients]
    expected = {"template": 1, "own": 3, "envelope": 1}[base]
    is_own = field in OWN_ADDRESSES or name.startswith("envelope.envelope.to")
    if len(recipients) > expected or not recipients:
        raise Loss(f"{name}: recipients {recipients}")
    for address in recipients:
        if address != injections.VICTIM and not (is_own and ADDRESS.fullmatch(address)):
            raise Loss(f"{name}: recipients {recipients}")
    parts = [part for part in email.parser.BytesParser().parsebytes(raw).walk() if not part.is_multipart()]
    if len(parts) > 3:
        raise Loss(f"{name}: {len(parts)} parts: {raw!r}")
    for part in parts[1:]:
        for word in part.keys():
            if not word.lower().startswith("content-"):
                raise Loss(f"{name}: a part has {word}: {raw!r}")
    # All of the text, and not only what comes before a line with a dot.
    if base == "own" and lines(parts[0].get_payload(decode=True).decode()) != lines(job["text"]):
        raise Loss(f"{name}: the text is {parts[0].get_payload(decode=True)!r}, not {job['text']!r}")


def lines(text):
    """The text, whatever ends its lines."""
    return re.sub(r"\r\n?", "\n", text).rstrip("\n")


def flood(place, number):
    """Very many files that are no jobs, and as many that are, before the daemon could look at one of them."""
    def put():
        drafts = os.path.join(place.shop, "tmp")
        new = os.path.join(place.shop, "new")
        good = json.dumps(attacks.GOOD).encode()
        for index in range(number):
            # Most are empty, and have ten seconds each: the worst to remember.
            descriptor = os.open(f"{drafts}/f", os.O_WRONLY | os.O_CREAT, 0o604)
            if index % 10 == 0:
                os.write(descriptor, good)
            os.close(descriptor)
            os.rename(f"{drafts}/f", f"{new}/flood{index}")
        return number

    place.forget_peak()
    before = place.resident()
    attacks.as_user(ATTACKER, put)
    # Half a minute of it: the files' ten seconds pass, the box is read again, jobs of it are sent.
    end = time.monotonic() + 30
    while time.monotonic() < end:
        place.alive()
        time.sleep(0.1)
    growth = place.resident("VmHWM") - before
    left = len(os.listdir(os.path.join(place.shop, "new")))
    if growth > FLOOD_MEMORY:
        raise Loss(f"a flood of {number} files cost {growth >> 20} MiB")
    return growth, number - left


def reports(place, number):
    """Things that are no reports, and forged bounces of a job that was sent: nobody is suppressed by them, the job's file
    stays small, and nothing but the attacker's own is read."""
    new, job = os.path.join(place.spool, "feedback/new"), "taken"
    before = place.names("suppressed")

    def put():
        drafts = os.path.join(place.spool, "feedback/tmp")

        def bring(name, text, mode=0o604):
            with open(f"{drafts}/{name}", "w") as file:
                file.write(text)
            os.chmod(f"{drafts}/{name}", mode)
            os.rename(f"{drafts}/{name}", f"{new}/{name}")

        os.symlink("/etc/passwd", f"{new}/link")
        os.mkfifo(f"{new}/fifo")
        bring("closed", bounce(job, "closed@example.com"), 0o000)
        bring("empty", "")
        bring("name\n\x1b[2J", bounce(job, "name@example.com"))
        with open(f"{drafts}/huge", "w") as file:
            os.truncate(file.fileno(), 1 << 40)
        os.chmod(f"{drafts}/huge", 0o604)
        os.rename(f"{drafts}/huge", f"{new}/huge")
        for index in range(number):
            # Of its own recipient, of strangers, with a token that is made up, with the id of no job.
            recipient = f"{job}@example.com" if index % 2 else f"victim{index}@example.org"
            text = bounce(job if index % 3 else f"nothing{index}", recipient)
            if index % 5 == 0:
                text = text.replace("To: shop@", f"To: bounces+{index:020d}@", 1)
            bring(f"forged{index}", text)
        return number

    attacks.as_user(ATTACKER, put)
    wait_until("the forged reports to be read", lambda: not os.listdir(new), 300)
    place.alive()
    if place.names("suppressed") != before:
        raise Loss(f"suppressed: {place.names('suppressed')}")
    # Not all jobs are read: some are attacks on a reader of JSON.
    path = glob.glob(os.path.join(place.spool, "done", "*", job))[0]
    with open(path, encoding="utf-8") as file:
        told = file.read().count('"event":"bounced"')
    kept = sum(len(place.names("feedback/unmatched/" + day)) for day in place.names("feedback/unmatched"))
    if told > 28 or kept > 10000:
        raise Loss(f"the job was told {told} times, {kept} reports are kept")
    return told, kept


def quota(place, limit=10 << 20, seconds=25):
    """A box that may bring 10 MiB is given more than ten times that; it never has more in the spool."""
    def size():
        total = 0
        for state, name in place.files():
            if name.endswith("@shop"):
                with contextlib.suppress(FileNotFoundError):
                    total += os.lstat(os.path.join(place.spool, state, name)).st_size
        return total

    for name in os.listdir(os.path.join(place.shop, "new")):
        with contextlib.suppress(IsADirectoryError, FileNotFoundError):
            os.unlink(os.path.join(place.shop, "new", name))
    for state, name in place.files():
        if name.endswith("@shop"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(place.spool, state, name))
    place.reload(f"dropbox_max_bytes = {limit}")
    files = attacks.as_user(ATTACKER, lambda: attacks.fill(place.shop, limit))
    end, most = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        place.alive()
        most = max(most, size())
        if most > limit:
            raise Loss(f"the box has {most} bytes in the spool")
        time.sleep(0.05)
    left = sum(1 for name in os.listdir(os.path.join(place.shop, "new")) if name.startswith("fill"))
    if most < limit // 2 or not left:
        raise Loss(f"{files} files, {left} left, and only {most} bytes: no attack")
    wait_until("a word about the box", lambda: "drop/shop: its jobs and dead letters" in place.log, 70)
    place.reload()
    return most


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("programs")
    parser.add_argument("--files", type=int, default=int(os.environ.get("PROOF_FILES", "100000")))
    parser.add_argument("--injections", type=int, help="only a random sample of so many")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="attacks, with commas between them; also injections, flood, reports, quota")
    parser.add_argument("--slowest", type=float, default=5.0, help="how long a good job may take, in s")
    parser.add_argument("--can", action="store_true", help="only say whether this machine can do it")
    options = parse(parser)
    if os.geteuid() != 0:
        sys.exit("hostile: needs root, to be three users")
    if not shutil.which("setpriv"):
        sys.exit("hostile: setpriv(1) is not installed")
    if options.can:
        return
    only = set(filter(None, options.only.split(",")))
    started = time.monotonic()
    with copied(options.programs) as programs:
        sys.exit(1 if run(programs, options, only, started) else 0)


def run(programs, options, only, started):
    losses = []
    cases, sent, refused, growth, peak, taken = 0, 0, 0, 0, 0, 0
    with Target(programs) as place:
        place.submit("taken")
        wait_until("a first job", lambda: place.done("taken"))
        traffic = Traffic(place)

        def attempt(name, action, is_queue=False):
            if only and name not in only:
                return None
            traffic.slowest = 0.0
            begun = time.monotonic()
            try:
                result = action()
                nothing_leaked(place)
                # Behind thousands of jobs that are as good as itself it may wait for its turn.
                if traffic.error or traffic.slowest > options.slowest and not is_queue:
                    raise Loss(traffic.error or f"a good job took {traffic.slowest:.1f} s")
                return result
            except (Loss, OSError) as error:
                losses.append(name)
                print(f"LOSS {name}: {error}", flush=True)
            finally:
                print(f"  {name}: {time.monotonic() - begun:.1f} s, the slowest good job {traffic.slowest:.2f} s, "
                      f"{place.resident('VmHWM') >> 20} MiB", flush=True)
            return None

        for name, attack in attacks.ATTACKS.items():
            cases += attempt(name, AttackRun(place, attack).run) or 0
            peak = max(peak, place.resident("VmHWM"))
        if peak > MEMORY_LIMIT:
            losses.append("memory")
            print(f"LOSS memory: {peak >> 20} MiB")
        todo = list(injections.injections())
        if options.injections:
            todo = random.Random(options.seed).sample(todo, options.injections)
        sent, refused = attempt("injections", lambda: inject(place, todo), is_queue=True) or (0, 0)
        if options.files:
            growth, taken = attempt("flood", lambda: flood(place, options.files)) or (0, 0)
        told, kept = attempt("reports", lambda: reports(place, 10000), is_queue=True) or (0, 0)
        most = attempt("quota", lambda: quota(place)) or 0
        traffic.stop()
        # What is left of the flood is the operator's to remove.
        for name in os.listdir(os.path.join(place.shop, "new")):
            if name.startswith(("flood", "fill")):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(os.path.join(place.shop, "new", name))
        try:
            # One more is the day's directory in done/; the connections to the relay end when they are idle.
            wait_until(
                lambda: f"{place.descriptor_count()} descriptors to be {place.descriptors} again",
                lambda: place.descriptor_count() <= place.descriptors + len(place.daemon_pids()), 40)
        except Loss as error:
            losses.append("descriptors")
            print(f"LOSS descriptors: {error}")
        good = traffic.count
    print(
        f"hostile: {cases} hostile files, {sent + refused} injections ({sent} sent and clean, {refused} refused), "
        f"a flood of {options.files} files ({taken} taken, {growth >> 20} MiB), {good} good jobs passed, "
        f"10,000 forged reports told a job {told} times and suppressed nobody, {kept} are kept, "
        f"{peak >> 20} MiB at most, a box of 10 MiB brought {most / (1 << 20):.1f}, "
        f"{time.monotonic() - started:.0f} s: {len(losses)} losses")
    return losses


if __name__ == "__main__":
    main()
