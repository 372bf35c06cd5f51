#!/usr/bin/env python3
"""Several workers under one parent: kills them at random, changes their number, stops one, and counts what all may do together.

    workers.py PROGRAMS [--workers N] [--jobs N] [--only CASE,...] [--seed N]

- kills: a backlog is delivered while workers and the parent are killed at random. Each job is there once, and each mail that
  the relay took more than once is announced in its job's history.
- change: 3 workers, then 1, then 4, each killed under way with jobs in every state, those in cur/ included: none is lost.
- standstill: a worker that is stopped holds up its share of the jobs, by the hash that spool(5) tells, and no other.
- blame: a relay that refuses all in the same way buries three jobs, and not three for each worker.
- connections, few: at the relay there are never more than `connections`, of all workers; fewer than workers serve all.
- rate: no second sees more mails than `rate` lets start.
- tasks: no more programs than `task_concurrency` run, of all workers.

Prints what it did, and exits with 1 if anything was not so.
"""
import argparse
import contextlib
import json
import os
import random
import re
import signal
import subprocess
import threading
import time

import cases
import limits
import orders
from place import Loss, Place, owner, stop_cleanly, wait_until

SLOW = "dot=30ms"
RATE = 10


def submit(place, name, state="new", history="", **members):
    job = {"template": "hello", "to": f"{name}@example.com", "params": {"name": name}, **members}
    place.drop(state, name, json.dumps(job) + "\n" + history)


def is_finished(place):
    """Whether nothing waits or is under way; an operator makes due what is deferred, and lets go what is held."""
    place.alive()
    place.make_due()
    for name in place.names("hold"):
        # It has moved, where the daemon did so.
        with contextlib.suppress(FileNotFoundError):
            os.rename(f"{place.spool}/hold/{name}", f"{place.spool}/new/{name}")
    return not any(place.names(state) for state in place.states if not state.startswith(("done/", "dead")))


def settle(place, limit):
    wait_until(
        lambda: f"the rest: {place.files()[:20]}\n{place.log[-2000:]}", lambda: is_finished(place), limit, 0.5)


def start(place):
    place.start_daemon()
    wait_until(lambda: f"the daemon: {place.log[-2000:]}", lambda: place.alive() and place.is_ready, 60)


def kill_parent(place):
    """kill -9 of the parent alone: its workers have to end by themselves."""
    place.daemon.kill()
    place.daemon.wait()
    place.processes.remove(place.daemon)


def kill_all(place):
    """kill -9 of the parent and its workers, as the death of the machine's memory."""
    workers = place.worker_pids().values()
    for pid in [place.daemon.pid, *workers]:
        os.kill(pid, signal.SIGKILL)
    place.daemon.wait()
    place.processes.remove(place.daemon)
    wait_until("the workers to be gone", lambda: not any(os.path.exists(f"/proc/{pid}") for pid in workers))


def account(place, names):
    """Each is in done/ and nowhere else, and was mailed as often as its history announces. Returns how often again."""
    files, copies, again = place.jobs(), place.copies(), 0
    for name in names:
        found = files.get(name, [])
        if len(found) != 1 or not found[0].state.startswith("done/"):
            raise Loss(f"{name} is in {[file.state for file in found]}: {[file.words for file in found]}")
        to = f"{name}@example.com"
        count, doubts = copies.get(to, 0), found[0].announced(to)
        if not 1 <= count <= 1 + doubts:
            raise Loss(f"{name} was mailed {count} times, with {doubts} doubts: {found[0].words}")
        again += count - 1
    strange = set(files) - set(names)
    if strange:
        raise Loss(f"{len(strange)} jobs that nobody submitted: {sorted(strange)[:5]}")
    return again


def kills(place, options):
    chance = random.Random(options.seed)
    place.configure(place.start_sink(
        "--fail", "rcpt=451 4.7.1 Later:200", "--fail", "dot=close:20", "--delay", "dot=1ms"), "shutdown_grace = 5s")
    names = [f"kill{index}" for index in range(options.jobs)]
    counts = {"workers": 0, "the parent": 0}
    start(place)
    producer = threading.Thread(target=lambda: [submit(place, name) for name in names])
    producer.start()
    while producer.is_alive() or place.names("new"):
        time.sleep(chance.uniform(0.3, 3))
        workers = list(place.worker_pids().values())
        if workers and chance.random() < 0.7:
            # It may have died of the last one.
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(workers), signal.SIGKILL)
                counts["workers"] += 1
        else:
            kill_parent(place)
            counts["the parent"] += 1
            start(place)
    producer.join()
    settle(place, 300)
    if place.stop(place.daemon) != 0:
        raise Loss(f"the daemon did not stop well: {place.log[-2000:]}")
    again = account(place, names)
    if not all(counts.values()):
        raise Loss(f"it was over before anything was killed: {counts}")
    killed = ", ".join(f"{who} {count} times" for who, count in counts.items())
    return f"{len(names)} jobs; killed {killed}; {again} mails again, each announced"


def change(place, options):
    port = place.start_sink("--delay", SLOW, "--fail", "rcpt=451 4.7.1 Later:30")
    later = time.time() + 86400
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    names, held, dead, left = [], [], [], []
    for index in range(30):
        submit(place, f"held{index}", "hold")
        submit(place, f"dead{index}", "dead", json.dumps({"at": stamp, "event": "dead", "reason": "proof"}) + "\n")
        submit(place, f"tomorrow{index}", "scheduled", sendAt=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(later)))
        os.utime(f"{place.spool}/scheduled/tomorrow{index}", (later, later))
        submit(place, f"deferred{index}", "retry/01-30s", json.dumps(
            {"at": stamp, "event": "deferred", "attempt": 1, "to": f"deferred{index}@example.com", "code": 451}) + "\n")
        held, dead = held + [f"held{index}"], dead + [f"dead{index}"]
        names += [f"tomorrow{index}", f"deferred{index}"]
    for count in [3, 1, 4]:
        place.workers = count
        place.configure(port, relay="connections = 20", main="shutdown_grace = 5s")
        fresh = [f"new{count}-{index}" for index in range(1500)]
        for name in fresh:
            submit(place, name)
        names += fresh
        start(place)
        wait_until("claims of each", lambda: sum(
            bool(place.names(state)) for state in place.claimed) >= count and len(place.names("new")) < 1300)
        kill_all(place)
        claims = {state: len(place.names(state)) for state in place.claimed}
        if len([state for state in claims if claims[state]]) < count:
            raise Loss(f"with {count} workers, too little was left in cur/: {claims}")
        left.append(sum(claims.values()))
    place.workers = 2
    place.configure(port, relay="connections = 20")
    start(place)
    wait_until("what is due", lambda: not place.names("new") and not any(place.names(state) for state in place.claimed), 60)
    moved = {state: len(place.names(state)) for state in ["hold", "dead", "scheduled"]}
    # Twice in doubt is held.
    if moved["dead"] != 30 or moved["scheduled"] != 30 or moved["hold"] < 30:
        raise Loss(f"what rests has moved: {moved}")
    for name in dead:
        os.rename(f"{place.spool}/dead/{name}", f"{place.spool}/new/{name}")
    settle(place, 120)
    place.stop(place.daemon)
    again = account(place, [*names, *held, *dead])
    return f"3, 1, 4 and 2 workers; {' + '.join(map(str, left))} jobs taken up from cur/, {again} mails again, announced"


def standstill(place, options):
    place.configure(place.start_sink())
    start(place)
    stopped, count = 2, place.workers
    pid = place.worker_pids()[stopped]
    names = [f"still{index}" for index in range(300)]
    os.kill(pid, signal.SIGSTOP)
    try:
        for name in names:
            submit(place, name)
        others = {name for name in names if owner(name, count) != stopped}

        def sent():
            return {name for day in place.names("done") for name in place.names(f"done/{day}")}
        wait_until(lambda: f"the others' jobs: {sorted(others - sent())[:5]}", lambda: sent() >= others)
        if sent() != others:
            raise Loss(f"{sorted(sent() - others)[:5]} were sent, which are the stopped worker's")

        def said():
            command = [place.program("outspool"), "--config", os.path.join(place.root, "outspool.conf"), "status"]
            return subprocess.run(command, capture_output=True, text=True).stdout
        wait_until(lambda: f"a word in status: {said()}", lambda: re.search(f"worker {stopped} .*: no sign of life", said()), pause=0.5)
    finally:
        os.kill(pid, signal.SIGCONT)
    settle(place, 30)
    place.stop(place.daemon)
    if account(place, names):
        raise Loss("a mail was sent again")
    return f"{len(others)} of {len(names)} jobs passed a stopped worker, and the others waited for it"


def blame(place, options):
    reply = "550 5.4.5 Daily user sending limit exceeded"
    for at in ["mail", "rcpt", "data", "dot"]:
        limits.run(options.programs, limits.Limit("account", reply, at, jobs=500, dead=3))
    return "500 jobs, all refused alike at each of four commands: at most three dead letters"


class Counting(orders.Relay):
    """Takes its time for each mail, and counts how many connections it has at a time."""

    def __init__(self):
        self.standing, self.most, self.times = 0, 0, []
        super().__init__("none")

    class session(orders.Session):
        def serve(self):
            relay = self.relay
            with relay.lock:
                relay.standing += 1
                relay.most = max(relay.most, relay.standing)
            self.stands = True
            try:
                super().serve()
            finally:
                self.leave()

        def leave(self):
            with self.relay.lock:
                self.relay.standing -= self.stands
                self.stands = False

        def command(self, line):
            # It ends with its QUIT: when the thread behind it is woken for the end is the machine's affair.
            if line[:4].upper() == "QUIT":
                self.leave()
            return super().command(line)

        def is_taken(self, job):
            with self.relay.lock:
                self.relay.times.append(time.monotonic())
            time.sleep(0.02)
            return True


def counted(place, count, relay_lines):
    """So many jobs through a counting relay with these lines in its section."""
    relay = Counting()
    place.configure(relay.port, relay=relay_lines)
    start(place)
    for index in range(count):
        submit(place, f"job{index}")
    settle(place, 120)
    place.stop(place.daemon)
    relay.close()
    if len(relay.times) != count:
        raise Loss(f"{len(relay.times)} mails of {count} jobs")
    return relay


def connections(place, options, limit=4):
    relay = counted(place, 400, f"connections = {limit}")
    if relay.most > limit:
        raise Loss(f"{relay.most} connections at a time, of {limit}")
    if relay.most < limit:
        raise Loss(f"only {relay.most} connections of {limit}: the proof proves nothing")
    return f"400 mails over {relay.most} connections at most, of {limit}"


def few(place, options):
    return connections(place, options, limit=2)


def rate(place, options):
    relay = counted(place, 6 * RATE, f"rate = {RATE}/s")
    most = max(sum(begin <= at < begin + 1 for at in relay.times) for begin in relay.times)
    # What was saved up may go at once, and then so many a second.
    if most > 2 * RATE + 1:
        raise Loss(f"{most} mails in a second, with a rate of {RATE}/s")
    took = max(relay.times) - min(relay.times)
    if took < 3:
        raise Loss(f"{len(relay.times)} mails took {took:.1f} s, with a rate of {RATE}/s")
    return f"{len(relay.times)} mails at {RATE}/s took {took:.1f} s, and {most} came in one second"


PROGRAM = """#!/bin/sh
: > ../../running/$OUTSPOOL_ID
ls ../../running | wc -l >> ../../counts
sleep 0.1
rm ../../running/$OUTSPOOL_ID
"""


def tasks(place, options, limit=2):
    place.write("templates/work/run", PROGRAM)
    os.chmod(f"{place.root}/templates/work/run", 0o755)
    os.mkdir(f"{place.root}/running")
    place.configure(place.start_sink(), f"task_concurrency = {limit}")
    start(place)
    for index in range(90):
        place.drop("new", f"task{index}", '{"template": "work", "params": {}}\n')
    settle(place, 120)
    place.stop(place.daemon)
    with open(f"{place.root}/counts") as file:
        counts = [int(line) for line in file]
    if len(counts) != 90 or place.names("dead"):
        raise Loss(f"{len(counts)} runs of 90 tasks, {len(place.names('dead'))} dead")
    if max(counts) != limit:
        raise Loss(f"{max(counts)} programs at a time, with task_concurrency = {limit}")
    return f"90 tasks, {limit} programs at a time at most"


CASES = [kills, change, standstill, blame, connections, few, rate, tasks]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("programs")
    parser.add_argument("--jobs", type=int, default=100_000, help="of the kills (100000)")
    parser.add_argument("--only", default="", help="cases, with commas between them")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--can", action="store_true", help="only say whether this machine can do it")
    parser.set_defaults(workers=3)
    options = cases.parse(parser)
    if options.can:
        return
    stop_cleanly()
    every = cases.chosen(CASES, lambda case: case.__name__, options.only)

    def check(case):
        with Place(options.programs) as place:
            place.initialise()
            begun = time.monotonic()
            said = case(place, options)
            print(f"  {case.__name__}: {said}, {time.monotonic() - begun:.0f} s", flush=True)

    _, losses = cases.run_all(every, lambda case: case.__name__, check, 1)
    cases.end(f"workers: {len(every)} cases with {options.workers} workers", losses)


if __name__ == "__main__":
    main()
