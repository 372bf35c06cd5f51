"""A spool with two drop boxes under an unprivileged daemon, and the good jobs that must pass meanwhile."""
import json
import os
import signal
import subprocess
import threading
import time

import attacks
from place import Place, wait_until

DAEMON, OTHER, ATTACKER = 65533, 65532, 65534


class Target(Place):
    """A spool with two drop boxes, under a daemon that is an unprivileged user, and what it must not give away."""

    def __init__(self, programs):
        super().__init__(programs)
        os.mkdir(self.spool)
        os.chown(self.spool, DAEMON, DAEMON)
        self.initialise()
        for box, group in [("shop", ATTACKER), ("other", OTHER)]:
            subprocess.run(
                [self.program("outspool"), "--spool", self.spool, "dropbox", "add", box, "--group", str(group)],
                check=True, stdout=subprocess.DEVNULL)
        self.shop = os.path.join(self.spool, "drop/shop")
        self.secrets()
        self.maildir = os.path.join(self.root, "mail")
        self.port = self.start_sink("--strict", "--maildir", self.maildir)
        self.configure(self.port, main=self.settings)
        self.log_start = 0
        with open(self.log_path, "ab") as log:
            self.daemon = self.start(
                ["setpriv", f"--reuid={DAEMON}", f"--regid={DAEMON}", "--clear-groups", *self.daemon_command],
                    stderr=log)
        wait_until("the daemon to be ready", lambda: self.is_ready or self.daemon.poll() is not None)
        self.alive()
        self.descriptors = self.descriptor_count()

    @property
    def settings(self):
        return f"attachments_directory = {self.root}/files\nlog_to = stderr\nbounce_address = bounces+{{token}}@example.com"

    def reload(self, more=""):
        """Has the daemon use other settings."""
        self.configure(self.port, main=f"{self.settings}\n{more}")
        before = self.log.count("configuration reloaded")
        self.daemon.send_signal(signal.SIGHUP)
        wait_until("the daemon to reload", lambda: self.log.count("configuration reloaded") > before)

    def secrets(self):
        """What is the daemon's and another user's."""
        for name, owner, mode in [("daemons-own", DAEMON, 0o600), ("others", OTHER, 0o606)]:
            path = os.path.join(self.root, name)
            with open(path, "wb") as file:
                file.write(attacks.SECRET)
            os.chown(path, owner, owner)
            os.chmod(path, mode)
        files = os.path.join(self.root, "files")
        self.write("files/ok.txt", "an attachment\n")
        self.write("files/.hidden", attacks.SECRET.decode())
        os.mkdir(f"{files}/sub")
        os.mkdir(f"{files}/directory")
        os.mkfifo(f"{files}/fifo", 0o644)
        os.symlink(f"{self.root}/daemons-own", f"{files}/link")

    def forget_peak(self):
        """The peak begins anew. See proc(5), clear_refs."""
        for pid in self.daemon_pids():
            with open(f"/proc/{pid}/clear_refs", "w") as file:
                file.write("5")

    def submit(self, name, box=None):
        """A good job, into new/ or a box, with the owner that it has there."""
        job = json.dumps({"template": "hello", "params": {"name": "Zoë"}, "to": "good@example.com"})
        place = f"{self.spool}/drop/{box}" if box else self.spool
        draft = f"{place}/tmp/{name}"
        with open(draft, "w") as file:
            file.write(job)
        owner = OTHER if box else DAEMON
        os.chown(draft, owner, -1)
        os.chmod(draft, 0o604 if box else 0o600)
        os.rename(draft, f"{place}/new/{name}")
        return f"{name}@{box}" if box else name

    def done(self, name):
        return any(os.path.exists(f"{self.spool}/done/{day}/{name}") for day in self.names("done"))


class Traffic:
    """Good jobs, one after the other through new/ and the other application's box; keeps how long the slowest took."""

    def __init__(self, place):
        self.place, self.count, self.slowest, self.error = place, 0, 0.0, None
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.stopping.is_set():
            begun = time.monotonic()
            name = self.place.submit(f"good{self.count}", "other" if self.count % 2 else None)
            while not self.place.done(name):
                self.slowest = max(self.slowest, time.monotonic() - begun)
                if self.slowest > 60:
                    self.error = f"{name} has waited for a minute"
                    return
                time.sleep(0.005)
            self.slowest = max(self.slowest, time.monotonic() - begun)
            self.count += 1
            self.stopping.wait(0.05)

    def stop(self):
        self.stopping.set()
        self.thread.join()
