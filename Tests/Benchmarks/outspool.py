"""Ours: a spool, and the daemon on it with the defaults that it is shipped with."""
import itertools
import json
import os
import subprocess
import time

from place import Failed, wait

# Rendered, and with its header, a mail of a little more than 2 KiB: what smtp-source is told to send.
TEMPLATE = {
    "subject.mustache": "Hello, {{name}}\n",
    "text.mustache": "Hello {{name}},\n\n" + "this is a line of a mail of about two kilobytes.\n" * 38,
}
JOB = '{"template":"hello","to":"somebody@example.com","params":{"name":"somebody"}}\n'


def job(to="somebody@example.com", **more):
    return json.dumps({"template": "hello", "to": to, "params": {"name": "somebody"}} | more) + "\n"


NUMBERS = itertools.count(1)


class Spool:
    """A spool in a place, with a template that is called hello.

    It is removed with the place: thousands of files that are unlinked keep the disk busy for a while, which would be
    counted to what comes next.
    """

    def __init__(self, place, name):
        self.place = place
        self.path = place.path(f"{name}.{next(NUMBERS)}")
        self.daemon = None
        subprocess.run([place.program("outspool"), "init", self.path], check=True, stdout=subprocess.DEVNULL)
        templates = self.path + ".templates"
        os.makedirs(os.path.join(templates, "hello"))
        for name, text in TEMPLATE.items():
            with open(os.path.join(templates, "hello", name), "w") as file:
                file.write(text)

    def configure(self, port, connections=50, tls="none", more="", main=""):
        """Nothing is said but what has no default, and how many connections the relay takes; `more` goes into the
        relay's section, `main` before it."""
        with open(self.path + ".conf", "w") as file:
            file.write(
                f"spool = {self.path}\ntemplates = {self.path}.templates\nfrom = bench@example.com\n{main}"
                f"[relay main]\nurl = smtp://127.0.0.1:{port}\ntls = {tls}\nconnections = {connections}\n{more}")

    def start(self, until_ready=True):
        """Starts the daemon, and returns when it says that it is ready, or at once."""
        self.log = self.path + ".log"
        with open(self.log, "w") as out:
            self.daemon = self.place.start(
                self.place.program("outspoold"), "--config", self.path + ".conf", stderr=out,
                env=os.environ | {"OUTSPOOL_AS_ROOT": "yes"})
        if until_ready:
            wait(lambda: ": ready" in open(self.log).read() or self.daemon.poll() is not None, "the daemon")
            if self.daemon.poll() is not None:
                raise Failed(open(self.log).read())

    def stop(self):
        if self.daemon:
            self.place.stop(self.daemon)
        self.daemon = None

    def submit(self, count, text=JOB):
        """Queues `count` jobs durably, as one batch of the command."""
        subprocess.run(
            [self.place.program("outspool"), "--spool", self.path, "submit", "--batch", "-"],
            input=text * count, text=True, stdout=subprocess.DEVNULL, check=True)

    def populate(self, directory, prefix, count, text=JOB, due=None):
        """Puts jobs there without waiting for the disk, and returns the seconds it took; `due`: from, to, in seconds
        from now."""
        return self.place.seconds(
            self.place.c_program("populate"), self.path, directory, prefix, str(count), *map(str, due or ()), text=text)

    def drop(self, name, **more):
        """Submits a job to NAME@example.com as any program can; returns when its rename began, which is timed from
        before the call."""
        tmp = os.path.join(self.path, "tmp", name)
        with open(tmp, "w") as file:
            file.write(job(f"{name}@example.com", **more))
            file.flush()
            os.fsync(file.fileno())
        start = time.monotonic()
        os.rename(tmp, os.path.join(self.path, "new", name))
        return start

    def count(self, directory):
        """How many files are in a directory of the spool, those in its directories included."""
        with os.scandir(os.path.join(self.path, directory)) as entries:
            return sum(self.count(entry.path) if entry.is_dir() else 1 for entry in entries)

    def wait_until_done(self, count, limit=600):
        wait(lambda: self.count("done") >= count, f"{count} jobs in done/", limit, pause=0.05)

    def drain(self, count):
        """Queues `count` jobs, and returns the seconds from the daemon's start until all are sent."""
        self.submit(count)
        start = time.monotonic()
        self.start(until_ready=False)
        self.wait_until_done(count)
        seconds = time.monotonic() - start
        self.stop()
        return seconds

    def expect(self, **counts):
        """Holds what is in the spool against what has to be."""
        found = {name: self.count(name) for name in counts}
        if found != counts:
            raise Failed(f"in the spool are {found}, which should be {counts}")

    def status(self, field):
        """A figure of /proc/PID/status, in its unit."""
        with open(f"/proc/{self.daemon.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith(field + ":"))

    def worker_pids(self):
        with open(f"/proc/{self.daemon.pid}/task/{self.daemon.pid}/children") as file:
            return [int(word) for word in file.read().split()]

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.daemon.pid}/fd"))

    def processor_seconds(self):
        """What the daemon has had of a processor since its start. See proc(5)."""
        with open(f"/proc/{self.daemon.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
