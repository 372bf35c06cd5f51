"""A daemon that meets one relay after the other, and what it is measured by."""
import json
import os
import re
import signal
import socket
import struct
import threading

from cells import DEFERRED, DOUBT, REFUSED, RELAY, SENT
from place import Place, wait_until

# Of socket(7); Python does not name it.
SO_TIMESTAMPNS = 35
SIGN_OF_LIFE = 0.05
# A mail larger than the socket buffers of both sides: its dot is not out while the relay does not read.
LARGE = 5 << 20


class Watchdog:
    """Listens to the daemon's signs of life, and keeps the longest time without one."""

    def __init__(self, path):
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.last, self.longest = None, 0.0
        self.signs = 0
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            try:
                data, control, _, _ = self.socket.recvmsg(4096, 1024)
            except OSError:
                return
            if b"WATCHDOG=1" not in data:
                continue
            # When it was sent, whenever this thread has its turn.
            for level, kind, stamp in control:
                if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
                    seconds, nanoseconds = struct.unpack("qq", stamp)
                    now = seconds + nanoseconds / 1e9
                    if self.last is not None:
                        self.longest = max(self.longest, now - self.last - SIGN_OF_LIFE)
                    self.last = now
                    self.signs += 1


class RelayBench(Place):
    """A daemon that meets one relay after the other."""

    def __init__(self, programs, certificates_directory):
        super().__init__(programs)
        self.certificates = certificates_directory
        self.initialise()
        self.write("password", "secretword\n")
        os.chmod(os.path.join(self.root, "password"), 0o600)
        self.write("files/large.bin", "0123456789abcde\n" * (LARGE * 3 // 4 // 16))
        self.watchdog = Watchdog(os.path.join(self.root, "notify"))
        self.tail, self.seen = b"", 0
        self.spare_port = self.start_sink()
        self.spare_log = self.sink_log
        self.use([])
        environment = os.environ | {
            "NOTIFY_SOCKET": self.watchdog.path, "WATCHDOG_USEC": str(int(SIGN_OF_LIFE * 2e6))}
        self.log_start = 0
        with open(self.log_path, "ab") as log:
            self.daemon = self.start(self.daemon_command, stderr=log, env=environment)
        self.reloads = 0
        wait_until("the daemon to be ready", lambda: self.is_ready)
        # What is made once, at the first use, is no leak.
        for index in range(4):
            self.submit(f"warm{index}", large=True)
            wait_until("a first job", lambda: self.job(f"warm{index}").state.startswith("done"))
        self.settle()
        self.descriptors, self.memory = self.descriptor_count(), self.resident()

    # The daemon

    def use(self, sections):
        """Writes the configuration: these relays, and then the spare one, that works."""
        spare = ("spare", [f"url = smtp://127.0.0.1:{self.spare_port}", "tls = none", "idle_timeout = 300ms"])
        text = "".join(
            f"[relay {name}]\n" + "\n".join(lines) + "\n" for name, lines in (sections if sections else [spare]))
        self.write(
            "outspool.conf",
            f"spool = {self.spool}\ntemplates = templates\nfrom = Proof <proof@example.com>\n"
            f"attachments_directory = files\nhostname = proof.example\n{self.workers_line}{text}")

    def reload(self, sections):
        self.use(sections)
        self.daemon.send_signal(signal.SIGHUP)
        self.reloads += 1
        wait_until(
            "the new configuration",
            lambda: self.alive() and self.log.count("configuration reloaded\n") >= self.reloads)

    @property
    def log(self):
        """What the daemon has logged; read once."""
        with open(self.log_path, "rb") as file:
            file.seek(self.seen)
            more = file.read()
        self.seen += len(more)
        self.tail += more
        return self.tail.decode("utf-8", "replace")

    def status_of(self, relay):
        try:
            with open(os.path.join(self.spool, "status.json")) as file:
                return next((entry for entry in json.load(file)["relays"] if entry["name"] == relay), None)
        except FileNotFoundError:
            return None  # It comes with the first second.

    def open_files(self):
        directory = f"/proc/{self.daemon.pid}/fd"
        return [os.readlink(f"{directory}/{name}") for name in os.listdir(directory)]

    def settle(self):
        """Waits until only the spare relay is left and nothing is connected."""
        def is_quiet():
            spare = self.status_of("spare")
            return spare is not None and spare["connections"] == 0
        wait_until("the connections to end", is_quiet)

    # Jobs

    def submit(self, name, to="victim@example.com", large=False):
        job = {"template": "hello", "to": [to], "params": {"name": "Zoë"}, "headers": {"X-Proof": name}}
        if large:
            job["attachments"] = [{"filename": "large.bin", "file": "large.bin"}]
        self.drop("new", name, json.dumps(job) + "\n")

    def job(self, name):
        """The job's file, wherever it is."""
        def find():
            found = self.jobs().get(name)
            return found[0] if found else None
        return wait_until(f"{name} to be anywhere", find)

    def outcome(self, name, relay):
        """What has become of the job, in the words of cells.py, and its file; nil while it is open."""
        job = self.job(name)
        word = job.words[-1] if job.words else None
        if job.state.startswith("done/"):
            return SENT, job
        if job.state == "dead":
            return REFUSED, job
        if job.state == "retry/01-30s":
            return {"deferred": DEFERRED, "in-doubt": DOUBT}.get(word, str(word)), job
        if job.state == "new" and re.search(
                rf"relay {relay} (failed|closed)|relay {relay}: breaker opened", self.log):
            return RELAY, job
        return None

    def stored(self, log):
        """How often a sink has taken each job's mail: its ids are in their Message-IDs, which a sink does not log; the
        sinks tell recipients, so each cell has its own sink."""
        count = 0
        with open(log) as file:
            for line in file:
                if line.endswith("\n"):
                    event = json.loads(line)
                    count += event["event"] == "message" and event["stored"] and "victim@example.com" in event["to"]
        return count

    def end_sink(self, process, log):
        """Ends a relay; the next one may have a log of the same name."""
        self.stop(process)
        os.unlink(log)

    def struck(self, log, phase):
        """How often the fault was done."""
        with open(log) as file:
            events = [json.loads(line) for line in file if line.endswith("\n")]
        return sum(event["event"] == "fault" and event["phase"] == phase for event in events)
