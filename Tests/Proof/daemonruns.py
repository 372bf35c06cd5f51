"""A daemon that is killed, or fails, at one system call, while it does what a scenario says."""
import contextlib
import os
import signal
import threading
import time

import checks
import injection
from place import Loss, Place, owner, wait_until
from scenarios import scenarios


def daemon_runs(programs):
    """One of each scenario; of a daemon with workers also one in a worker."""
    runs = [DaemonRun(scenario, programs) for scenario in scenarios()]
    if Place.workers > 1:
        runs += [
            (WorkerRun if scenario.arrivals else WorkerStartRun)(scenario, programs) for scenario in scenarios()]
    return runs


class DaemonRun:
    """The daemon on a scenario's spool; of several processes, the parent."""

    def __init__(self, scenario, programs):
        self.scenario, self.programs = scenario, programs

    @property
    def name(self):
        return self.scenario.name

    def record(self):
        with Place(self.programs) as place:
            self.scenario.prepare(place)
            trace = os.path.join(place.root, "trace")
            daemon = place.start_daemon(injection.tracing(trace, injection.CHANGING + injection.LOOKING))
            if not self.finish(place, daemon):
                raise Loss(f"{self.scenario.name}: the recorded daemon ended: {place.log}")
            checks.at_the_end(self.scenario, place)
            return injection.calls_in(trace, place.spool)

    #: How long a run may take, in seconds: a step that is refused six times waits 63 s in all, and a machine may be busy.
    patience = 120

    def finish(self, place, daemon):
        """Waits until every job is where it ends, the operator's repairs and touches included, and stops the
        daemon. False if it ended by itself."""
        scenario = self.scenario
        end = time.monotonic() + self.patience
        while daemon.poll() is None:
            if not place.is_due:
                checks.before_it_is_due(scenario, place)
            if place.is_ready and checks.is_at_rest(place):
                if not place.is_due:
                    scenario.mend(place)
                    place.is_due = True
                if not place.make_due() and checks.is_at_rest(place) and not checks.waits(place):
                    place.stop(daemon)
                    return daemon.returncode == 0
            if time.monotonic() > end:
                lines = injection.injected(os.path.join(place.root, "trace"))
                raise Loss(f"not finished after {self.patience} s: {sorted(place.files())}\n{lines}\n{place.log[-3000:]}")
            time.sleep(0.01)
        place.processes.remove(daemon)
        return False

    def run(self, point):
        """Kills or fails at one point; False if the run never came to it."""
        with Place(self.programs) as place:
            self.scenario.prepare(place)
            trace = os.path.join(place.root, "trace")
            daemon = place.start_daemon(injection.tracing(trace, [point.call], point.injection))
            survived = self.finish(place, daemon)
            if point.error is None:
                if survived:
                    checks.at_the_end(self.scenario, place)
                    return False
                if daemon.returncode != -signal.SIGKILL:
                    raise Loss(f"the daemon ended with {daemon.returncode}: {place.log[-2000:]}")
                checks.after_a_crash(self.scenario, place)
            else:
                lines = injection.injected(trace)
                if not lines:
                    checks.at_the_end(self.scenario, place)
                    return False
                checks.fault_is_told(point, lines, place)
                if not survived:
                    # Only a start may end by a fault; and it says so.
                    if daemon.returncode <= 0 or ": ready\n" in place.log:
                        raise Loss(f"the daemon ended with {daemon.returncode}: {place.log[-2000:]}")
                    checks.after_a_crash(self.scenario, place)
            if not survived and not self.finish(place, place.start_daemon()):
                raise Loss(f"the next daemon ended: {place.log[-2000:]}")
            checks.at_the_end(self.scenario, place)
            return True


class WorkerRun(DaemonRun):
    """A worker that is killed, or fails, from the moment that its first job comes."""

    @property
    def name(self):
        return "worker-" + self.scenario.name

    @property
    def number(self):
        """The worker that the first job belongs to."""
        return owner(self.scenario.arrivals[0].place_name, Place.workers)

    #: Whether a fault may end a worker: only its start, and it says so.
    may_end = False

    def begin(self, place, calls, inject=None):
        """Starts the daemon, traces the worker, and has the jobs come. Returns the worker's process."""
        arrivals = self.scenario.arrivals
        self.scenario.prepare(place, [job for job in self.scenario.jobs if job not in arrivals])
        place.start_daemon()
        wait_until(lambda: f"the daemon: {place.log[-2000:]}", lambda: place.alive() and place.is_ready, 60)
        pid = place.worker_pids()[self.number]
        said = os.path.join(place.root, "strace")
        with open(said, "wb") as out:
            place.start(injection.attaching(pid, self.trace(place), calls, inject), stderr=out)

        def is_traced():
            with open(said) as file:
                return "attached" in file.read()
        wait_until("strace to be attached", is_traced)
        # What an id in new/ meets is the same as at a start: a box comes later.
        for job in sorted(arrivals, key=lambda job: job.box is not None):
            job.put(place)
        return pid

    @staticmethod
    def trace(place):
        return os.path.join(place.root, "trace")

    def record(self):
        with Place(self.programs) as place:
            pid = self.begin(place, injection.CHANGING + injection.LOOKING)
            if not self.finish(place, place.daemon):
                raise Loss(f"{self.name}: the recorded daemon ended: {place.log}")
            checks.at_the_end(self.scenario, place)
            return injection.calls_in(self.trace(place), place.spool, pid)

    def run(self, point):
        with Place(self.programs) as place:
            self.begin(place, [point.call], point.injection)
            if not self.finish(place, place.daemon):
                return self.parent_ended(place, point)
            checks.at_the_end(self.scenario, place)
            died = f"worker {self.number} has ended" in place.log
            if point.error is None:
                return died
            lines = injection.injected(self.trace(place))
            if lines:
                checks.fault_is_told(point, lines, place)
            if died and not self.may_end:
                raise Loss(f"the worker ended: {place.log[-2000:]}")
            return bool(lines)

    def parent_ended(self, place, point):
        raise Loss(f"the parent ended with {place.daemon.returncode}: {place.log[-2000:]}")


class WorkerStartRun(WorkerRun):
    """The parent and all workers from their start on: the first that comes to the call is killed. No process is traced
    any more once one has died, so that a worker which is started again gets further. Programs would be traced, too:
    there are none."""

    def __init__(self, scenario, programs):
        super().__init__(scenario.without_runs(), programs)

    number, may_end = 1, True

    def begin(self, place, calls, inject=None):
        self.scenario.prepare(place)
        daemon = place.start_daemon(injection.tracing(self.trace(place), calls, inject, followed=["-f", "-I", "2"]))
        if inject is None:
            wait_until("the workers", lambda: place.alive() and place.is_ready, 60)
            return place.worker_pids()[self.number]
        threading.Thread(target=self.let_go, args=(place, daemon), daemon=True).start()
        return None

    @staticmethod
    def let_go(place, daemon):
        """Ends strace once a worker has died; not between a fork and its exec, where the child would be left stopped."""
        tracer = 0
        while daemon.poll() is None:
            tracer = tracer or tracer_of(daemon.pid)
            if " has ended" in place.log and (
                    len(place.worker_pids()) == Place.workers or "it is started again in " in place.log):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(tracer, signal.SIGTERM)
                return
            time.sleep(0.01)

    def parent_ended(self, place, point):
        if not self.finish(place, place.start_daemon()):
            raise Loss(f"the next daemon ended: {place.log[-2000:]}")
        checks.at_the_end(self.scenario, place)
        return True


def tracer_of(pid):
    with contextlib.suppress(OSError):  # It has died.
        with open(f"/proc/{pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("TracerPid"))
    return 0
