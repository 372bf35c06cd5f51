#!/usr/bin/env python3
"""The pages' server among those who mean it harm.

    Tests/Proof/web.py DIRECTORY-OF-THE-PROGRAMS [--requests 10000] [--connections 10000] [--jobs 1000000] [--only NAME,...]

    start    from `outspool dev` to the first mail in a page's list: below 3 s
    random   made-up requests without --actions: the spool stays as it was, to the nanosecond
    slow     connections that send a byte now and then, and bodies of 1 GB: memory is bounded, the daemon's mails are as
             quick as before, and afterwards pages are served
    many     a million jobs: the first page of each list below 200 ms and 32 MB

Prints a line for each, and exits with 1 if one does not hold.
"""
import argparse
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

os.environ["OUTSPOOL_AS_ROOT"] = "yes"
REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
failed = []


def expect(holds, text):
    print(("ok    " if holds else "FAIL  ") + text, flush=True)
    if not holds:
        failed.append(text)


def memory(pid, field="VmHWM"):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith(field))


class Web:
    """outspool-web on a spool."""

    def __init__(self, programs, spool, *options):
        self.process = subprocess.Popen(
            [os.path.join(programs, "outspool-web"), "web", "--spool", spool, "--listen", "127.0.0.1:0", *options],
            stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("listening on "):
            raise SystemExit("outspool-web does not start")
        self.address = line.split()[-1]
        self.port = int(self.address.split(":")[-1])

    @property
    def pid(self):
        return self.process.pid

    def get(self, path):
        start = time.monotonic()
        with urllib.request.urlopen(self.address + path, timeout=60) as answer:
            body = answer.read()
        return body, time.monotonic() - start

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)


def init(programs, root):
    spool = os.path.join(root, "spool")
    subprocess.run([os.path.join(programs, "outspool"), "init", spool], check=True, stdout=subprocess.DEVNULL)
    return spool


def begin_dev(programs, root):
    words = [os.path.join(programs, "outspool"), "dev", os.path.join(REPOSITORY, "etc/templates"), "--port", "0"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": root})
    said = {}
    for line in process.stdout:
        word, _, rest = line.strip().partition(" ")
        said[word] = rest.strip()
        if word == "Ctrl-C":
            break
    return process, said


def prove_start(programs, _):
    times = []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as root:
            start = time.monotonic()
            process, said = begin_dev(programs, root)
            subprocess.run(["/bin/sh", "-c", f"{said['submit']}; exec '{programs}/outspool' submit hello --to a@example.com -p name=A"],
                           check=True, stdout=subprocess.DEVNULL)
            address = said["pages"].rstrip("/")
            urllib.request.urlopen(address + "/api/messages?to=a@example.com&wait=30", timeout=60).read()
            page = urllib.request.urlopen(address + "/mail", timeout=60).read()
            times.append(time.monotonic() - start)
            if b"a@example.com" not in page:
                times[-1] = 99
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)
            left = [name for name in os.listdir(root) if name.startswith("outspool-dev")]
            expect(not left, "the end leaves nothing behind")
    expect(min(times) < 3, f"the first mail is seen after {min(times):.2f} s")


def snapshot(spool):
    found = []
    for folder, folders, files in os.walk(spool):
        for name in folders + files:
            path = os.path.join(folder, name)
            facts = os.lstat(path)
            found.append((path, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_mode))
    return sorted(found)


WORDS = ["queue", "jobs", "dead", "mail", "templates", "hello", "api", "messages", "status", "delete", "count", "change",
         "pause", "resume", "send", "html", "raw", "part", "0", "style.css", "..", "%2e%2e", "%00", "<script>", "job-1", "é"]
FIELDS = ["verb", "id", "state", "template", "to", "error", "all", "word", "after", "q", "from", "wait", "limit", "live", "p.x"]
VALUES = ["rm", "retry", "hold", "release", "dead", "new", "retry/01-30s", "all", "yes", "job-1", "--all", "-", "*", "../..",
          "%3Cscript%3E", "%FF", "1", "99999999999999999999", "new:0", "dead:-1", ""]


def random_request(dice):
    path = "/" + "/".join(dice.choice(WORDS) for _ in range(dice.randrange(5)))
    form = "&".join(f"{dice.choice(FIELDS)}={dice.choice(VALUES)}" for _ in range(dice.randrange(6)))
    method = dice.choice(["GET", "GET", "GET", "POST", "POST", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "X"])
    if method != "POST" and form:
        path += "?" + form
    lines = [f"{method} {path} HTTP/1.{dice.choice('011111')}"]
    if dice.random() < 0.95:
        lines.append("Host: " + dice.choice(["localhost", "localhost", "127.0.0.1:1", "localhost:9", "evil.example", ""]))
    if dice.random() < 0.2:
        lines.append("Origin: " + dice.choice(["null", "http://localhost", "http://evil.example", ""]))
    if dice.random() < 0.2:
        lines.append("Sec-Fetch-Site: " + dice.choice(["same-origin", "cross-site", "none", "?"]))
    body = b""
    if method == "POST":
        body = form.encode()
        lines.append("Content-Type: application/x-www-form-urlencoded")
    lines.append(f"Content-Length: {len(body)}")
    text = "\r\n".join(lines).encode("utf-8", "replace") + b"\r\n\r\n" + body
    if dice.random() < 0.02:
        # What nobody means to send; the server may wait for more of it.
        place = dice.randrange(len(text))
        text = text[:place] + dice.randbytes(dice.randrange(1, 9)) + text[place:]
    return text


def prove_random(programs, arguments):
    with tempfile.TemporaryDirectory() as root:
        spool = init(programs, root)
        for state in ["new", "dead", "hold", "retry/01-30s"]:
            for number in range(20):
                with open(f"{spool}/{state}/job-{number}{state[0]}", "w") as file:
                    file.write('{"template":"hello","to":"a@example.com","params":{"name":"x"}}\n')
        maildir = os.path.join(root, "mail")
        for name in ["", "tmp", "new", "cur"]:
            os.makedirs(os.path.join(maildir, name), exist_ok=True)
        with open(os.path.join(maildir, "new/1.1_1.host"), "w") as file:
            file.write("Subject: x\r\n\r\nx\r\n")
        web = Web(programs, spool, "--maildir", maildir, "--config", os.path.join(REPOSITORY, "etc/outspool.conf"))
        before = snapshot(spool), snapshot(maildir)
        dice = random.Random(23)
        answered = 0
        for _ in range(arguments.requests):
            with socket.create_connection(("127.0.0.1", web.port), timeout=30) as client:
                client.settimeout(0.5)
                client.sendall(random_request(dice))
                answer = b""
                try:
                    while b"\r\n\r\n" not in answer and (chunk := client.recv(65536)):
                        answer += chunk
                except OSError:
                    pass
                answered += answer.startswith(b"HTTP/1.")
        expect(web.process.poll() is None, f"{arguments.requests} random requests, {answered} answers, and it still runs")
        expect((snapshot(spool), snapshot(maildir)) == before, "not a file, time or mode has changed")
        expect(memory(web.pid) < 64, f"memory at most {memory(web.pid):.0f} MB")
        expect(web.end() == 0, "it ends as it should")


def latencies(programs, said, count):
    """Seconds from a submission to the mail's capture, the median."""
    times = []
    for number in range(count):
        start = time.monotonic()
        words = f"{said['submit']}; exec '{programs}/outspool' submit hello --to l{number}@example.com -p name=A"
        ran = subprocess.run(["/bin/sh", "-c", words], check=True, capture_output=True, text=True)
        job = ran.stdout.strip()
        spool = said["submit"].split("OUTSPOOL_SPOOL=")[1].split()[0].strip("'\"")
        while not any(os.path.exists(f"{spool}/done/{day}/{job}") for day in os.listdir(f"{spool}/done")):
            if time.monotonic() - start > 30:
                break
            time.sleep(0.002)
        times.append(time.monotonic() - start)
    return sorted(times)[len(times) // 2]


def prove_slow(programs, arguments):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(arguments.connections, hard - 200)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted + 200), hard))
    with tempfile.TemporaryDirectory() as root:
        process, said = begin_dev(programs, root)
        pid = process.pid
        port = int(said["pages"].rstrip("/").split(":")[-1])
        quiet = latencies(programs, said, 20)
        clients = []
        stop = threading.Event()

        def drip():
            while not stop.is_set():
                for client in clients[:]:
                    try:
                        client.send(b"X")
                    except OSError:
                        pass
                stop.wait(0.5)

        for _ in range(wanted):
            client = socket.socket()
            client.settimeout(0)
            client.connect_ex(("127.0.0.1", port))
            clients.append(client)
        for client in clients:
            try:
                client.send(b"GET /mail HTTP/1.1\r\nHost: localhost\r\nX-")
            except OSError:
                pass
        thread = threading.Thread(target=drip)
        thread.start()
        busy = latencies(programs, said, 20)
        expect(memory(pid) < 96, f"{len(clients)} connections that send a byte now and then: {memory(pid):.0f} MB")
        expect(busy < quiet * 5 + 0.1, f"a mail takes {busy * 1000:.0f} ms, and {quiet * 1000:.0f} ms without them")
        stop.set()
        thread.join()
        for client in clients:
            client.close()
        clients.clear()
        before = memory(pid)
        sent = 0
        for chunked in [True, False, False]:
            with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
                head = "POST /mail/delete HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                head += "Transfer-Encoding: chunked\r\n\r\n" if chunked else f"Content-Length: {1 << 30}\r\n\r\n"
                block = b"a" * 65536
                try:
                    client.sendall(head.encode())
                    for _ in range((1 << 30) // len(block)):
                        client.sendall(b"10000\r\n" + block + b"\r\n" if chunked else block)
                        sent += len(block)
                except OSError:
                    pass
        expect(memory(pid) < max(before + 16, 96), f"bodies of 1 GB, cut off after {sent >> 20} MB: {memory(pid):.0f} MB")
        start = time.monotonic()
        page = urllib.request.urlopen(said["pages"] + "mail", timeout=60).read()
        expect(b"l1@example.com" in page, f"then a page is served, after {time.monotonic() - start:.2f} s")
        process.send_signal(signal.SIGINT)
        expect(process.wait(timeout=60) == 0, "and all of it ends")


def prove_many(programs, arguments):
    with tempfile.TemporaryDirectory() as root:
        spool = init(programs, root)
        event = '{"at":"2026-11-23T17:44:11.000Z","event":"refused","to":"a@example.com","code":550,"dsn":"5.1.1","reply":"No"}\n'
        text = '{"template":"hello","to":"a@example.com","params":{"name":"x"}}\n' + event
        first = ""
        for number in range(arguments.jobs):
            path = f"{spool}/dead/20261123T174411Z-{number:010d}"
            # Names are what counts; an inode may have so many.
            if number % 30_000 == 0:
                first = path
                with open(path, "w") as file:
                    file.write(text)
            else:
                os.link(first, path)
        web = Web(programs, spool)
        for path in ["/queue", "/queue/jobs?state=dead", "/queue/jobs", "/queue/jobs?state=dead&to=nobody", "/queue/dead",
                     "/api/status"]:
            body, cold = web.get(path)
            times = sorted(web.get(path)[1] for _ in range(5))
            expect(times[2] < 0.2, f"{arguments.jobs} jobs: {path} in {times[2] * 1000:.0f} ms, at first {cold * 1000:.0f} ms, "
                                   f"{len(body)} bytes")
        expect(memory(web.pid) < 32, f"memory at most {memory(web.pid):.1f} MB")
        web.end()
    # Page by page each job is met once, sorted or not.
    for count in [3000, 7000]:
        with tempfile.TemporaryDirectory() as root:
            spool = init(programs, root)
            wanted = {f"20261123T174411Z-{number:010d}" for number in range(count)}
            for name in wanted:
                with open(f"{spool}/dead/{name}", "w") as file:
                    file.write(text)
            web = Web(programs, spool)
            seen = []
            path = "/queue/jobs?state=dead"
            while path:
                body = web.get(path)[0].decode()
                seen += [part.split('"')[0] for part in body.split('href="/queue/jobs/')[1:]]
                path = None
                if "Next jobs" in body:
                    path = body.split('<a class="button" href="')[1].split('"')[0].replace("&amp;", "&")
            expect(len(seen) == count and set(seen) == wanted, f"{len(seen)} jobs on the pages of {count}")
            web.end()


PROOFS = {"start": prove_start, "random": prove_random, "slow": prove_slow, "many": prove_many}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("programs")
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--jobs", type=int, default=1_000_000)
    parser.add_argument("--only", default=",".join(PROOFS))
    arguments = parser.parse_args()
    for name in arguments.only.split(","):
        PROOFS[name](os.path.abspath(arguments.programs), arguments)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
