"""What the benchmarks share: a spool of their own, the daemon on it, and servers on loopback."""
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time


class Bench:
    """A temporary spool, templates and configuration; everything it started ends with it."""

    def __init__(self, binaries):
        self.bin = binaries
        base = "/dev/shm" if os.environ.get("BENCH_TMPFS") else None
        self.dir = tempfile.mkdtemp(prefix="outspool-bench.", dir=base)
        self.spool = os.path.join(self.dir, "spool")
        self.processes = []
        subprocess.run([self.program("outspool"), "init", self.spool], check=True, stdout=subprocess.DEVNULL)
        template = os.path.join(self.dir, "templates", "hello")
        os.makedirs(template)
        for name, text in [
            ("subject.mustache", "Hello, {{name}}\n"),
            ("text.mustache", "Hello {{name}},\n\n" + "this is a line of a mail of about two kilobytes.\n" * 38),
        ]:
            with open(os.path.join(template, name), "w") as file:
                file.write(text)

    def program(self, name):
        return os.path.join(self.bin, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
        shutil.rmtree(self.dir)

    def start(self, *command, **options):
        process = subprocess.Popen(command, **options)
        self.processes.append(process)
        return process

    def stop(self, process):
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        self.processes.remove(process)

    def daemon(self, port, connections=10, extra=""):
        """Starts the daemon and returns when it is ready."""
        path = os.path.join(self.dir, "outspool.conf")
        with open(path, "w") as file:
            file.write(
                f"spool = {self.spool}\ntemplates = templates\nfrom = bench@example.com\n{extra}\n"
                f"[relay main]\nurl = smtp://127.0.0.1:{port}\ntls = none\nconnections = {connections}\n"
            )
        log = os.path.join(self.dir, "daemon.log")
        with open(log, "w") as out:
            process = self.start(
                self.program("outspoold"), "--config", path, stderr=out, env=os.environ | {"OUTSPOOL_AS_ROOT": "yes"})
        self.wait(lambda: ": ready" in open(log).read() or process.poll() is not None)
        if process.poll() is not None:
            sys.exit(open(log).read())
        return process

    def sink(self, *options):
        """Starts outspool-sink on a free port and returns the port."""
        process = self.start(
            self.program("outspool-sink"), "--listen", "127.0.0.1:0", "--quiet", *options,
            stdout=subprocess.PIPE, text=True)
        return int(process.stdout.readline().rsplit(":", 1)[1])

    def smtp_sink(self):
        """Starts Postfix's smtp-sink on a free port and returns the port."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        binary = shutil.which("smtp-sink", path=os.environ["PATH"] + ":/usr/sbin")
        self.start(binary, *(["-u", "nobody"] if os.getuid() == 0 else []), f"127.0.0.1:{port}", "1000")
        self.wait(lambda: self.connects(port))
        return port

    @staticmethod
    def connects(port):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    @staticmethod
    def wait(condition, limit=30.0, pause=0.005):
        end = time.monotonic() + limit
        while not condition():
            if time.monotonic() > end:
                sys.exit("benchmark: gave up waiting")
            time.sleep(pause)

    def submit(self, count, to="somebody@example.com", more=""):
        """Queues `count` jobs as one batch; `more` are further members of each."""
        lines = "".join(f'{{"template":"hello","to":"{to}","params":{{"name":"n{i}"}}{more}}}\n' for i in range(count))
        subprocess.run(
            [self.program("outspool"), "--spool", self.spool, "submit", "--batch", "-"],
            input=lines, text=True, stdout=subprocess.DEVNULL, check=True)

    def drop(self, name, more=""):
        """Submits a job to NAME@example.com as any program can; returns when its rename was made."""
        tmp = os.path.join(self.spool, "tmp", name)
        with open(tmp, "w") as file:
            file.write(f'{{"template":"hello","to":"{name}@example.com","params":{{"name":"x"}}{more}}}')
            file.flush()
            os.fsync(file.fileno())
        start = time.monotonic()
        os.rename(tmp, os.path.join(self.spool, "new", name))
        return start

    def done(self):
        """How many jobs are in done/."""
        days = os.path.join(self.spool, "done")
        return sum(len(os.listdir(os.path.join(days, day))) for day in os.listdir(days))


class Witness:
    """An SMTP server of one purpose: to note when a recipient's mail came, and when it said 250 to the dot."""

    def __init__(self, dot=0.0):
        self.dot = dot
        self.arrived, self.accepted = {}, {}
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.session, args=(connection,), daemon=True).start()

    def session(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = connection.makefile("rb")
        recipient = None
        connection.sendall(b"220 bench\r\n")
        for line in stream:
            word = line[:4].upper()
            if word in (b"EHLO", b"HELO"):
                connection.sendall(b"250-bench\r\n250 PIPELINING\r\n")
            elif word == b"RCPT":
                recipient = line.split(b"<")[1].split(b"@")[0].decode()
                self.arrived[recipient] = time.monotonic()
                connection.sendall(b"250 ok\r\n")
            elif word == b"DATA":
                connection.sendall(b"354 go\r\n")
                while stream.readline() != b".\r\n":
                    pass
                if self.dot:
                    time.sleep(self.dot)
                self.accepted[recipient] = time.monotonic()
                connection.sendall(b"250 ok\r\n")
            elif word == b"QUIT":
                connection.sendall(b"221 bye\r\n")
                connection.close()
                return
            else:
                connection.sendall(b"250 ok\r\n")


def race(bench, port, count, rounds=3):
    """Median messages per second of a drain through 50 connections and of smtp-source, taken in turns.

    The jobs are queued while the daemon is down: what is measured is from its start to the last job.
    """
    ours, theirs = [], []
    before = bench.done()
    for _ in range(rounds):
        theirs.append(smtp_source(port, count))
        bench.submit(count)
        start = time.monotonic()
        daemon = bench.daemon(port, connections=50)
        before += count
        bench.wait(lambda: bench.done() >= before, limit=120, pause=0.02)
        ours.append(count / (time.monotonic() - start))
        bench.stop(daemon)
    return (
        f"outspoold {median(ours):.0f}/s, smtp-source -d -s 50 {median(theirs):.0f}/s, "
        f"ratio {median(ours) / median(theirs):.2f}")


def smtp_source(port, count, sessions=50, size=2048):
    """Messages per second of Postfix's smtp-source, which has no queue."""
    binary = shutil.which("smtp-source", path=os.environ["PATH"] + ":/usr/sbin")
    start = time.monotonic()
    subprocess.run(
        [binary, "-d", "-s", str(sessions), "-m", str(count), "-l", str(size), "-f", "bench@example.com",
         "-t", "somebody@example.com", f"127.0.0.1:{port}"], check=True)
    return count / (time.monotonic() - start)


def median(values):
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
