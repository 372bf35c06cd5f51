"""Nodes: each a spool with its daemon, its sink and its pump, all of which may be killed."""
import json
import os
import re
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Proof"))
from place import Place, wait_until  # noqa: E402

ANNOUNCED = re.compile(r"^outspool: (\S+) was delivered before: ", re.MULTILINE)


class Node(Place):
    """A spool that a pump fills."""

    def __init__(self, programs, server, number, more=""):
        super().__init__(programs)
        self.number = number
        self.pump_log = os.path.join(self.root, "pump.log")
        self.dead_file = os.path.join(self.root, "dead.jsonl")
        self.initialise()
        lines, environment = server.source(number)
        text = lines + f"dead_file = {self.dead_file}\n{more}[environment]\n"
        self.write("pump.conf", text + "".join(f"{name} = {value}\n" for name, value in environment.items()))

    def start_all(self):
        self.configure(self.start_sink())
        self.start_daemon()
        wait_until("a daemon", lambda: self.is_ready)
        self.start_pump()

    def start_pump(self):
        with open(self.pump_log, "ab") as log:
            self.pump = self.start(
                [self.program("outspool"), "--config", os.path.join(self.root, "outspool.conf"), "pump",
                 os.path.join(self.root, "pump.conf")], stdout=log, stderr=log)

    def kill(self, process):
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.processes.remove(process)

    def pump_text(self):
        with open(self.pump_log, errors="replace") as file:
            return file.read()

    def announced(self):
        """The ids that the pump queued although the engine had delivered them before."""
        return set(ANNOUNCED.findall(self.pump_text()))

    def dead_messages(self):
        """What the file of dead messages has, by receipt or id."""
        try:
            with open(self.dead_file) as file:
                return [json.loads(line) for line in file]
        except FileNotFoundError:
            return []

    def ids(self):
        """How many files the spool has under each id, whatever their state."""
        counts = {}
        for state, name in self.files():
            if not state.startswith("drop/"):
                counts[name] = counts.get(name, 0) + 1
        return counts
