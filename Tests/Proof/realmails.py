#!/usr/bin/env python3
"""Gives real mails to Postfix's sendmail -t and to ours, and holds who would get them against each other.

    realmails.py DIR [--programs .build/release] [--list] [--limit N]

Every file below DIR that begins with a header is a mail: the fixtures of
parsers of mail are such files, and none is kept here. Postfix runs in an instance of its own without an entrance from
the network, and discards what it would deliver; of ours a job counts if the mail can be made of it. Prints how many mails
each delivers and whom Postfix would give one and ours would not, and exits 1 if there is a mail that only Postfix
delivers: of a field that is no list of addresses, both may read something else. Without Postfix, or without
root, which it needs, nothing is compared: exit 0 with a line that says so.
"""
import argparse
import collections
import hashlib
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import time

ORIGIN = "host.example"
LARGEST = 5 << 20

MAIN = """compatibility_level = 3.6
queue_directory = {0}/queue
data_directory = {0}/data
maillog_file = {0}/mail.log
maillog_file_prefixes = {0}
myhostname = {1}
myorigin = {1}
mydestination =
inet_interfaces = loopback-only
alias_maps =
local_recipient_maps =
local_transport = discard
relay_transport = discard
default_transport = discard
message_size_limit = 50000000
in_flow_delay = 0
"""

MASTER = """pickup unix n - n 1 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
discard unix - - n - - discard
error unix - - n - - error
retry unix - - n - - error
showq unix n - n - - showq
postlog unix-dgram n - n - 1 postlogd
"""


def mails(folder):
    """The contents of the mails below a folder by their paths, each content once."""
    seen = set()
    for directory, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(directory, name)
            if os.path.islink(path) or os.path.getsize(path) > LARGEST:
                continue
            with open(path, "rb") as file:
                content = file.read()
            # A mailbox has many.
            pieces = re.split(rb"(?<=\n\n)(?=From )", content) if content.startswith(b"From ") else [content]
            for index, piece in enumerate(pieces):
                digest = hashlib.sha256(piece).digest()
                if is_mail(piece) and digest not in seen:
                    seen.add(digest)
                    yield f"{path}#{index}" if index else path, piece


def is_mail(content):
    """Whether it begins with fields, of which one at least is of a mail."""
    head = re.split(rb"\r?\n\r?\n|\r\r", content[:65536].lstrip(b"\xef\xbb\xbf\r\n"), maxsplit=1)[0]
    lines = [line for line in re.split(rb"\r\n|\n|\r", head) if line]
    if lines and re.match(rb">?From ", lines[0]):
        lines = lines[1:]
    if not lines or not re.match(rb"[A-Za-z][A-Za-z0-9-]*[ \t]*:", lines[0]):
        return False
    return any(re.match(rb"(From|To|Subject|Date|Received|Return-Path|Message-ID)[ \t]*:", line, re.I) for line in lines)


class Postfix:
    def __init__(self, directory):
        self.configuration = os.path.join(directory, "conf")
        self.log = os.path.join(directory, "mail.log")
        for name in ["conf", "queue", "data"]:
            os.makedirs(os.path.join(directory, name))
        os.chmod(directory, 0o755)
        os.chown(os.path.join(directory, "data"), pwd.getpwnam("postfix").pw_uid, 0)
        for name, text in [("main.cf", MAIN.format(directory, ORIGIN)), ("master.cf", MASTER)]:
            with open(os.path.join(self.configuration, name), "w") as file:
                file.write(text)
        self.queue = os.path.join(directory, "queue")
        started = subprocess.run(
            ["postfix", "-c", self.configuration, "start"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if started.returncode:
            raise SystemExit(f"Postfix does not start: {started.stdout}")

    def submit(self, number, content):
        command = ["/usr/sbin/sendmail", "-C", self.configuration]
        ran = subprocess.run(
            command + ["-i", "-t", "-f", f"m{number}@sender.example"], input=content, capture_output=True)
        return ran.returncode, ran.stderr.decode("utf-8", "replace")

    def stop(self):
        subprocess.run(["postfix", "-c", self.configuration, "stop"], capture_output=True)

    def delivered(self, seconds):
        """Who got which mail, by the mail's number; after all is delivered."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            waiting = sum(
                len(names) for queue in ["maildrop", "incoming", "active"]
                for _, _, names in os.walk(os.path.join(self.queue, queue)))
            if not waiting:
                break
            time.sleep(0.2)
        time.sleep(1)
        numbers, got = {}, collections.defaultdict(set)
        with open(self.log, encoding="utf-8", errors="replace") as file:
            for line in file:
                # Some addresses have spaces or angles in them.
                sender = re.search(r"qmgr\[\d+\]: (\w+): from=<m(\d+)@sender\.example>", line)
                if sender:
                    numbers[sender[1]] = int(sender[2])
                sent = re.search(r"discard\[\d+\]: (\w+): to=<(.*?)>, (?:orig_to=<.*>, )?relay=.* status=sent", line)
                if sent and sent[1] in numbers:
                    got[numbers[sent[1]]].add(plain(sent[2]))
        return got


class Outspool:
    def __init__(self, programs, directory):
        self.program = os.path.join(os.path.abspath(programs), "outspool")
        self.sendmail = os.path.join(directory, "sendmail")
        os.symlink(self.program, self.sendmail)
        self.spool = os.path.join(directory, "spool")
        configuration = os.path.join(directory, "outspool.conf")
        with open(configuration, "w") as file:
            file.write(f"spool = {self.spool}\nhostname = {ORIGIN}\n[relay main]\nurl = smtp://127.0.0.1:9\ntls = none\n")
        os.chmod(configuration, 0o644)
        self.environment = dict(os.environ, OUTSPOOL_CONFIG=configuration, OUTSPOOL_SPOOL=self.spool)
        subprocess.run([self.program, "init", self.spool], check=True, capture_output=True)

    def submit(self, number, content):
        """The status, what was said, and who the mail can be made for."""
        new = os.path.join(self.spool, "new")
        ran = subprocess.run(
            [self.sendmail, "-i", "-t", "-f", f"m{number}@sender.example"], input=content, capture_output=True,
            env=self.environment)
        said = ran.stderr.decode("utf-8", "replace").strip()
        got = set()
        for name in os.listdir(new):
            path = os.path.join(new, name)
            with open(path, "rb") as file:
                job = json.loads(file.read().decode())
            if job["envelope"]["from"]:
                made = subprocess.run(
                    [self.program, "preview", "--job", path, "--raw"], capture_output=True, env=self.environment)
                if made.returncode == 0:
                    got |= {plain(address) for address in job["envelope"]["to"]}
                else:
                    said += made.stderr.decode("utf-8", "replace").strip()
            os.unlink(path)
        return ran.returncode, said, got


def plain(address):
    """An address in the form that both write: without needless quotation marks, the domain in lower case."""
    address = address.replace('"', "").replace("\\", "")
    local, at, domain = address.rpartition("@")
    try:
        domain = domain.encode("idna").decode()
    except UnicodeError:
        pass
    return local + at + domain.lower().rstrip(".")


def compare(programs, folder, options):
    directory = tempfile.mkdtemp(prefix="realmails.")
    # The users of Postfix's programs have to reach their files.
    os.chmod(directory, 0o755)
    postfix = None
    try:
        postfix = Postfix(os.path.join(directory, "postfix"))
        os.makedirs(os.path.join(directory, "ours"))
        ours = Outspool(programs, os.path.join(directory, "ours"))
        paths, results = [], []
        for path, content in mails(folder):
            if options.limit and len(paths) == options.limit:
                break
            postfix.submit(len(paths), content)
            results.append(ours.submit(len(paths), content))
            paths.append(os.path.relpath(path, folder))
        theirs = postfix.delivered(120)
    finally:
        if postfix:
            postfix.stop()
        shutil.rmtree(directory, ignore_errors=True)
    counts = collections.Counter()
    worse = 0
    for number, (path, (status, said, got)) in enumerate(zip(paths, results)):
        wanted = theirs.get(number, set())
        counts["Postfix delivers"] += bool(wanted)
        counts["ours delivers"] += bool(got)
        missing, more = wanted - got, got - wanted
        counts["both to the same recipients"] += bool(wanted) and wanted == got
        counts["only ours"] += bool(got) and not wanted
        if missing:
            worse += not got
            counts["only Postfix" if not got else "Postfix to more"] += 1
            print(f"{path}: status {status}; missing {sorted(missing)}; ours {sorted(got)[:5]}: {said}")
        elif more and options.list:
            print(f"{path}: only ours: {sorted(more)}")
    print(f"{len(paths)} mails; " + "; ".join(f"{name} {counts[name]}" for name in sorted(counts)))
    return worse


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--programs", default=".build/release", help="the folder of the built programs")
    parser.add_argument("--list", action="store_true", help="also what only ours delivers")
    parser.add_argument("--limit", type=int, help="no more mails than this")
    options = parser.parse_args()
    if not shutil.which("postfix") or os.getuid() != 0:
        print("skipped: Postfix is not installed, or this is not root")
        return 0
    return 1 if compare(options.programs, options.folder, options) else 0


if __name__ == "__main__":
    sys.exit(main())
