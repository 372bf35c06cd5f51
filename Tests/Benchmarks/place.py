"""A temporary directory, and the programs started in it: all end with it, also when the benchmark is interrupted."""
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))


class NotMeasured(Exception):
    """A peer is missing, or something else that the machine does not have. The text says what."""


class Failed(Exception):
    """A run went wrong: its figures would be none."""


class Place:
    """What the benchmark works in. `binaries` are the programs of a release build."""

    def __init__(self, binaries):
        self.binaries = os.path.abspath(binaries)
        self.directory = tempfile.mkdtemp(prefix="outspool-bench.")
        # Other users cross it: Postfix's.
        os.chmod(self.directory, 0o755)
        self.processes = []
        self.compiled = {}
        self.copied = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.ExitStack() as ends:  # One that fails keeps no other from its end.
            ends.callback(subprocess.run, ["rm", "-rf", self.directory], check=True)
            for process in self.processes:
                ends.callback(self.end, process)

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def program(self, name):
        """The path of one of ours: a copy, as an installation makes it, and as the package manager has made the peers.
        What a linker has written lies in the page cache in smaller pieces, and a process takes twice the page faults."""
        if name not in self.copied:
            self.copied[name] = shutil.copy(os.path.join(self.binaries, name), self.path(name))
        return self.copied[name]

    def peer(self, name):
        """The path of a program of the system."""
        found = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        if found is None:
            raise NotMeasured(f"{name} is not installed")
        return found

    def c_program(self, name):
        """The path of a program compiled from NAME.c beside this file."""
        if name not in self.compiled:
            target = self.path(name)
            subprocess.run(
                [self.peer("gcc"), "-O2", "-Wall", "-o", target, os.path.join(HERE, name + ".c"), "-lpthread"], check=True)
            self.compiled[name] = target
        return self.compiled[name]

    def start(self, *command, **options):
        process = subprocess.Popen(command, **options)
        self.processes.append(process)
        return process

    def stop(self, process):
        self.processes.remove(process)
        self.end(process)

    @staticmethod
    def end(process, limit=60):
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(limit)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def seconds(self, *command, text=None, environment=None):
        """What a program prints: how long its work took. What it says of other things is kept for when it fails."""
        run = subprocess.run(
            command, input=text, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=1800,
            env=os.environ | (environment or {}))
        if run.returncode:
            raise Failed(f"{' '.join(command)}: {run.stderr[-2000:]}")
        return float(run.stdout)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def connects(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait(condition, what, limit=60.0, pause=0.005):
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            raise Failed(f"after {limit:.0f} s of waiting for {what}")
        time.sleep(pause)
