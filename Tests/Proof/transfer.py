#!/usr/bin/env python3
"""Kills `outspool transfer` at random and at every system call, and accounts for every job on both sides.

    transfer.py PROGRAMS [--jobs N] [--kills N] [--points N] [--seed N] [--only PART,...] [--can]

quiet: jobs in every state go to and fro between two spools without daemons, by directory and through a shell in place
of ssh, while either side is killed. daemons: both spools deliver meanwhile. calls: one job, and the transfer killed on
entering each system call that touches a spool, or the call failing; then it is killed once more on its way to go on.
After each kill every job is on exactly one side, or under way, with its bytes, its mtime and its state; in the end it
has arrived. Prints what it did, and exits with 1 if a job was lost, doubled or changed.
"""
import argparse
import contextlib
import json
import os
import random
import shlex
import signal
import subprocess
import sys
import time

import injection
from place import WAITING, Loss, Place, copied, stop_cleanly, wait_until

RETRIES = [state for state in WAITING if state.startswith("retry/")]
STATES = ["new", *RETRIES, "scheduled", "hold", "dead"]


class Side:
    """One of the two spools, as files."""

    def __init__(self, root, name):
        self.name, self.path = name, os.path.join(root, name)

    def files(self, folder):
        try:
            return [entry for entry in os.scandir(os.path.join(self.path, folder)) if entry.is_file()]
        except FileNotFoundError:
            return []

    def jobs(self):
        """Every job that a daemon here could deliver, or has: id, state, path."""
        done = ["done/" + day for day in os.listdir(os.path.join(self.path, "done"))]
        claimed = ["cur/" + name for name in os.listdir(os.path.join(self.path, "cur"))]
        for state in STATES + claimed + done:
            for entry in self.files(state):
                yield entry.name, state, entry.path

    def under_way(self):
        """Every claim of a transfer from here: id, state, path."""
        for transfer in self.names("leaving"):
            for state in STATES:
                for entry in self.files(f"leaving/{transfer}/{state}"):
                    yield entry.name.split("~")[0], state, entry.path

    def names(self, folder):
        try:
            return os.listdir(os.path.join(self.path, folder))
        except FileNotFoundError:
            return []

    def leftovers(self):
        """What a transfer that is through must not leave."""
        return [f"{folder}/{name}" for folder in ("leaving", "arriving") for name in self.names(folder)]


def what(path):
    """A job's bytes and mtime."""
    with open(path, "rb") as file:
        return file.read(), os.fstat(file.fileno()).st_mtime_ns


class Pair:
    """Two spools, the jobs that are in them, and the transfers between them."""

    def __init__(self, programs, root):
        self.programs, self.root = programs, root
        self.sides = [Side(root, "a"), Side(root, "b")]
        # By id: state, bytes, mtime.
        self.jobs = {}
        for side in self.sides:
            subprocess.run([self.outspool, "init", side.path], check=True, stdout=subprocess.DEVNULL)

    @property
    def outspool(self):
        return os.path.join(self.programs, "outspool")

    def fill(self, count, rng, states=STATES, side=0):
        for number in range(count):
            name, state = f"job-{number}", states[number % len(states)]
            text = json.dumps({
                "template": "hello", "to": f"{name}@example.com", "params": {"name": "x" * rng.randrange(3000)}}) + "\n"
            if state != "new" or number % 3 == 0:
                at = time.strftime("%Y-%m-%dT%H:%M:%S.502Z", time.gmtime(time.time() - 60))
                text += json.dumps({"at": at, "event": "scheduled", "submitted": at, "note": name}) + "\n"
            # A line that a power cut tore goes along, too.
            text += '{"at":"20' if number % 50 == 7 else ""
            mtime = time.time_ns() + rng.randrange(-10**13, 10**14 if state != "new" else -1)
            path = os.path.join(self.sides[side].path, state, name)
            with open(path, "w") as file:
                file.write(text)
            os.utime(path, ns=(mtime, mtime))
            self.jobs[name] = (state, text.encode(), mtime)

    def command(self, source, through=None, *options):
        """A transfer from one side to the other: by its directory, or through a line of the shell."""
        target = self.sides[1 - source].path
        words = [self.outspool, "--spool", self.sides[source].path, "transfer", "--dead", *options]
        return words + (["--through", through, "there:" + target] if through else [target])

    def environment(self):
        return {**os.environ, "PATH": self.programs + ":" + os.environ["PATH"]}

    def start(self, *words, **options):
        return subprocess.Popen(
            words, env=self.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            **options)

    def finish(self, source, through=None, *options):
        """Runs a transfer to its end."""
        ran = subprocess.run(
            self.command(source, through, *options), env=self.environment(), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=300)
        if ran.returncode != 0:
            raise Loss(f"the transfer ended with {ran.returncode}: {ran.stderr}")

    def check(self, arrived=None):
        """Each job is on one side, or under way, and as it was; with `arrived`, all are there and nothing is left."""
        on = [{name: (state, path) for name, state, path in side.jobs()} for side in self.sides]
        under_way = {name: (state, path) for side in self.sides for name, state, path in side.under_way()}
        both = on[0].keys() & on[1].keys()
        if both:
            raise Loss(f"on both sides: {sorted(both)[:5]}")
        known = on[0].keys() | on[1].keys() | under_way.keys()
        if known != self.jobs.keys():
            raise Loss(f"lost: {sorted(self.jobs.keys() - known)[:5]}, unknown: {sorted(known - self.jobs.keys())[:5]}")
        for places in (*on, under_way):
            for name, (state, path) in places.items():
                if (state, *what(path)) != self.jobs[name]:
                    raise Loss(f"{name} is not what it was: {state}, {what(path)} and not {self.jobs[name]}")
        if arrived is not None:
            left = under_way or on[1 - arrived] or [name for side in self.sides for name in side.leftovers()]
            if left:
                raise Loss(f"left: {sorted(left)[:5]}")


@contextlib.contextmanager
def pair(programs):
    with Place(programs) as place:
        yield Pair(programs, place.root)


def descendants(process):
    """The processes below one that this program started."""
    parents = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as file:
                parents[int(name)] = int(file.read().rsplit(")", 1)[1].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    found, level = [], [process.pid]
    while level:
        level = [pid for pid, parent in parents.items() if parent in level]
        found += level
    return found


def killed(process, victim):
    """Kills the transfer here, or what runs on the other side; waits for the end of both. False where it was over."""
    below = descendants(process)
    if process.poll() is not None:
        return False
    for pid in [process.pid] if victim == "here" else below:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.communicate(timeout=60)
    # What runs there may have much to settle, and ends by itself.
    wait_until("the other side's end", lambda: not any(os.path.exists(f"/proc/{pid}") for pid in below), 60)
    return process.returncode != 0


def quiet(programs, options, rng):
    """To and fro without daemons. Returns what it did."""
    with pair(programs) as spools:
        spools.fill(options.jobs, rng)
        kills, journeys, source, began = 0, 0, 0, time.monotonic()
        spools.finish(source)
        spools.check(arrived=1)
        once = time.monotonic() - began
        while kills < options.kills:
            source, journeys = 1 - source, journeys + 1
            while True:
                through = 'eval "$2"' if rng.random() < 0.5 else None
                process = spools.start(*spools.command(source, through))
                time.sleep(rng.uniform(0, once / 4))
                was_killed = kills < options.kills and killed(
                    process, rng.choice(["here", "there"]) if through else "here")
                if not was_killed:
                    said = process.communicate(timeout=300)[1].decode()
                    if process.returncode != 0:
                        raise Loss(f"the transfer ended with {process.returncode}: {said}")
                    break
                kills += 1
                spools.check()
            spools.check(arrived=1 - source)
        return (
            f"quiet: {options.jobs} jobs, {kills} kills on {journeys} ways; a whole way undisturbed {once:.2f} s, "
            f"{options.jobs / once:.0f} jobs a second")


def daemons(programs, options, rng):
    """Both daemons deliver while one spool is emptied into the other."""
    with Place(programs) as place:
        spools = Pair(programs, place.root)
        logs, running = [], []
        for side in spools.sides:
            port = place.start_sink()
            logs.append(place.sink_log)
            place.spool = side.path
            place.configure(port)
            os.rename(os.path.join(place.root, "outspool.conf"), os.path.join(place.root, side.name + ".conf"))
        # Those that wait long, so that the source's daemon does not send all of them by itself.
        spools.fill(options.jobs, rng, ["new", *RETRIES, "scheduled", "hold", *["new"] * 4])
        for side in spools.sides:
            with open(os.path.join(place.root, side.name + ".log"), "ab") as log:
                running.append(place.start(
                    [place.program("outspoold"), "--config", os.path.join(place.root, side.name + ".conf")], stderr=log))
        kills, end = 0, time.monotonic() + 300
        while True:
            through = 'eval "$2"' if rng.random() < 0.5 else None
            process = spools.start(*spools.command(0, through, "--wait"))
            time.sleep(rng.uniform(0, 0.3))
            if kills < options.kills // 2 and killed(process, rng.choice(["here", "there"]) if through else "here"):
                kills += 1
                # More to do for the next one.
                if kills % 5 == 0:
                    late = {f"late-{kills}-{number}": None for number in range(20)}
                    for name in late:
                        text = json.dumps({"template": "hello", "to": f"{name}@example.com", "params": {"name": name}})
                        place.spool = spools.sides[0].path
                        place.drop("new", name, text + "\n")
                        spools.jobs[name] = ("new", text.encode(), 0)
                continue
            said = process.communicate(timeout=300)[1].decode()
            if process.returncode != 0:
                raise Loss(f"the transfer ended with {process.returncode}: {said}")
            break
        target = spools.sides[1]

        def settled():
            """All that waits there is made due, and what was held is let go, until all is sent."""
            for state in RETRIES + ["scheduled"]:
                for entry in target.files(state):
                    with contextlib.suppress(FileNotFoundError):
                        os.utime(entry.path)
            for entry in target.files("hold"):
                os.rename(entry.path, os.path.join(target.path, "new", entry.name))
            return not any(target.files(state) for state in STATES + ["cur/main"])
        wait_until(
            lambda: f"the delivery of {[(entry.name, state) for state in STATES for entry in target.files(state)][:9]}",
            settled, 120, 0.1)
        for process in running:
            if process.poll() is not None:
                raise Loss(f"a daemon ended with {process.returncode}")
            place.stop(process)
        ends = [{name: (state, path) for name, state, path in side.jobs()} for side in spools.sides]
        if ends[0].keys() & ends[1].keys() or ends[0].keys() | ends[1].keys() != spools.jobs.keys():
            raise Loss("a job is on both sides, or on none")
        copies = {}
        for log in logs:
            place.sink_log = log
            for name, count in place.copies().items():
                copies[name] = copies.get(name, 0) + count
        for name, (_, contents, _) in spools.jobs.items():
            state, path = ends[0].get(name) or ends[1][name]
            if not state.startswith("done/") or copies.get(f"{name}@example.com") != 1:
                raise Loss(f"{name} is in {state}, sent {copies.get(f'{name}@example.com', 0)} times")
            if not what(path)[0].startswith(contents):
                raise Loss(f"{name} has lost something of its history")
        return (
            f"daemons: {len(spools.jobs)} jobs, {kills} kills; {len(ends[0])} sent by the one that was emptied, "
            f"{len(ends[1])} by the other, each once")


class CallRun:
    """One job and a transfer that is killed at a system call, or whose call fails."""

    def __init__(self, programs, through):
        self.programs, self.through = programs, through

    def prepared(self):
        return pair(self.programs)

    def run(self, spools, injected=None, trace=None, seed=1):
        """One transfer under strace, here or there; its status and what it said."""
        trace = trace or os.path.join(spools.root, "trace")
        calls = [injected.split(":")[0]] if injected else injection.CHANGING + injection.LOOKING
        tracing = injection.tracing(trace, calls, injected)
        command = spools.command(0)
        if self.through:
            receive = [spools.outspool, "transfer", "--receive", "--spool", spools.sides[1].path]
            command = spools.command(0, "exec " + " ".join(map(shlex.quote, tracing + receive)))
        else:
            command = tracing + command
        ran = subprocess.run(
            command, env=spools.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        return ran.returncode, ran.stderr

    def record(self, rng):
        with self.prepared() as spools:
            spools.fill(1, rng, ["retry/03-2m"])
            trace = os.path.join(spools.root, "trace")
            status, said = self.run(spools, trace=trace)
            if status != 0:
                raise Loss(f"the recorded transfer ended with {status}: {said}")
            spools.check(arrived=1)
            return injection.calls_in(trace, spools.root)

    def kill(self, point, rng, again=None, is_forgotten=False):
        """Killed at a point; then, with `again`, at another on the way to go on. False where it was not reached.

        `is_forgotten`: where it has arrived, the other daemon has sent it and its record is removed before the
        transfer goes on, which must not bring it again.
        """
        with self.prepared() as spools:
            spools.fill(1, rng, ["retry/03-2m"])
            status, said = self.run(spools, point)
            if status == 0:
                spools.check(arrived=1)
                return False
            spools.check()
            if is_forgotten:
                for _, _, path in spools.sides[1].jobs():
                    os.unlink(path)
                    spools.jobs.clear()
            if again and self.run(spools, again)[0] != 0:
                spools.check()
            spools.finish(0, rng.choice([None, 'eval "$2"']))
            spools.check(arrived=1)
            return True

    def fail(self, call, error, rng):
        """A call fails once."""
        with self.prepared() as spools:
            spools.fill(1, rng, ["retry/03-2m"])
            status, said = self.run(spools, f"{call.name}:error={error}:when={call.number}")
            if status != 0 and injection.TEXTS[error] not in said:
                raise Loss(f"nothing is said of {call.line.strip()} = {error}: {said}")
            if status == 0 and call.name in ("write", "fsync", "renameat2", "utimensat"):
                raise Loss(f"status 0 in spite of {call.line.strip()} = {error}")
            spools.check()
            spools.finish(0)
            spools.check(arrived=1)


def calls(programs, options, rng):
    """Every system call of one job's transfer."""
    kills = faults = twice = forgotten = 0
    for through in (False, True):
        run = CallRun(programs, through)
        recorded = run.record(rng)
        changing = [call for call in recorded if call.name in injection.CHANGING]
        failing = [(call, error) for call in recorded for error in call.errors]
        points = [f"{call.name}:signal=KILL:when={call.number}" for call in changing]
        if options.points:
            points = rng.sample(points, min(len(points), options.points))
            failing = rng.sample(failing, min(len(failing), options.points))
        for point in points:
            try:
                kills += run.kill(point, rng)
                twice += run.kill(point, rng, again=rng.choice(points))
                forgotten += run.kill(point, rng, is_forgotten=True)
            except Loss as error:
                raise Loss(f"{'there' if through else 'here'}, {point}: {error}")
        for call, error in failing:
            try:
                run.fail(call, error, rng)
                faults += 1
            except Loss as loss:
                raise Loss(f"{'there' if through else 'here'}, {call.name} {call.number} {error}: {loss}")
    return f"calls: {kills} kills, {twice} times two, {forgotten} with a record that went, {faults} failing calls"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("programs")
    parser.add_argument("--jobs", type=int, default=5000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--points", type=int, help="so many system calls only, at random")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="quiet, daemons, calls, with commas between them")
    parser.add_argument("--can", action="store_true", help="only say whether this machine can do it")
    options = parser.parse_args()
    missing = injection.is_missing()
    if options.can:
        sys.exit(f"transfer: {missing}" if missing else 0)
    stop_cleanly()
    parts = {"quiet": quiet, "daemons": daemons, "calls": calls}
    if missing:
        print(f"transfer: without the system calls: {missing}")
        del parts["calls"]
    losses = 0
    with copied(options.programs) as programs:
        for name, part in parts.items():
            if options.only and name not in options.only.split(","):
                continue
            try:
                print(part(programs, options, random.Random(options.seed)), flush=True)
            except Loss as error:
                losses += 1
                print(f"LOSS {name}: {error}", flush=True)
    print(f"transfer: {losses} losses")
    sys.exit(1 if losses else 0)


if __name__ == "__main__":
    main()
