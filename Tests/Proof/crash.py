#!/usr/bin/env python3
"""Kills the programs at every system call that touches the spool, and makes each of these calls fail.

    crash.py PROGRAMS [--seconds S --seed N] [--only SCENARIO,...] [--kills | --faults | --at POINT] [--jobs N]

Each scenario is recorded once. Then, for each call and each time that it touched the spool, it is run again and the
process is killed on entering that call, until a run survives; and run again with the call failing, once for each error
that it can give. With --workers it is killed and failed in the parent, and once more in a worker: from its first job on,
and for the recovery from its start on. With --seconds it is a random sample of these. Prints what it did and exits with 1 if anything
was lost, doubled without a word in the history, or not explained.
"""
import argparse
import concurrent.futures
import os
import random
import re
import signal
import sys
import threading
import time

import injection
from cases import parse
from daemonruns import daemon_runs
from place import Loss, copied, stop_cleanly
from submissions import submissions
from suppressing import suppressing


# How many scenarios a sample is of.
SAMPLE = 8


class Point:
    """One call to kill or to fail at."""

    def __init__(self, run, call, number, error=None, lasting=False):
        self.run, self.call, self.number, self.error, self.lasting = run, call, number, error, lasting

    @property
    def injection(self):
        what = f"error={self.error}" if self.error else "signal=KILL"
        return f"{self.call}:{what}:when={self.number}" + (f"..{self.number + 5}" if self.lasting else "")

    @classmethod
    def read(cls, run, text):
        """A point as ``injection`` has it."""
        match = re.fullmatch(r"(\w+):(?:error=(\w+)|signal=KILL):when=(\d+)(\.\.\d+)?", text)
        if not match:
            sys.exit(f"crash: {text} is no point")
        return cls(run, match[1], int(match[3]), match[2], bool(match[4]))

    def __str__(self):
        return f"{self.run.name} {self.injection}"


class Count:
    """What was done, for the last lines."""

    def __init__(self):
        self.lock = threading.Lock()
        self.kills = self.faults = self.unreached = self.survived = 0
        self.losses = []
        self.runs = self.total = 0
        self.by_scenario = {}

    def lose(self, what, why):
        self.losses.append(f"{what}: {why}")
        print(f"LOSS {what}: {why}", flush=True)

    def add(self, point, reached, loss):
        with self.lock:
            self.runs += 1
            if sys.stderr.isatty():
                print(f"\r{self.runs} of {self.total}", end="\r", file=sys.stderr)
            if loss is not None:
                self.lose(point, loss)
            elif not reached:
                if point.error:
                    self.unreached += 1
                else:
                    self.survived += 1
                return
            kind = 1 if point.error else 0
            self.by_scenario.setdefault(point.run.name, [0, 0])[kind] += 1
            if point.error:
                self.faults += 1
            else:
                self.kills += 1


def points_of(run, calls, known, options):
    """The kill points and fault points of a scenario, and where its tails begin: (call, number).

    The beginning that it has in common with one that is `known` has been failed there.
    """
    skipped = max((injection.common_beginning(calls, others) for others in known), default=0)
    kills, faults, last, seen = [], [], {}, {}
    for index, call in enumerate(calls):
        if call.name in injection.CHANGING:
            kills.append(Point(run, call.name, call.number))
            # Behind the last one: another run may make more calls, until one survives.
            last[call.name] = call.number
        if index < skipped:
            continue
        # The same look at the same file, for the third time, tells nothing new.
        seen[call.signature] = seen.get(call.signature, 0) + 1
        if call.name in injection.LOOKING and seen[call.signature] > 2:
            continue
        faults += [
            Point(run, call.name, call.number, error) for error in call.errors
            if not (error == "EACCES" and call.name == "openat" and run.scenario.buries_unreadable)]
        if call.name in ("write", "renameat2", "fdatasync"):
            faults.append(Point(run, call.name, call.number, "ENOSPC", lasting=True))
    tails = [(call, number + 1) for call, number in last.items()]
    return ([] if options.faults else kills), ([] if options.kills else faults), ([] if options.faults else tails)


def attempt(run, point, count):
    reached, loss = True, None
    try:
        reached = run.run(point)
    except Loss as error:
        loss = error
    count.add(point, reached, loss)
    return reached or loss is not None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("programs")
    parser.add_argument("--seconds", type=float, help="only a random sample, for so long")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="scenarios, with commas between them")
    parser.add_argument("--kills", action="store_true", help="no faults")
    parser.add_argument("--faults", action="store_true", help="no kills")
    parser.add_argument("--at", help="one point only, as a loss names it: CALL:signal=KILL:when=N")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--can", action="store_true", help="only say whether this machine can do it")
    options = parse(parser)
    missing = injection.is_missing()
    if missing:
        sys.exit(f"crash: {missing}")
    if options.can:
        return
    stop_cleanly()
    started = time.monotonic()
    count = Count()
    try:
        with copied(options.programs) as programs:
            run_all(programs, options, count, started)
    except KeyboardInterrupt:
        print("crash: interrupted; so far:")
    for name, (kills, faults) in sorted(count.by_scenario.items()):
        print(f"  {name}: {kills} kills, {faults} faults")
    print(
        f"crash: {count.kills} kills, {count.faults} faults, {count.survived} runs survived, {count.unreached} faults "
        f"not reached, {time.monotonic() - started:.0f} s: {len(count.losses)} losses")
    sys.exit(1 if count.losses else 0)


def run_all(programs, options, count, started):
    only = set(filter(None, options.only.split(",")))
    known = daemon_runs(programs) + submissions(programs) + suppressing(programs)
    runs = [
        run for run in known
        if (not only or run.name in only) and (os.geteuid() == 0 or not run.scenario.needs_root)]
    if options.seconds and not only:
        # A recording takes as long as some kills do.
        runs = random.Random(options.seed).sample(runs, min(len(runs), SAMPLE))
    if only and not runs:
        sys.exit(f"crash: no such scenario; there are {' '.join(run.name for run in known)}")
    end = started + options.seconds if options.seconds else None
    if options.at:
        for run in runs:
            attempt(run, Point.read(run, options.at), count)
        return
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        def record(run):
            try:
                return run.record()
            except Loss as error:
                count.lose(run.name, error)
                return []

        recordings = list(pool.map(record, runs))
        recorded = [
            (run, points_of(run, calls, recordings[:index], options))
            for index, (run, calls) in enumerate(zip(runs, recordings))]
        work = [(run, point) for run, (kills, faults, _) in recorded for point in kills + faults]
        count.total = len(work)
        print(f"crash: {f'a sample, seed {options.seed}, of ' if end else ''}{len(work)} points", flush=True)
        if end:
            random.Random(options.seed).shuffle(work)

        def one(item):
            if end is None or time.monotonic() < end:
                attempt(item[0], item[1], count)

        def tail(item):
            run, call, number = item
            while attempt(run, Point(run, call, number), count):
                number += 1
                if number > 1000:
                    return count.lose(run.name, f"{call} does not come to an end")

        list(pool.map(one, work))
        if end is None:
            list(pool.map(tail, [(run, *tail) for run, (_, _, tails) in recorded for tail in tails]))


if __name__ == "__main__":
    main()
