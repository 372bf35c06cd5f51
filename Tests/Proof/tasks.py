#!/usr/bin/env python3
"""Runs tasks of mixed length beside mail, measures the mail, kills what runs, and accounts for every job.

    tasks.py PROGRAMS [--tasks N] [--mails N] [--rate N] [--seed N] [--can]

First mail flows at a constant rate, by turns with tasks beside it and without: the time from the rename into new/ to
the relay's 250 is to be the same. Then as much flows again while the daemon and the programs of tasks are killed at
random. In the end each mail has been sent and each task is done or dead, as often as its history says and no more;
no process, no zombie and no descriptor is left. Prints what it did, and exits with 1 if it does not come out.
"""
import argparse
import calendar
import json
import os
import random
import signal
import sys
import threading
import time

from cases import parse
from place import JobFile, Loss, Place, children, stop_cleanly, wait_until

# Seconds, and how many of a hundred tasks take so long. Some wait, some work.
LENGTHS = [(0.0, 60), (0.05, 25), (0.3, 10), (1.0, 4), (3.0, 1)]
# Mails' turns without tasks and with them.
TURNS = 4

PROGRAM = """#!/bin/sh
# {"seconds":S,"busy":B,"id":...}
read -r params
seconds=${params#*'"seconds":'}; seconds=${seconds%%,*}
echo "$OUTSPOOL_ID $OUTSPOOL_ATTEMPT" >> ../../runs
case $params in
*'"leaves":true'*) setsid sleep 600 < /dev/null > /dev/null 2>&1 & ;;
*'"busy":true'*) timeout "$seconds" sh -c 'while :; do :; done' ;;
esac
echo "half of it" >&3
sleep "$seconds"
case $OUTSPOOL_ATTEMPT$params in
1*'"later":true'*) echo "not now" >&2; exit 75 ;;
*'"never":true'*) echo "not ever" >&2; exit 65 ;;
esac
"""


def percentile(values, share):
    values = sorted(values)
    return values[min(int(len(values) * share), len(values) - 1)] if values else 0.0


class Tasks:
    def __init__(self, place, options):
        self.place, self.options = place, options
        self.random = random.Random(options.seed)
        self.mails, self.tasks = {}, {}
        self.kills = {"daemon": 0, "workers": 0, "programs": 0}

    def submit(self, name, job):
        self.place.drop("new", name, json.dumps(job) + "\n")

    def mail(self, label):
        name = f"mail{len(self.mails)}"
        self.mails[name] = label
        self.submit(name, {"template": "hello", "to": f"{name}@example.com", "params": {"name": name}})

    def task(self):
        number = len(self.tasks)
        seconds = self.random.choices([s for s, _ in LENGTHS], [n for _, n in LENGTHS])[0]
        params = {
            "seconds": seconds, "busy": not self.options.idle and number % 3 == 0 and seconds > 0, "leaves": number % 20 == 7, "later": number % 25 == 3,
            "never": number % 50 == 11}
        name = f"task{number}"
        self.tasks[name] = params
        job = {"template": "work", "params": params}
        # As the daemon writes them: the program reads the text.
        self.place.drop("new", name, json.dumps(job, separators=(",", ":")) + "\n")

    def flow(self, label, mails, tasks):
        """So many mails at the rate, with the tasks spread among them."""
        begin, given = time.monotonic(), 0
        for index in range(mails):
            self.mail(label)
            while given < tasks * (index + 1) // mails:
                self.task()
                given += 1
            pause = begin + (index + 1) / self.options.rate - time.monotonic()
            if pause > 0:
                time.sleep(pause)

    def is_finished(self):
        self.place.alive()
        return not any(self.place.names(state) for state in self.place.states if not state.startswith(("done", "dead")))

    def settle(self, limit):
        """Until nothing waits; what is deferred is made due."""
        end = time.monotonic() + limit
        while not self.is_finished():
            if time.monotonic() > end:
                raise Loss(f"not finished: {self.place.files()[:20]}\n{self.place.log[-3000:]}")
            self.place.make_due()
            for name in self.place.names("hold"):
                # Twice in doubt: the operator has looked at it.
                os.rename(os.path.join(self.place.spool, "hold", name), os.path.join(self.place.spool, "new", name))
            time.sleep(0.1)

    def latencies(self):
        """Milliseconds from the submission to `sent`, by label; of mails that were sent at once."""
        found = {}
        for name, label in self.mails.items():
            for day in self.place.names("done"):
                path = os.path.join(self.place.spool, "done", day, name)
                if os.path.exists(path):
                    events = JobFile("done", path).events
                    if [event["event"] for event in events] == ["sending", "sent"]:
                        found.setdefault(label, []).append(
                            (moment(events[1]["at"]) - moment(events[0]["submitted"])) * 1000)
        return found

    # Trouble

    def marked(self):
        """The processes of this spool's tasks, by the mark in their environment."""
        status = os.stat(self.place.spool)
        mark = f"OUTSPOOL_MARK={status.st_dev}:{status.st_ino}:".encode()
        found = []
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    with open(f"/proc/{entry}/environ", "rb") as file:
                        if mark in file.read():
                            found.append(int(entry))
                except OSError:
                    pass  # It has ended.
        return found

    def children(self):
        """What the daemon's processes have started, but its workers."""
        daemon = self.place.daemon_pids()
        return [child for pid in daemon for child in children(pid) if child not in daemon]

    def kill(self, over):
        while not over.wait(self.random.uniform(0.1, 0.6)):
            chance = self.random.random()
            workers = list(self.place.worker_pids().values())
            if workers and chance < 0.15:
                os.kill(self.random.choice(workers), signal.SIGKILL)
                self.kills["workers"] += 1
            elif chance < 0.25:
                daemon = self.place.daemon
                daemon.kill()
                daemon.wait()
                self.place.processes.remove(daemon)
                self.kills["daemon"] += 1
                self.start()
            else:
                for process in self.marked()[:2]:
                    try:
                        os.kill(process, signal.SIGKILL)
                        self.kills["programs"] += 1
                    except ProcessLookupError:
                        pass

    def start(self):
        self.place.start_daemon()
        wait_until("the daemon", lambda: self.place.alive() and self.place.is_ready)

    # The account

    def account(self):
        files, copies = self.place.jobs(), self.place.copies()
        with open(os.path.join(self.place.root, "runs")) as file:
            runs = file.read().split("\n")
        counts = {}
        for line in runs:
            counts[line.split(" ")[0]] = counts.get(line.split(" ")[0], 0) + 1
        ends = {}
        for name in list(self.mails) + list(self.tasks):
            if len(files.get(name, [])) != 1:
                raise Loss(f"{name} is in {[file.state for file in files.get(name, [])]}")
            file, = files[name]
            words, state = file.words, file.state.split("/")[0]
            if name in self.mails:
                doubts = file.announced(f"{name}@example.com")
                count = copies.get(f"{name}@example.com", 0)
                if state != "done" or not 1 <= count <= 1 + doubts:
                    raise Loss(f"{name} is in {state}, sent {count} times: {words}")
                continue
            wanted = "dead" if self.tasks[name]["never"] else "done"
            if state != wanted or words[-1] != wanted:
                raise Loss(f"{name} is in {state}, not in {wanted}: {words}")
            again = sum(word in ("deferred", "in-doubt", "returned") for word in words)
            if not 1 <= counts.get(name, 0) <= words.count("running") or words.count("running") != 1 + again:
                raise Loss(f"{name} ran {counts.get(name, 0)} times: {words}")
            ends[state] = ends.get(state, 0) + 1
        if len(files) != len(self.mails) + len(self.tasks):
            raise Loss("there are jobs that nobody submitted")
        doubts = sum("in-doubt" in file.words for group in files.values() for file in group)
        return ends, sum(counts.get(name, 0) for name in self.tasks), doubts

    def nothing_is_left(self, before):
        wait_until(lambda: f"processes to end: {self.marked()}", lambda: not self.marked(), limit=10)
        wait_until(lambda: f"children to end: {self.children()}", lambda: not self.children(), limit=10)
        wait_until(
            lambda: f"descriptors to be closed: {self.place.descriptor_count()}, and {before} before",
            lambda: self.place.descriptor_count() <= before, limit=20)

    def run(self):
        place, options = self.place, self.options
        place.initialise()
        place.write("templates/work/run", PROGRAM)
        os.chmod(os.path.join(place.root, "templates/work/run"), 0o755)
        place.configure(place.start_sink(), f"task_concurrency = {options.concurrency}\ntask_nice = {options.nice}\nmax_age = 1d")
        self.start()
        self.flow("warm", 20, 1)
        self.settle(60)
        # Connections are closed when they have been idle.
        time.sleep(6)
        before = place.descriptor_count()
        half, share = options.mails // 2, options.tasks // 2
        for turn in range(TURNS):
            with_tasks = turn % 2 == 1
            self.flow("with" if with_tasks else "without", half // TURNS, 2 * share // TURNS if with_tasks else 0)
            self.settle(300)
        self.nothing_is_left(before + 1)
        times = self.latencies()
        for label in ("without", "with"):
            print(
                f"tasks: {len(times[label])} mails {label} tasks beside them, {options.rate} a second: "
                f"median {percentile(times[label], 0.5):.1f} ms, p99 {percentile(times[label], 0.99):.1f} ms, "
                f"most {max(times[label]):.1f} ms", flush=True)
        over = threading.Event()
        killer = threading.Thread(target=self.kill, args=(over,))
        killer.start()
        try:
            self.flow("killed", half, share)
        finally:
            over.set()
            killer.join()
        self.settle(300)
        time.sleep(6)
        self.nothing_is_left(before + 1)
        if place.stop(place.daemon) != 0:
            raise Loss("the daemon did not stop as it should")
        ends, runs, doubts = self.account()
        print(
            f"tasks: {len(self.tasks)} tasks, {runs} runs: {ends.get('done', 0)} done, {ends.get('dead', 0)} dead; "
            f"{len(self.mails)} mails sent; {doubts} jobs in doubt; the daemon killed {self.kills['daemon']} times, "
            f"workers {self.kills['workers']}, programs {self.kills['programs']} times: 0 losses")
        if options.most and percentile(times["with"], 0.99) > max(
                options.most * percentile(times["without"], 0.99), options.floor):
            raise Loss("mail is slower with tasks beside it")


def moment(text):
    """Seconds since 1970."""
    whole, _, rest = text.rstrip("Z").partition(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + float("0." + (rest or "0"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("programs")
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--mails", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=100, help="mails a second")
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--most", type=float, default=0, help="how many times slower than without tasks is a loss")
    parser.add_argument("--floor", type=float, default=50, help="milliseconds that are never a loss")
    parser.add_argument("--idle", action="store_true", help="programs that wait and compute nothing")
    parser.add_argument("--nice", type=int, default=10, help="task_nice")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--can", action="store_true", help="only say whether this machine can do it")
    options = parse(parser)
    if options.can:
        sys.exit(0 if os.path.exists("/proc/self/task") else "tasks: there is no /proc")
    stop_cleanly()
    try:
        with Place(options.programs) as place:
            Tasks(place, options).run()
    except Loss as error:
        print(f"LOSS {error}")
        sys.exit(1)


if __name__ == "__main__":
    main()
