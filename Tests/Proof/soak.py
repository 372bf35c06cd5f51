#!/usr/bin/env python3
"""Runs everything at once for some minutes, and accounts for every job at the end.

    soak.py PROGRAMS [--minutes N] [--seed N]

Producers of every kind submit without a pause: the command, batches, sendmail, a drop box, and this language by the
file operations that spool(5) gives. Meanwhile the relay misbehaves at random, the daemon is killed, stopped, started,
reloaded and paused, backups by hard links are made and removed, and an operator moves jobs to hold/ and back, out of
cur/, from dead/ to new/, touches and removes them. Then the trouble ends, the same daemon works for a while without being killed, and all is delivered.

What was accepted must be sent, dead, waiting, or removed by the operator; each job in one place, as it was submitted;
mailed again only where its history says that it may be; and the daemon must have no more descriptors, and not much
more memory, than before. Prints the account, and exits with 1 if it does not come out.
"""
import argparse
import collections
import ctypes
import errno
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

from cases import parse
from place import JobFile, Loss, Place, wait_until

# Each for a few messages; then the relay works again until its next start.
FAULTS = [
    "connect=close:3", "greeting=554 5.3.2 Not now:2", "greeting=421 4.3.2 Busy:2", "ehlo=reset:1",
    "mail=451 4.3.0 Later:5", "mail=421 4.3.2 Closing:2", "rcpt=451 4.7.1 Greylisted:20", "rcpt=550 5.1.1 Nobody:4",
    "rcpt=early:1", "data=451 4.3.0 Later:4", "data=close:2", "data=garbage:1", "body=reset:2", "body=close:2",
    "dot=close:3", "dot=reset:2", "dot=451 4.3.0 Disk full:5", "dot=554 5.7.1 Spam:2", "dot=silence:1", "dot=half:1",
    "dot=drip:2", "rset=close:2", "rset=garbage:1", "idle=421 4.4.2 Timeout:3", "mail=silence:1", "rcpt=endless:1",
]
RENAME_NOREPLACE = 1
libc = ctypes.CDLL(None, use_errno=True)


def move(source, target):
    """What mv -n does: one rename, which replaces nothing. False where it was not to be."""
    if libc.renameat2(-100, os.fsencode(source), -100, os.fsencode(target), RENAME_NOREPLACE) == 0:
        return True
    if ctypes.get_errno() in (errno.ENOENT, errno.EEXIST):
        return False
    raise OSError(ctypes.get_errno(), source)


def recipient_of(job):
    if "envelope" in job:
        return job["envelope"]["to"][0]
    return job["to"]


class Soak:
    def __init__(self, place, seed):
        self.place, self.seed = place, seed
        self.lock = threading.Lock()
        # By recipient: each job has one of its own.
        self.accepted, self.removed = {}, {}
        self.by_producer, self.counts = collections.Counter(), collections.Counter()
        self.doubtful = set()
        self.trouble = []
        self.is_over = threading.Event()
        self.is_calm = threading.Event()
        self.daemon = None
        self.sink_logs = []
        self.port = None
        self.number = 0

    # Producers

    def next_job(self, kind):
        with self.lock:
            self.number += 1
            number = self.number
        return number, {
            "template": random.choice(["hello", "hello", "careful"]), "to": f"{kind}{number}@soak.example",
            "params": {"name": "x" * random.choice([1, 10, 3000])},
            **({"priority": random.choice(["high", "bulk"])} if number % 5 == 0 else {})}

    def note(self, kind, jobs):
        with self.lock:
            for job in jobs:
                self.accepted[recipient_of(job)] = job
            self.by_producer[kind] += len(jobs)

    def run(self, command, text, entrance, kind):
        ran = subprocess.run(
            command, input=text, capture_output=True, text=True, cwd="/",
            env={**os.environ, "OUTSPOOL_SPOOL": entrance, "OUTSPOOL_CONFIG": os.path.join(self.place.root, "outspool.conf")})
        if ran.returncode != 0:
            raise Loss(f"{kind}: status {ran.returncode}: {ran.stderr}")
        return ran.stdout

    def command(self, generator):
        number, job = self.next_job("command")
        self.run([self.place.program("outspool"), "submit", "--job", "-", "--id", f"c{number}"],
            json.dumps(job) + "\n", self.place.spool, "command")
        self.note("command", [job])
        # An application that is not sure asks again: it is the same job.
        if generator.random() < 0.2:
            self.run([self.place.program("outspool"), "submit", "--job", "-", "--id", f"c{number}"],
                json.dumps(job) + "\n", self.place.spool, "command")
            self.counts["submitted twice"] += 1

    def batch(self, generator):
        jobs = dict(self.next_job("batch") for _ in range(generator.randint(2, 20)))
        lines = "".join(json.dumps({"id": f"b{number}", "job": job}) + "\n" for number, job in jobs.items())
        printed = self.run([self.place.program("outspool"), "submit", "--batch", "-"], lines, self.place.spool, "batch")
        if len(printed.split()) != len(jobs):
            raise Loss(f"batch: {len(jobs)} jobs, printed {printed}")
        self.note("batch", list(jobs.values()))

    def box(self, generator):
        _, job = self.next_job("box")
        entrance = os.path.join(self.place.spool, "drop", "shop")
        self.run([self.place.program("outspool"), "submit", "--job", "-"], json.dumps(job) + "\n", entrance, "box")
        self.note("box", [job])

    def sendmail(self, generator):
        with self.lock:
            self.number += 1
            to = f"sendmail{self.number}@soak.example"
        self.run([os.path.join(self.place.root, "sendmail"), "-oi", "-f", "soak@example.com", to],
            f"Subject: soak\nTo: {to}\n\n.\nline\n", self.place.spool, "sendmail")
        self.note("sendmail", [{"envelope": {"to": [to]}}])

    def python(self, generator):
        number, job = self.next_job("python")
        draft = os.path.join(self.place.spool, "tmp", f"soak{number}")
        file = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            os.write(file, json.dumps(job).encode() + b"\n")
            os.fsync(file)
        finally:
            os.close(file)
        if not move(draft, os.path.join(self.place.spool, "new", f"p{number}")):
            raise Loss(f"p{number} is there already")
        directory = os.open(os.path.join(self.place.spool, "new"), os.O_RDONLY)
        os.fsync(directory)
        os.close(directory)
        self.note("python", [job])

    # The operator

    def some(self, generator, states):
        state = generator.choice(states)
        names = self.place.names(state)
        return (state, generator.choice(names)) if names else (None, None)

    def path(self, *parts):
        return os.path.join(self.place.spool, *parts)

    def operate(self, generator):
        retry = [state for state in self.place.states if state.startswith("retry/")]
        what = generator.choice(["hold", "release", "release", "requeue", "touch", "touch", "touch", "remove", "snatch"])
        if what == "touch":
            for state in retry + ["scheduled"]:
                for name in self.place.names(state):
                    if generator.random() < 0.5:
                        try:
                            os.utime(self.path(state, name))
                            self.counts["touched"] += 1
                        except FileNotFoundError:
                            pass  # It is claimed.
            return
        sources = {"hold": ["new"] + retry, "release": ["hold"], "requeue": ["dead"], "remove": ["hold"] + retry,
            "snatch": self.place.claimed}
        state, name = self.some(generator, sources[what])
        if name is None:
            return
        by_verb = what != "snatch" and generator.random() < 0.5
        if what == "remove":
            return self.remove(state, name, by_verb)
        if by_verb:
            verb = {"hold": "hold", "release": "release", "requeue": "retry"}[what]
            if self.has_done(verb, name):
                self.counts[f"outspool {verb}"] += 1
            return
        target = "hold" if what in ("hold", "snatch") else "new"
        if move(self.path(state, name), self.path(target, name)):
            self.counts[{"hold": "held", "release": "released", "requeue": "requeued", "snatch": "taken from cur/"}[what]] += 1

    def has_done(self, verb, name):
        """Has a verb of the command do it; false where the job was claimed, or went elsewhere, meanwhile."""
        ran = subprocess.run(
            [self.place.program("outspool"), "--spool", self.place.spool, verb, name], capture_output=True, text=True)
        if ran.returncode not in (0, 66, 75):
            raise Loss(f"outspool {verb} {name}: status {ran.returncode}: {ran.stderr}")
        return ran.returncode == 0

    def remove(self, state, name, by_verb):
        """Removes a job, and keeps what it said last."""
        path = self.path(state, name)
        try:
            file = JobFile(state, path)
            to = recipient_of(file.object)
            with open(path, "rb") as kept:
                if not by_verb:
                    os.unlink(path)
                elif not self.has_done("rm", name):
                    return
                # Whatever was done to it since it was opened is in it.
                file = JobFile(state, f"/proc/self/fd/{kept.fileno()}")
        except FileNotFoundError:
            return  # It is claimed.
        with self.lock:
            self.removed[to] = file
        self.counts["removed"] += 1

    def pause(self, generator):
        name = generator.choice(["pause", "pause.relay.main", "pause.template.hello"])
        path = self.path(name)
        open(path, "w").close()
        self.counts["pauses"] += 1
        self.is_over.wait(generator.uniform(0.2, 2))
        os.unlink(path)
        self.is_over.wait(generator.uniform(2, 6))

    def backup(self, generator):
        """Gives every file that there is a second name, as rsnapshot and rsync's --link-dest do, for a while."""
        copy = os.path.join(self.place.root, "backup")
        # A file that moves meanwhile is missed, or met twice.
        subprocess.run(["cp", "-al", self.place.spool, copy], capture_output=True)
        self.counts["backups"] += 1
        self.is_over.wait(generator.choice([0, 0.5, 5]))
        subprocess.run(["rm", "-rf", copy], check=True)

    # The daemon and the relay

    def start_daemon(self):
        self.daemon = self.place.start_daemon()
        wait_until(lambda: "the daemon to start: " + self.place.log[-2000:],
            lambda: self.place.is_ready or self.daemon.poll() is not None, 60)
        if self.daemon.poll() is not None:
            raise Loss("the daemon ended: " + self.place.log[-2000:])

    def harm(self, generator):
        """One thing that happens to a daemon; it runs afterwards."""
        self.is_over.wait(generator.uniform(1, 8))
        if self.is_calm.is_set() or self.is_over.is_set():
            return
        what = generator.choice(["kill", "kill", "kill", "stop", "still", "reload", "reload"])
        if self.daemon.poll() is not None:
            raise Loss("the daemon ended by itself: " + self.place.log[-3000:])
        workers = list(self.place.worker_pids().values())
        if what == "kill" and workers and generator.random() < 0.7:
            os.kill(generator.choice(workers), signal.SIGKILL)
            self.counts["kills of a worker"] += 1
        elif what == "kill":
            self.daemon.kill()
            self.daemon.wait()
            self.place.processes.remove(self.daemon)
            self.counts["kills"] += 1
            self.start_daemon()
        elif what == "stop":
            if self.place.stop(self.daemon, 60) != 0:
                raise Loss("it did not end well: " + self.place.log[-3000:])
            self.counts["stops"] += 1
            self.start_daemon()
        elif what == "still":
            still = generator.choice([self.daemon.pid, *workers])
            os.kill(still, signal.SIGSTOP)
            self.is_over.wait(generator.uniform(0.1, 3))
            os.kill(still, signal.SIGCONT)
            self.counts["standstills"] += 1
        else:
            self.configure(generator)
            self.daemon.send_signal(signal.SIGHUP)
            self.counts["reloads"] += 1

    def configure(self, generator):
        self.place.configure(
            self.port, main=f"soft_bounce = {generator.choice(['yes', 'no', 'no'])}\nshutdown_grace = 5s",
            relay=f"connections = {generator.randint(2, 12)}\nmail_timeout = 3s\nrcpt_timeout = 3s\n"
                f"data_timeout = 3s\nblock_timeout = 3s\ndot_timeout = 3s\nidle_timeout = 1s\n"
                f"messages_per_connection = {generator.choice([5, 100])}")

    def start_sink(self, *faults):
        options = [word for fault in faults for word in ("--fail", fault)]
        listen = f"127.0.0.1:{self.port or 0}"
        log = os.path.join(self.place.root, f"sink{len(self.sink_logs)}.log")
        output = os.path.join(self.place.root, "sink.out")
        with open(output, "wb") as out:
            self.sink = self.place.start(
                [self.place.program("outspool-sink"), "--listen", listen, "--quiet", "--log", log, *options], stdout=out)
        self.sink_logs.append(log)

        def address():
            if self.sink.poll() is not None:
                raise Loss(f"outspool-sink ended: {self.sink.returncode}")
            with open(output) as file:
                return file.readline().strip()
        self.port = int(wait_until("the relay to listen", address).rsplit(":", 1)[1])

    def change_relay(self, generator):
        self.is_over.wait(generator.uniform(2, 6))
        self.place.stop(self.sink)
        self.is_over.wait(generator.choice([0, 0, 0.5, 2]))
        faults = generator.sample(FAULTS, generator.randint(0, 5))
        self.start_sink(*faults)
        self.counts["relay faults"] += len(faults)

    def repeat(self, action, seed, pace=(0, 0)):
        generator = random.Random(f"{self.seed} {seed}")

        def loop():
            try:
                while not self.is_over.is_set():
                    action(generator)
                    self.is_over.wait(generator.uniform(*pace))
            except Exception as error:  # Whatever it is, the run has failed, and says why.
                self.trouble.append(f"{seed}: {error!r}")
                self.is_over.set()
        thread = threading.Thread(target=loop)
        thread.start()
        return thread

    def measure(self):
        """Descriptors and resident kilobytes of the daemon."""
        return self.place.descriptor_count(), self.place.resident() >> 10

    def go(self, minutes):
        place = self.place
        place.initialise()
        place.add_box("shop")
        os.symlink(place.program("outspool"), os.path.join(place.root, "sendmail"))
        place.write("templates/careful/subject.mustache", "Once\n")
        place.write("templates/careful/text.mustache", "Once, {{name}}.\n")
        place.write("templates/careful/template.conf", "on_doubt = hold\n")
        self.start_sink()
        self.configure(random.Random(self.seed))
        self.start_daemon()
        threads = [
            self.repeat(self.command, "command", (0.02, 0.2)), self.repeat(self.batch, "batch", (0.1, 0.5)),
            self.repeat(self.box, "box", (0.02, 0.2)), self.repeat(self.sendmail, "sendmail", (0.05, 0.4)),
            self.repeat(self.python, "python", (0.01, 0.1)), self.repeat(self.operate, "operator", (0.02, 0.3)),
            self.repeat(self.pause, "pause"), self.repeat(self.change_relay, "relay"),
            self.repeat(self.backup, "backup", (0.05, 0.5)),
        ]
        harm = self.repeat(self.harm, "harm")
        calm = max(minutes * 60 * 0.3, 15)
        self.is_over.wait(minutes * 60 - calm)
        self.is_calm.set()
        harm_ended = self.is_over.is_set()
        # Whatever harm is under way ends; from here on it is one and the same daemon.
        self.wait_for_calm()
        self.is_over.wait(calm / 2)
        before = self.measure() if not harm_ended and not self.is_over.is_set() else None
        self.is_over.wait(calm / 2)
        self.is_over.set()
        for thread in [*threads, harm]:
            thread.join()
        if self.trouble:
            raise Loss("; ".join(self.trouble))
        after = self.measure()
        self.drain()
        return before, after

    def wait_for_calm(self):
        # The longest harm is a stop and a start.
        end = time.monotonic() + 70
        while time.monotonic() < end and not self.is_over.is_set():
            if self.place.is_ready and self.daemon.poll() is None:
                return

    def drain(self):
        """The trouble is over: the operator releases what is held, and all that can be sent is."""
        self.place.stop(self.sink)
        self.start_sink()
        busy = ("new", "cur/", "scheduled", "hold", "retry/", "drop/")

        def is_drained():
            if self.daemon.poll() is not None:
                raise Loss("the daemon ended: " + self.place.log[-3000:])
            for name in self.place.names("hold"):
                move(self.path("hold", name), self.path("new", name))
            self.place.make_due()
            return not any(state.startswith(busy) for state, _ in self.place.files())
        wait_until(lambda: f"all to be delivered: {collections.Counter(state for state, _ in self.place.files())}\n"
            + self.place.log[-3000:], is_drained, 300, 0.2)
        # Connections that are not used are closed: what is left open is the daemon's own.
        time.sleep(3)
        self.idle = self.measure()

    # The account

    def copies(self):
        counts = collections.Counter()
        for log in self.sink_logs:
            with open(log) as file:
                for line in file:
                    event = json.loads(line)
                    if event["event"] == "message" and event["stored"]:
                        counts.update(event["to"])
        return counts

    def account(self, before, after):
        losses = []
        found = collections.defaultdict(list)
        for group in self.place.jobs().values():
            for file in group:
                if file.object is None:
                    losses.append(f"{file.path} is no job")
                else:
                    found[recipient_of(file.object)].append(file)
        copies = self.copies()
        places, again = collections.Counter(), 0
        for to, job in self.accepted.items():
            files = found.pop(to, [])
            if to in self.removed:
                if files:
                    losses.append(f"{to} was removed, and is in {[file.state for file in files]}")
                files = [self.removed[to]]
                places["removed"] += 1
            elif len(files) != 1:
                losses.append(f"{to} is in {[file.state for file in files]}")
                continue
            else:
                places[files[0].state.split("/")[0]] += 1
            file = files[0]
            if "template" in job and file.object != job:
                losses.append(f"{to} has another object")
            if file.state.startswith("done") and not copies[to]:
                losses.append(f"{to} is done, and the relay never took it: {file.words}")
            if file.sent(to) and not copies[to]:
                losses.append(f"{to} says sent, and the relay never took it: {file.words}")
            if copies[to] > 1:
                again += copies[to] - 1
                if copies[to] > 1 + file.announced(to):
                    losses.append(f"{to} got {copies[to]} copies: {file.words}")
        # A submission whose answer nobody saw is no loss; here every producer waits for its answer.
        for to, files in found.items():
            losses.append(f"{to} came from nowhere: {[file.state for file in files]}")
        total = len(self.accepted)
        by_producer = ", ".join(f"{name} {count}" for name, count in sorted(self.by_producer.items()))
        print(f"accepted  {total}: {by_producer}")
        print(f"sent      {places.pop('done', 0)}")
        print(f"dead      {places.pop('dead', 0)}")
        print(f"removed   {places.pop('removed', 0)}")
        print(f"waiting   {sum(places.values())}")
        print("meanwhile " + ", ".join(f"{name} {count}" for name, count in sorted(self.counts.items())))
        print(f"mailed more than once: {again}, each announced in its history" if not losses else f"mailed again: {again}")
        if before:
            growth = after[1] - before[1]
            print(f"daemon    {before[0]} descriptors under load, {after[0]} later, {self.idle[0]} at rest; "
                f"resident {before[1]} kB, {after[1]} kB later, {self.idle[1]} kB at rest")
            if self.idle[0] > before[0] or growth > max(8192, before[1] // 4):
                losses.append("the daemon has grown")
        return losses


def main():
    parser = argparse.ArgumentParser(description="Everything at once, and an account of every job.")
    parser.add_argument("programs")
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=None)
    arguments = parse(parser)
    seed = arguments.seed if arguments.seed is not None else random.randrange(1_000_000)
    random.seed(seed)
    print(f"soak: {arguments.minutes:g} minutes, seed {seed}", flush=True)
    with Place(arguments.programs) as place:
        soak = Soak(place, seed)
        try:
            losses = soak.account(*soak.go(arguments.minutes))
        except Loss as error:
            soak.is_over.set()
            losses = [str(error)]
        for loss in losses[:50]:
            print(f"LOSS: {loss}")
        print(f"soak: {len(soak.accepted)} jobs accepted, {len(losses)} losses")
        return 1 if losses else 0


if __name__ == "__main__":
    sys.exit(main())
