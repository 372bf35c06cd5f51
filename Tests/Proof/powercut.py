#!/usr/bin/env python3
"""Cuts the power under load, on ext4, XFS and btrfs, and looks at what is on the disk.

    powercut.py PROGRAMS [--rounds N] [--only LOAD,...] [--on FILESYSTEM,...] [--seed N]

A load runs on a filesystem of its own; at random moments, right after something was acknowledged, its disk is copied
(see disks.py). Then each copy is mounted: what was acknowledged before must be there, whole and once, and a daemon
that is started there delivers it. Prints what it did and exits with 1 if anything was lost.

The loads that are called `lying` leave out the last fsync(2) of a submission. There jobs must be missing: where none
is, this proof proves nothing, and it says so and fails.
"""
import argparse
import json
import os
import random
import re
import subprocess
import sys
import threading
import time

import checks
import disks
import injection
from cases import parse
from place import Loss, NOBODY, Place, stop_cleanly, taken_in, wait_until
from scenarios import Job, bounce, event, one

# Between two submissions: time enough that no other's sync helps.
PACE = 0.03
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


class Load:
    """Submissions one after the other, each acknowledged when its program has printed the id."""

    def __init__(self, name, box=None, batch=0, client=False, door=0, lying=False, daemon=False, kinds=("plain",)):
        self.name, self.box, self.batch, self.door, self.lying = name, box, batch, door, lying
        # Its jobs are not this proof's.
        self.client = client or door > 0
        self.daemon, self.kinds = daemon, kinds

    def prepare(self, place):
        place.initialise()
        if self.box:
            subprocess.run(
                [place.program("outspool"), "--spool", place.spool, "dropbox", "add", self.box], check=True,
                stdout=subprocess.DEVNULL)
        os.sync()

    def submit(self, place, number):
        """Submits; (id, object or None) of each job that was acknowledged."""
        entrance = os.path.join(place.spool, "drop", self.box) if self.box else place.spool
        prefix = AS_NOBODY if self.box else []
        if self.lying:
            # strace skips the call and says that it succeeded.
            prefix = prefix + [
                "strace", "-D", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "-e", "inject=fsync:retval=0:when=2"]
        if self.door:
            doors = os.path.join(os.path.dirname(os.path.abspath(__file__)), "doors.py")
            command, text, objects = [
                sys.executable, doors, place.programs, "submit", "--box", entrance, "--name", f"d{number}", "--connections",
                str(self.door)], "", None
        elif self.client:
            command, text, objects = [place.program("example-shop")], "", None
        elif self.batch:
            objects = {f"b{number}-{index}": self.job(number * self.batch + index) for index in range(self.batch)}
            command = [place.program("outspool"), "submit", "--batch", "-"]
            text = "".join(
                json.dumps({"id": name, "job": value}) + "\n" for name, value in objects.items())
        else:
            objects = {f"j{number}": self.job(number)}
            command = [place.program("outspool"), "submit", "--job", "-", "--id", f"j{number}"]
            text = json.dumps(objects[f"j{number}"]) + "\n"
        ran = subprocess.run(
            prefix + command, input=text, text=True, capture_output=True, cwd="/",
            env={**os.environ, "OUTSPOOL_SPOOL": entrance})
        if ran.returncode != 0:
            raise Loss(f"{self.name}: status {ran.returncode}: {ran.stderr}")
        return [(name, objects and objects[name]) for name in ran.stdout.split()]

    def job(self, number):
        kind = self.kinds[number % len(self.kinds)]
        to = [f"{kind}{number}@example.com"] + (["later@example.com"] if kind == "mixed" else [])
        return {"template": "careful" if kind == "careful" else "hello", "to": to, "params": {"name": kind}}

    def resting_name(self, name):
        return taken_in(name, self.box) if self.box else name


class Reports(Load):
    """Bounces of jobs that were sent, each acknowledged when `outspool feedback` has exited with 0."""

    JOBS = 1000

    def prepare(self, place):
        super().prepare(place)
        for number in range(self.JOBS):
            name = f"r{number}"
            Job(name, state="done", history=event("sent", one(name), attempt=1)).put(place)
        os.sync()

    def submit(self, place, number):
        name = f"r{number % self.JOBS}"
        ran = subprocess.run(
            [place.program("outspool"), "--spool", place.spool, "feedback"], input=bounce(name, one(name)), text=True,
            capture_output=True, cwd="/")
        if ran.returncode != 0:
            raise Loss(f"{self.name}: status {ran.returncode}: {ran.stderr}")
        return [(name, None)]

    def are_there(self, place, cut, count):
        """Every acknowledged report waits, whole, or has told its job, once."""
        count.cuts += 1
        count.jobs += len(cut.acknowledged)
        waiting = set()
        for name in place.names("feedback/new"):
            with open(os.path.join(place.spool, "feedback/new", name)) as file:
                waiting.update(re.findall(r"(?m)^Original-Envelope-Id: (\S+)$", file.read()))
        files = place.jobs()
        for name in cut.acknowledged:
            told = self.told(files, name)
            if told > 1 or not (told or name in waiting):
                raise Loss(f"the report of {name}: told {told} times, and {'waits' if name in waiting else 'is gone'}")

    def are_told(self, place, cut):
        """Each has told its job once, and none is left."""
        files = place.jobs()
        for name in cut.acknowledged:
            if self.told(files, name) != 1:
                raise Loss(f"{name} was told {self.told(files, name)} times\n{place.log[-2000:]}")
        if place.names("feedback/new") or place.names("feedback/unmatched"):
            raise Loss(f"reports are left: {place.names('feedback/new')[:5]}")

    @staticmethod
    def told(files, name):
        return sum(file.words.count("bounced") for file in files.get(name, []))


LOADS = [
    Load("lying", lying=True),
    Load("lying-box", box="local", lying=True),
    Load("submit"),
    Load("submit-box", box="local"),
    Load("client", client=True),
    # More than a group: threads.
    Load("batch", batch=40),
    Load("batch-box", box="local", batch=40),
    # Messages by SMTP, at the same time: they share waits for the disk.
    Load("door", door=4),
    Load("door-box", box="local", door=4),
    Load("daemon", daemon=True, kinds=("mixed", "plain", "careful")),
    Load("daemon-box", box="local", daemon=True),
    Reports("feedback"),
    Reports("feedback-daemon", daemon=True),
]


class Cut:
    """A copy of the disk, and what was known a moment before."""

    def __init__(self, acknowledged, retrying, taken):
        self.acknowledged = dict(acknowledged)
        # Deferred jobs that were seen in their bucket, and the recipients whose mail the relay had taken.
        self.retrying, self.taken, self.path = retrying, taken, None


class Count:
    def __init__(self):
        self.cuts = self.jobs = self.missing = self.rounds_with_missing = 0
        self.synced = self.announced = self.unannounced = self.shortened = 0
        self.losses = []


def new_place(programs, spool):
    place = Place(programs, spool)
    place.write("templates/careful/subject.mustache", "Once\n")
    place.write("templates/careful/text.mustache", "Once.\n")
    place.write("templates/careful/template.conf", "on_doubt = hold\n")
    place.write("templates/order-shipped/subject.mustache", "Shipped\n")
    place.write("templates/order-shipped/text.mustache", "Order {{orderId}}.\n")
    return place


def cuts_under(load, kind, disk, programs, rounds, chance):
    """Runs a load on a new disk and cuts the power `rounds` times."""
    spool = os.path.join(disk.make(kind), "spool")
    cuts, acknowledged, condition, trouble = [], [], threading.Condition(), []
    is_over = False

    def produce(place):
        number = 0
        try:
            while not is_over:
                begin = time.monotonic()
                fresh = load.submit(place, number)
                number += 1
                with condition:
                    acknowledged.extend(fresh)
                    condition.notify()
                time.sleep(max(PACE - (time.monotonic() - begin), 0.005))
        except Loss as error:
            with condition:
                trouble.append(error)
                condition.notify()

    with new_place(programs, spool) as place:
        load.prepare(place)
        daemon = None
        if load.daemon:
            place.configure(place.start_sink("--fail", "rcpt(later@example.com)=451 4.7.1 Later"))
            daemon = place.start_daemon()
            wait_until("the daemon", lambda: place.is_ready)
        producer = threading.Thread(target=produce, args=(place,))
        producer.start()
        try:
            for number in range(rounds):
                time.sleep(chance.uniform(0.03, 0.25))
                with condition:
                    before = len(acknowledged)
                    condition.wait_for(lambda: trouble or len(acknowledged) > before, 20)
                    if trouble:
                        raise trouble[0]
                    known = list(acknowledged)
                if load.daemon and chance.random() < 0.7:
                    # Somewhere in the daemon's work on it.
                    time.sleep(chance.uniform(0, 0.02))
                cut = Cut(
                    known, place.names("retry/01-30s"),
                    {to for message in place.messages() for to in message["to"]} if load.daemon else set())
                cut.path = disk.copy(kind, f"{load.name}.{number}")
                cuts.append(cut)
        finally:
            is_over = True
            producer.join()
            if daemon:
                place.stop(daemon)
    disk.unmount(os.path.join(disk.root, "disk"))
    return cuts


def look(load, kind, disk, programs, cut, count):
    """Mounts what a cut left, and starts a daemon there."""
    spool = os.path.join(disk.mount_copy(kind, cut.path), "spool")
    try:
        with new_place(programs, spool) as place:
            of_reports = isinstance(load, Reports)
            present = load.are_there(place, cut, count) if of_reports else are_there(load, place, cut, count)
            place.configure(place.start_sink())
            daemon = place.start_daemon()
            deadline = time.monotonic() + 30
            while True:
                if daemon.poll() is not None or time.monotonic() > deadline:
                    raise Loss(f"the daemon on the copy: {place.log[-2000:]}")
                if place.is_ready and not place.make_due() and checks.is_at_rest(place) and not checks.waits(place) and (
                        checks.are_reported(place)):
                    break
                time.sleep(0.01)
            place.stop(daemon)
            if of_reports:
                load.are_told(place, cut)
            else:
                are_delivered(load, place, cut, count, present)
    finally:
        disk.unmount(os.path.join(disk.root, "disk"))
        os.unlink(cut.path)


def are_there(load, place, cut, count):
    """Every acknowledged job is there, whole, and once; the names of those that are, and in which states."""
    files, present = place.jobs(), {}
    count.cuts += 1
    count.jobs += len(cut.acknowledged)
    missing = []
    for name, expected in cut.acknowledged.items():
        found = files.get(load.resting_name(name), [])
        # The original in the drop box stays until its copy is on disk.
        if not found or len(found) > (2 if load.box else 1):
            missing.append(f"{name} is in {[file.state for file in found]}")
            continue
        for file in found:
            if file.object is None or (expected is not None and file.object != expected):
                missing.append(f"{file.state}/{name} is torn: {file.bytes[:120]}")
                break
        else:
            present[name] = found[-1].state
    for name, group in files.items():
        if any(file.object is None for file in group):
            missing.append(f"{name} is torn")
    for name in cut.retrying:
        for file in files.get(name, []):
            if file.object and file.object["to"][0].startswith("mixed") and not file.sent(file.object["to"][0]):
                missing.append(f"{name} was in its bucket, and its history {file.words} does not say what was sent")
    if missing:
        count.missing += len(missing)
        count.rounds_with_missing += 1
        if not load.lying:
            raise Loss("; ".join(missing[:5]))
    return present


def are_delivered(load, place, cut, count, present):
    files, copies = place.jobs(), place.copies()
    for name, state in present.items():
        found = files.get(load.resting_name(name), [])
        if len(found) != 1 or found[0].state.split("/")[0] not in ("done", "hold"):
            raise Loss(f"{name} ended in {[file.state for file in found]}\n{place.log[-2000:]}")
        file = found[0]
        for to in [] if load.client else file.object["to"]:
            is_held = file.state == "hold"
            if is_held and "in-doubt" not in file.words:
                raise Loss(f"{name} is held: {file.words}")
            if is_held or file.sent(to):
                continue
            # The outcome is not synced before done/, where it only informs.
            if not state.startswith("done/"):
                raise Loss(f"{name} is done, and does not say that {to} got it: {file.words}")
            count.shortened += 1
        if not load.daemon:
            continue
        first = file.object["to"][0]
        if first not in cut.taken:
            continue
        again = copies.get(first, 0)
        if name in cut.retrying:
            if again:
                raise Loss(f"{first} of {name} was sent and synced, and was sent again")
            count.synced += 1
        elif again and first.startswith("careful"):
            raise Loss(f"{first} of {name} got a second mail, which on_doubt = hold forbids")
        elif again and file.announced(first):
            count.announced += again
        elif again:
            count.unannounced += again


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("programs")
    parser.add_argument("--rounds", type=int, default=12, help="cuts for each load and filesystem")
    parser.add_argument("--only", default="", help="loads, with commas between them")
    parser.add_argument("--on", default="", help="filesystems, with commas between them")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--can", action="store_true", help="only say whether this machine can do it")
    options = parse(parser)
    missing = disks.is_missing() or injection.is_missing()
    if missing:
        sys.exit(f"powercut: {missing}")
    if options.can:
        return
    only, kinds = set(filter(None, options.only.split(","))), list(filter(None, options.on.split(",")))
    loads = [load for load in LOADS if not only or load.name in only]
    if not loads or not set(kinds) <= set(disks.FORMAT):
        sys.exit(f"powercut: there are {' '.join(load.name for load in LOADS)}, on {' '.join(disks.FORMAT)}")
    chance, failures, total = random.Random(options.seed), 0, 0
    begin = time.monotonic()
    stop_cleanly()
    with disks.Disks() as disk:
        for kind in kinds or disks.FORMAT:
            for load in loads:
                count = Count()
                try:
                    for cut in cuts_under(load, kind, disk, options.programs, options.rounds, chance):
                        try:
                            look(load, kind, disk, options.programs, cut, count)
                        except Loss as error:
                            count.losses.append(error)
                            print(f"LOSS {kind} {load.name}: {error}", flush=True)
                except Loss as error:
                    count.losses.append(error)
                    print(f"LOSS {kind} {load.name}: {error}", flush=True)
                    disk.unmount(os.path.join(disk.root, "disk"))
                disk.forget(kind)
                total += count.cuts
                failures += len(count.losses)
                if load.lying:
                    # The proof of the proof.
                    print(f"  {kind} {load.name}: jobs missing in {count.rounds_with_missing} of {count.cuts} cuts")
                    if count.rounds_with_missing * 2 < count.cuts:
                        failures += 1
                        print(f"LOSS {kind} {load.name}: without the last fsync(2) jobs must be missing; no proof")
                    continue
                print(
                    f"  {kind} {load.name}: {count.cuts} cuts, {count.jobs} acknowledged jobs looked for, "
                    f"{count.missing} missing" + (
                        f"; sent again: none of {count.synced} that were synced, {count.announced} announced, "
                        f"{count.unannounced} unannounced; {count.shortened} in done/ without their last line"
                        if load.daemon else ""), flush=True)
    print(f"powercut: {total} cuts, {time.monotonic() - begin:.0f} s: {failures} losses")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
