"""What the proofs share: a spool of their own, the programs on it, and what is on disk there."""
import contextlib
import grp
import json
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time

RESTING = ["scheduled", "hold", "dead"] + [
    "retry/" + name
    for name in ["01-30s", "02-1m", "03-2m", "04-4m", "05-8m", "06-16m", "07-32m", "08-1h", "09-2h", "10-4h"]
]
NOBODY = 65534


def taken_in(name, box):
    """The id of a job that nobody submitted to a drop box: in one of all users it tells whose it is."""
    return f"{name}+{NOBODY}@{box}" if box == "local" else f"{name}@{box}"

# The daemon does not run as root unless it is told to, and a proof may have to be root.
os.environ["OUTSPOOL_AS_ROOT"] = "yes"


class Loss(Exception):
    """A promise that did not hold."""


class JobFile:
    """A job's file: its object and what its history says."""

    def __init__(self, state, path):
        self.state = state
        self.path = path
        with open(path, "rb") as file:
            self.bytes = file.read()
        text = self.bytes.decode("utf-8", "replace")
        try:
            self.object, end = json.JSONDecoder().raw_decode(text.lstrip())
        except ValueError:
            self.object, end = None, 0
        self.events = []
        for line in text.lstrip()[end:].split("\n"):
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict) and "event" in event:
                self.events.append(event)

    @property
    def words(self):
        return [event["event"] for event in self.events]

    def announced(self, recipient):
        """How often the history says that this recipient may get the mail once more."""
        return sum(event["event"] == "in-doubt" and recipient in named(event) for event in self.events)

    def sent(self, recipient):
        return any(event["event"] == "sent" and recipient in named(event) for event in self.events)


def owner(name, workers):
    """The number of the worker that a name belongs to, as spool(5) has it: FNV-1a of 64 bits."""
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = (value ^ byte) * 0x100000001B3 % (1 << 64)
    return value % workers + 1


def beside(name, other):
    """`other`, or a name that begins with it, that belongs to the same worker as `name`."""
    count, number = Place.workers, 0
    found = other
    while owner(found, count) != owner(name, count):
        number += 1
        found = f"{other}{number}"
    return found


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []  # It has ended.


def named(event):
    """The recipients that an event tells of."""
    to = event.get("to", [])
    return [to] if isinstance(to, str) else to


def stop_cleanly():
    """Has SIGTERM end this program as an interrupt does: what it started and mounted goes with it."""
    def interrupt(*_):
        raise KeyboardInterrupt
    signal.signal(signal.SIGTERM, interrupt)


@contextlib.contextmanager
def copied(programs):
    """A copy of the programs: other users have to reach them, and a build must not change them under a run."""
    directory = tempfile.mkdtemp(prefix="outspool-programs.")
    try:
        os.chmod(directory, 0o755)
        for name in ["outspool", "outspoold", "outspool-sink"]:
            shutil.copy(os.path.join(programs, name), directory)
        yield directory
    finally:
        shutil.rmtree(directory)


def wait_until(what, condition, limit=20.0, pause=0.01):
    """Returns what the condition returned when it came to hold."""
    end = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Loss(f"waited {limit:.0f} s for {what() if callable(what) else what}")
        time.sleep(pause)


class Place:
    """A directory with a spool, templates and a configuration; what it started ends with it."""

    #: Of each daemon; see cases.py.
    workers = 1

    def __init__(self, programs, spool=None):
        self.programs = os.path.abspath(programs)
        self.root = tempfile.mkdtemp(prefix="outspool-proof.")
        # 0755: a producer of another user has to get in.
        os.chmod(self.root, 0o755)
        self.spool = spool or os.path.join(self.root, "spool")
        self.log_path = os.path.join(self.root, "daemon.log")
        self.sink_log = None
        # Whether the operator has made everything due.
        self.is_due = False
        self.processes = []
        # Workers whose parent was killed have it still.
        self.mark = f"OUTSPOOL_PROOF={self.root}"
        self.write("templates/hello/subject.mustache", "Hello, {{name}}\n")
        self.write("templates/hello/text.mustache", "Hello {{name}},\n\nthis is a proof.\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
        for process in self.processes:
            process.wait()
        while marked := self.marked():
            for pid in marked:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)
        shutil.rmtree(self.root)

    def program(self, name):
        return os.path.join(self.programs, name)

    def write(self, path, text):
        path = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)

    def initialise(self):
        subprocess.run([self.program("outspool"), "init", self.spool], check=True, stdout=subprocess.DEVNULL)

    def add_box(self, name):
        """Makes a drop box for the group of whoever runs this."""
        group = grp.getgrgid(os.getegid()).gr_name
        subprocess.run(
            [self.program("outspool"), "--spool", self.spool, "dropbox", "add", name, "--group", group], check=True,
            stdout=subprocess.DEVNULL)

    # Programs

    def start(self, command, env=None, **options):
        name, _, value = self.mark.partition("=")
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, cwd="/", env={**(env or os.environ), name: value}, **options)
        self.processes.append(process)
        return process

    def stop(self, process, limit=30):
        """Has a process end by SIGTERM; returns its status."""
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(limit)
        except subprocess.TimeoutExpired:
            raise Loss("the daemon does not stop: " + self.log[-2000:])
        self.processes.remove(process)
        return status

    def start_sink(self, *options):
        """Starts outspool-sink on a free port with a log of its own, and returns the port."""
        self.sink_log = os.path.join(self.root, f"sink{len(self.processes)}.log")
        process = self.start(
            [self.program("outspool-sink"), "--listen", "127.0.0.1:0", "--quiet", "--log", self.sink_log, *options],
            stdout=subprocess.PIPE)
        if not select.select([process.stdout], [], [], 10)[0]:
            raise Loss("outspool-sink does not listen")
        self.sink = process
        return int(process.stdout.readline().decode().rsplit(":", 1)[1])

    def configure(self, port, main="", relay=""):
        self.write(
            "outspool.conf",
            f"spool = {self.spool}\ntemplates = templates\nfrom = Proof <proof@example.com>\n"
            f"hostname = proof.example\n{self.workers_line}{main}\n[relay main]\nurl = smtp://127.0.0.1:{port}\ntls = none\n{relay}\n")

    @property
    def workers_line(self):
        return f"workers = {self.workers}\n" if self.workers > 1 else ""

    @property
    def daemon_command(self):
        return [self.program("outspoold"), "--config", os.path.join(self.root, "outspool.conf")]

    def start_daemon(self, prefix=()):
        """Starts the daemon and returns at once; ``is_ready`` tells when it delivers."""
        self.log_start = len(self.log)
        with open(self.log_path, "ab") as log:
            self.daemon = self.start([*prefix, *self.daemon_command], stderr=log)
            return self.daemon

    @property
    def is_ready(self):
        if ": ready\n" in self.log[self.log_start:]:
            return True
        # Its log may be what cannot be written.
        try:
            with open(os.path.join(self.spool, "status.json")) as file:
                status = json.load(file)
        except (FileNotFoundError, ValueError):
            return False
        return status["pid"] == self.daemon.pid and status["state"] == "running"

    @property
    def log(self):
        try:
            with open(self.log_path, errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def alive(self):
        if self.daemon.poll() is not None:
            raise Loss(f"the daemon ended with {self.daemon.returncode}: {self.log[-2000:]}")
        return True

    # The daemon's processes: itself, and its workers where it has some

    def marked(self):
        """All processes that were started from here, workers without a parent included."""
        found, mark = [], self.mark.encode()
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                with contextlib.suppress(OSError):  # It has ended, or is another user's.
                    with open(f"/proc/{entry}/environ", "rb") as file:
                        if mark in file.read().split(b"\0"):
                            found.append(int(entry))
        return found

    def worker_pids(self):
        """The daemon's workers that run, by their numbers."""
        found = {}
        for pid in children(self.daemon.pid):
            with contextlib.suppress(OSError):
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    words = file.read().split(b"\0")
                if b"--worker" in words:
                    found[int(words[words.index(b"--worker") + 1])] = pid
        return found

    def daemon_pids(self):
        return [self.daemon.pid, *(self.worker_pids().values() if self.workers > 1 else [])]

    def descriptor_count(self):
        """How many the daemon has open, with its workers."""
        return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in self.daemon_pids())

    def resident(self, field="VmRSS"):
        """Bytes of the memory of daemon and workers; `VmHWM` is the most that each had. See proc(5)."""
        total = 0
        for pid in self.daemon_pids():
            with open(f"/proc/{pid}/status") as file:
                total += int(re.search(field + r":\s+(\d+) kB", file.read())[1]) << 10
        return total

    # What is on disk

    def drop(self, state, name, text, mtime=None, owner=None):
        """Puts a file into a directory of the spool as submissions do: written beside, then renamed."""
        directory = os.path.join(self.spool, state)
        os.makedirs(directory, mode=0o700, exist_ok=True)
        draft = os.path.join(self.spool, "." + name)
        with open(draft, "w") as file:
            file.write(text)
        os.chmod(draft, 0o604 if state.startswith("drop/") else 0o600)
        if owner is not None:
            os.chown(draft, owner, -1)
        if mtime is not None:
            os.utime(draft, (mtime, mtime))
        os.rename(draft, os.path.join(directory, name))

    def names(self, state):
        try:
            return sorted(name for name in os.listdir(os.path.join(self.spool, state)) if not name.startswith("."))
        except FileNotFoundError:
            return []

    @property
    def claimed(self):
        """The directories of claims: cur/main, or one for each worker, and those of earlier starts."""
        return ["cur/" + name for name in self.names("cur")]

    @property
    def states(self):
        # What moves meanwhile is met twice rather than never.
        return ["new", *self.claimed, *RESTING] + ["done/" + day for day in self.names("done")] + [
            f"drop/{box}/new" for box in self.names("drop")]

    def files(self):
        """All (state, name) of the spool, drop boxes included."""
        return [(state, name) for state in self.states for name in self.names(state)]

    def jobs(self):
        """Every job file of the spool, by the name that it has outside of its drop box."""
        found = {}
        for state, name in self.files():
            own = taken_in(name, state.split("/")[1]) if state.startswith("drop/") else name
            try:
                found.setdefault(own, []).append(JobFile(state, os.path.join(self.spool, state, name)))
            except FileNotFoundError:
                pass  # It moved between the two steps; who needs to be sure looks while nothing runs.
        return found

    def make_due(self):
        """What an operator does with touch(1): what is deferred or scheduled is due now. True if anything was."""
        now, found = time.time(), False
        for state in self.states:
            if state.startswith("retry/") or state == "scheduled":
                for name in self.names(state):
                    path = os.path.join(self.spool, state, name)
                    try:
                        if os.stat(path).st_mtime > now:
                            os.utime(path)
                            found = True
                    except FileNotFoundError:
                        pass  # It is claimed.
        return found

    def copies(self):
        """How often the relay has taken a message for each recipient."""
        counts = {}
        for message in self.messages():
            for recipient in message["to"]:
                counts[recipient] = counts.get(recipient, 0) + 1
        return counts

    def runs(self, job):
        """How often the program of a task has begun for this job."""
        try:
            with open(os.path.join(self.root, "runs")) as file:
                return file.read().split("\n").count(job)
        except FileNotFoundError:
            return 0

    def first_run(self, job):
        """How many runs of programs had begun before the first for this job."""
        with open(os.path.join(self.root, "runs")) as file:
            return file.read().split("\n").index(job)

    def messages(self):
        """The messages that the relay has taken, as its log has them."""
        found = []
        with open(self.sink_log) as file:
            for line in file:
                if line.endswith("\n"):
                    event = json.loads(line)
                    if event["event"] == "message" and event["stored"]:
                        found.append(event)
        return found
