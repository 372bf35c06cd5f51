"""What a producer does while it is killed, or while a system call fails: the command, into `new/` and a drop box."""
import json
import os
import signal
import subprocess

import checks
import injection
from place import NOBODY, Loss, Place, wait_until
from scenarios import Job, Scenario


def submissions(programs):
    names = [f"order-{number}" for number in range(4)]
    runs = []
    for box in (None, "local"):
        where = "-box" if box else ""
        runs.append(SubmitRun(Scenario("submit" + where, [Job("order", box=box)], needs_root=bool(box)), programs))
        runs.append(SubmitRun(
            Scenario("batch" + where, [Job(name, box=box) for name in names], needs_root=bool(box)), programs, True))
    return runs


class SubmitRun:
    """`outspool submit`, and then a daemon that delivers what it queued."""

    @property
    def name(self):
        return self.scenario.name

    def __init__(self, scenario, programs, is_batch=False):
        self.scenario, self.programs, self.is_batch = scenario, programs, is_batch
        self.box = scenario.jobs[0].box

    def prepare(self, place):
        place.initialise()
        if self.box:
            subprocess.run(
                [place.program("outspool"), "--spool", place.spool, "dropbox", "add", "local"], check=True,
                stdout=subprocess.DEVNULL)
        os.makedirs(os.path.join(place.root, "traces"))
        os.chmod(os.path.join(place.root, "traces"), 0o777)

    def submit(self, place, tracing=()):
        """Runs the command; (status, ids that it printed, what it said)."""
        entrance = os.path.join(place.spool, "drop", self.box) if self.box else place.spool
        command = [place.program("outspool"), "--spool", entrance, "submit"]
        if self.is_batch:
            command += ["--batch", "-"]
            text = "".join(json.dumps({"id": job.name, "job": job.object}) + "\n" for job in self.scenario.jobs)
        else:
            command += ["--job", "-", "--id", self.scenario.jobs[0].name]
            text = json.dumps(self.scenario.jobs[0].object) + "\n"
        user = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if self.box else []
        ran = subprocess.run(
            [*user, *tracing, *command], input=text, text=True, capture_output=True, cwd="/", timeout=60)
        return ran.returncode, ran.stdout.split(), ran.stderr

    def record(self):
        with Place(self.programs) as place:
            self.prepare(place)
            trace = os.path.join(place.root, "traces", "trace")
            status, ids, said = self.submit(place, injection.tracing(trace, injection.CHANGING + injection.LOOKING))
            if status != 0 or ids != [job.name for job in self.scenario.jobs]:
                raise Loss(f"{self.scenario.name}: recorded with {status}: {said}")
            return injection.calls_in(trace, place.spool)

    def run(self, point):
        with Place(self.programs) as place:
            self.prepare(place)
            trace = os.path.join(place.root, "traces", "trace")
            status, ids, said = self.submit(place, injection.tracing(trace, [point.call], point.injection))
            lines = injection.injected(trace)
            reached = bool(lines) if point.error else status == -signal.SIGKILL
            self.is_whole(place, ids)
            if not reached and status != 0:
                raise Loss(f"status {status}: {said}")
            if reached and point.error:
                self.has_failed_well(place, point, status, ids, said, lines)
            # The application asks again, under the same ids: nobody gets two mails of it.
            status, ids, said = self.submit(place)
            if status != 0 or ids != [job.name for job in self.scenario.jobs]:
                raise Loss(f"submitted again, status {status}: {said}")
            self.is_whole(place, ids)
            self.deliver(place)
            return reached

    def is_whole(self, place, ids):
        """An id that was printed is there; and what is there is whole."""
        files = place.jobs()
        for job in self.scenario.jobs:
            found = files.get(job.place_name, [])
            if len(found) > 1 or (job.name in ids and not found):
                raise Loss(f"{job.name} was accepted, and is in {[file.state for file in found]}")
            if found and found[0].object != job.object:
                raise Loss(f"{job.name} is torn: {found[0].bytes[:200]}")

    def has_failed_well(self, place, point, status, ids, said, lines):
        # A hint; a directory that may not be read, and may be crossed.
        is_harmless = "sync_file_range" in lines[0] or point.error == "EACCES" and "O_DIRECTORY" in lines[0]
        if status == 0 and not is_harmless:
            raise Loss(f"status 0 in spite of {lines[0]}")
        # Where no write(2) succeeds the complaint's does not either.
        is_mute = point.lasting and point.call == "write"
        if status != 0 and injection.TEXTS[point.error] not in said and not is_mute:
            raise Loss(f"nothing is said of {lines[0]}: {said}")
        # What the disk refuses may be tried later; a broken one, and what is not permitted, is somebody's to repair.
        known = {"EACCES": (69, 73, 77), "EIO": (74,)}.get(point.error, (75,))
        if is_mute or "the rename durable" in said:
            known = (74, 75)
        if status not in (0, *known):
            raise Loss(f"status {status} after {point.error}: {said}")
        tmp = place.names(f"drop/{self.box}/tmp" if self.box else "tmp")
        if tmp and not any(line.split("(")[0].endswith(("unlink", "unlinkat")) for line in lines):
            raise Loss(f"litter in tmp/ after {point.error}: {tmp}")

    def deliver(self, place):
        place.configure(place.start_sink())
        daemon = place.start_daemon()
        try:
            wait_until(lambda: f"the delivery; {place.files()}", lambda: (
                daemon.poll() is not None or checks.is_at_rest(place) and place.copies()))
        finally:
            place.stop(daemon)
        checks.at_the_end(self.scenario, place)
