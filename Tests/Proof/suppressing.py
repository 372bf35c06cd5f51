"""What `outspool suppress` and `unsuppress` do while they are killed, or while a system call fails."""
import json
import os
import signal
import subprocess

import injection
from place import Loss, Place
from scenarios import Scenario

ADDRESS = "zoe@example.com"
KNOWN = '{"address":"zoe@example.com","at":"2026-11-01T09:12:44.113Z","why":"complaint","stream":"news"}\n'


def suppressing(programs):
    return [
        SuppressRun("suppress", programs, ["suppress", ADDRESS, "--reason", "asked"]),
        SuppressRun("suppress-again", programs, ["suppress", ADDRESS, "--reason", "asked"], before=KNOWN),
        SuppressRun(
            "suppress-import", programs, ["suppress", "--import", "-"],
            text=f"email,reason\n{ADDRESS},asked\nadam@example.com,asked\n"),
        SuppressRun("unsuppress", programs, ["unsuppress", ADDRESS], before=KNOWN),
    ]


class SuppressRun:
    """One of the verbs, killed or failed once, and given again."""

    def __init__(self, name, programs, words, before=None, text=""):
        self.name, self.programs, self.words, self.before, self.text = name, programs, words, before, text
        self.frees = words[0] == "unsuppress"
        # Of a scenario only this is asked: there are no jobs.
        self.scenario = Scenario(name, [])

    def prepare(self, place):
        place.initialise()
        os.makedirs(os.path.join(place.root, "traces"))
        if self.before:
            place.drop("suppressed", ADDRESS, self.before)

    def execute(self, place, tracing=()):
        command = [*tracing, place.program("outspool"), "--spool", place.spool, *self.words]
        ran = subprocess.run(command, input=self.text, text=True, capture_output=True, cwd="/", timeout=60)
        return ran.returncode, ran.stdout, ran.stderr

    def record(self):
        with Place(self.programs) as place:
            self.prepare(place)
            trace = os.path.join(place.root, "traces", "trace")
            status, _, said = self.execute(place, injection.tracing(trace, injection.CHANGING + injection.LOOKING))
            if status != 0:
                raise Loss(f"{self.name}: recorded with {status}: {said}")
            self.is_done(place)
            return injection.calls_in(trace, place.spool)

    def run(self, point):
        with Place(self.programs) as place:
            self.prepare(place)
            trace = os.path.join(place.root, "traces", "trace")
            status, out, said = self.execute(place, injection.tracing(trace, [point.call], point.injection))
            lines = injection.injected(trace)
            reached = bool(lines) if point.error else status == -signal.SIGKILL
            self.is_whole(place)
            if status == 0:
                self.is_done(place)
            elif not reached:
                raise Loss(f"status {status}: {said}")
            elif point.error and injection.TEXTS[point.error] not in said and not (point.lasting and point.call == "write"):
                raise Loss(f"nothing is said of {lines[0]}: {said}")
            status, _, said = self.execute(place)
            # Who has freed it before the death finds nothing to free.
            if status != 0 and not (self.frees and status == 66):
                raise Loss(f"given again, status {status}: {said}")
            self.is_done(place)
            return reached

    def entries(self, place, name):
        """The lines of a file; none but the last may be torn, and that only behind others."""
        with open(os.path.join(place.spool, "suppressed", name)) as file:
            text = file.read()
        found = []
        for index, line in enumerate(text.split("\n")):
            try:
                found.append(json.loads(line))
            except ValueError:
                if line and index == 0:
                    raise Loss(f"suppressed/{name} is torn: {text[:300]}")
        if not found:
            raise Loss(f"suppressed/{name} says nothing")
        return found

    def is_whole(self, place):
        """What is there is whole, and what was there before is there, unless it was to go."""
        for name in place.names("suppressed"):
            if self.before and name == ADDRESS and self.entries(place, name)[0] != json.loads(self.before):
                raise Loss("what was known is gone")
            self.entries(place, name)
        if self.before and not self.frees and ADDRESS not in place.names("suppressed"):
            raise Loss("what was known is gone, with its file")

    def is_done(self, place):
        """What was asked for holds."""
        self.is_whole(place)
        if self.frees:
            if place.names("suppressed"):
                raise Loss("it is suppressed still")
            return
        wanted = [ADDRESS, "adam@example.com"] if "--import" in self.words else [ADDRESS]
        for address in wanted:
            if not any(entry.get("reason") == "asked" for entry in self.entries(place, address)):
                raise Loss(f"{address} is not suppressed: {place.names('suppressed')}")
