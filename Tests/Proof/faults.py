#!/usr/bin/env python3
"""Lets a relay fail at every point of a session in every way, and holds what becomes of the jobs against the rules.

    faults.py PROGRAMS [--seconds S --seed N] [--only CELL,...] [--jobs N]

See cells.py for the points, the ways and the rules, and manners.py for relays that are merely odd. Each daemon meets
many relays, one after the other: it is told of the next one by SIGHUP. Beside the outcome it is checked that the loop never stood still (the watchdog's signs of life
are stamped by the kernel), that another job passed meanwhile, that each job was delivered in the end as often as its
history says and no more, and that no descriptor and no memory was left behind. Prints what it did and exits with 1 if
anything was not as the rules say.
"""
import argparse
import concurrent.futures
import os
import queue
import random
import signal
import subprocess
import sys
import threading
import time

import certificates
import manners
from relaybench import RelayBench
from cells import BETWEEN_JOBS, REFUSED, RELAY, SENT, cells
from cases import parse
from place import Loss, Place, beside, wait_until

# How long each thing is waited for by the daemon.
PATIENCE = "1500ms"
LEAK_LIMIT = 32 << 20


class CellRun:
    """One cell, from its relay's start to the delivery of everything."""

    def __init__(self, bench, cell):
        self.bench, self.cell = bench, cell
        self.relay = cell.name
        self.other = cell.name + ".other"
        # What happens to a connection between two jobs needs two that one process sends.
        self.victim, self.nobody = (beside(self.other, f"{cell.name}.{name}") for name in ["victim", "nobody"])

    def run(self):
        bench, cell = self.bench, self.cell
        bench.tail = b""
        bench.reloads = 0
        login = ["--auth", "proof:secretword", "--require-auth"] if cell.mode in ("starttls", "smtps") else []
        tls = [] if not login else [
            "--tls-cert", f"{bench.certificates}/good.pem", "--tls-key", f"{bench.certificates}/good.key"]
        port = bench.start_sink(*cell.options, *login, *tls)
        self.log, self.process = bench.sink_log, bench.sink
        scheme, host = ("smtps", "localhost") if cell.mode == "smtps" else ("smtp", "localhost" if tls else "127.0.0.1")
        lines = [f"url = {scheme}://{host}:{port}", *cell.settings, f"connect_timeout = {PATIENCE}"]
        lines += [f"{name}_timeout = {PATIENCE}" for name in ["greeting", "mail", "rcpt", "data", "block", "dot"]]
        if login:
            lines += [
                "user = proof", f"password_file = {bench.root}/password", f"ca_file = {bench.certificates}/ca.pem"]
        else:
            lines.append("tls = none")
        self.section = (self.relay, lines)
        bench.reload([self.section])
        before = self.bench.stored(bench.spare_log)
        found = self.meet()
        self.judge(*found)
        self.deliver(found[0])
        self.account(before, bench.stored(bench.spare_log) - before)
        bench.end_sink(self.process, self.log)

    def meet(self):
        """The jobs come, and what becomes of the one that meets the fault is returned."""
        bench, cell = self.bench, self.cell
        if cell.phase in BETWEEN_JOBS:
            self.send(self.other)
            if cell.phase == "rset":
                bench.submit(self.nobody, to="nobody@example.com")
                wait_until("the refusal", lambda: bench.outcome(self.nobody, self.relay))
            elif not (cell.phase == "quit" and cell.action == "early"):
                self.await_fault()
            bench.submit(self.victim)
        else:
            bench.submit(self.victim, large=cell.phase == "body")
            if cell.has_bystander:
                begun = time.monotonic()
                bench.submit(self.other, to="other@example.com")
                wait_until("another job to pass", lambda: bench.job(self.other).state.startswith("done/"), 4)
                self.passed = time.monotonic() - begun
        found = wait_until(
            lambda: f"an outcome: {bench.job(self.victim).bytes} {bench.log[-2000:]}",
            lambda: bench.alive() and bench.outcome(self.victim, self.relay))
        if cell.phase in BETWEEN_JOBS or cell.action == "early":
            self.await_fault()
        if not bench.struck(self.log, cell.phase):
            raise Loss(f"the fault was not met: {found[0]}")
        return found

    def send(self, name):
        self.bench.submit(name, to="other@example.com")
        wait_until(f"{name} to be sent", lambda: self.bench.job(name).state.startswith("done/"))

    def await_fault(self):
        wait_until("the fault", lambda: self.bench.struck(self.log, self.cell.phase))

    def judge(self, outcome, job):
        allowed, code = self.cell.expected
        if outcome not in allowed:
            raise Loss(f"{outcome}, not {' or '.join(sorted(allowed))}: {job.events} {self.bench.log[-1500:]}")
        last = job.events[-1] if job.events else {}
        if code is not None and last.get("code") != code:
            raise Loss(f"not by the reply {code}: {last}")
        if outcome == RELAY:
            if any(word not in ("sending", "returned") for word in job.words):
                raise Loss(f"an attempt was counted: {job.events}")
            wait_until(
                "the breaker to be open", lambda: (self.bench.status_of(self.relay) or {}).get("breaker") == "open", 5)
        elif last.get("attempt") != 1:
            raise Loss(f"not the first attempt: {job.events}")

    def deliver(self, outcome):
        """The next relay takes over where this one has failed; a deferred job is due now."""
        bench = self.bench
        spare = ("spare", [f"url = smtp://127.0.0.1:{bench.spare_port}", "tls = none", "idle_timeout = 300ms"])
        bench.reload([self.section, spare] if outcome == RELAY else [spare])
        bench.make_due()
        if outcome != REFUSED:
            wait_until(
                lambda: f"the delivery: {bench.job(self.victim).bytes} {bench.log[-2000:]}",
                lambda: bench.job(self.victim).state.startswith("done/"))
        if outcome == RELAY:
            sent = bench.job(self.victim).events[-1]
            if sent["attempt"] != 1:
                raise Loss(f"an attempt was counted: {sent}")
            bench.reload([])
        wait_until("the rest", lambda: not any(bench.names(state) for state in ["new", *bench.claimed, "retry/01-30s"]))

    def account(self, before, after):
        """As many copies as the history announces."""
        job = self.bench.job(self.victim)
        copies = after + self.bench.stored(self.log)
        doubts = job.words.count("in-doubt")
        wanted = 0 if job.state == "dead" else 1
        if not wanted <= copies <= wanted + doubts:
            raise Loss(f"{copies} copies, {doubts} doubts: {job.events}")


class CertificateRun:
    """One relay whose TLS or login is not as demanded."""

    def __init__(self, bench, name):
        self.bench, self.name = bench, name

    def run(self):
        bench, name = self.bench, self.name
        bench.tail = b""
        bench.reloads = 0
        port = bench.start_sink(*certificates.options(name, bench.certificates))
        log, process = bench.sink_log, bench.sink
        lines = [
            f"url = smtp://localhost:{port}", "user = proof", f"password_file = {bench.root}/password",
            f"ca_file = {bench.certificates}/ca.pem", f"connect_timeout = {PATIENCE}",
            f"greeting_timeout = {PATIENCE}"]
        if name == "opportunistic":
            return self.refused(lines + ["tls = opportunistic"], process, log)
        bench.reload([(f"tls-{name}", lines)])
        bench.submit(f"tls-{name}.victim")
        found = wait_until(
            lambda: f"an outcome: {bench.log[-2000:]}", lambda: bench.outcome(f"tls-{name}.victim", f"tls-{name}"))
        if found[0] != RELAY or found[1].words:
            raise Loss(f"{found[0]}: {found[1].events}")
        if "(fix the configuration)" not in bench.log:
            raise Loss(f"nobody is told that it does not mend itself: {bench.log}")
        with open(log) as file:
            if '"event":"message"' in file.read():
                raise Loss("it got mail")
        bench.reload([])
        wait_until("the delivery", lambda: bench.job(f"tls-{name}.victim").state.startswith("done/"))
        bench.end_sink(process, log)

    def refused(self, lines, process, log):
        bench = self.bench
        bench.use([("main", lines)])
        check = subprocess.run([*bench.daemon_command, "--check"], stderr=subprocess.PIPE)
        if check.returncode != 78 or b"does not protect a password" not in check.stderr:
            raise Loss(f"--check says {check.returncode} {check.stderr}")
        bench.daemon.send_signal(signal.SIGHUP)
        wait_until("the refusal", lambda: "the configuration stays as it was" in bench.log)
        bench.use([])
        bench.end_sink(process, log)


class MannerRun:
    """One relay that follows no RFC, or another one than its client would like."""

    def __init__(self, bench, manner):
        self.bench, self.manner = bench, manner

    def run(self):
        bench, manner = self.bench, self.manner
        bench.tail = b""
        bench.reloads = 0
        relay = manners.Relay(manner)
        lines = [f"url = smtp://127.0.0.1:{relay.port}", f"greeting_timeout = {PATIENCE}"]
        lines += [line.replace("= password", f"= {bench.root}/password") for line in manner.settings]
        bench.reload([(manner.name, lines)])
        victim = f"{manner.name}.victim"
        bench.submit(victim)
        if manner.outcome == SENT:
            wait_until(
                lambda: f"the delivery: {bench.log[-2000:]}", lambda: bench.job(victim).state.startswith("done/"))
        else:
            wait_until(
                lambda: f"the failure: {bench.log[-2000:]}", lambda: f"relay {manner.name} failed" in bench.log)
            if bench.job(victim).words or relay.mails:
                raise Loss(f"an attempt was made: {bench.job(victim).events}")
        wait_until(lambda: f"{manner.says!r} in the log: {bench.log[-2000:]}", lambda: manner.says in bench.log)
        if "secretword" in bench.log:
            raise Loss("the password is in the log")
        if relay.logins > 2:
            raise Loss(f"{relay.logins} logins: {relay.heard}")
        bench.reload([])
        wait_until("the delivery", lambda: bench.job(victim).state.startswith("done/"))
        relay.close()


class Count:
    def __init__(self):
        self.lock = threading.Lock()
        self.cells = self.certificates = self.signs = self.growth = 0
        self.outcomes = {}
        self.longest = self.memory = 0
        self.losses = []

    def lose(self, name, error):
        with self.lock:
            self.losses.append(name)
            print(f"LOSS {name}: {error}", flush=True)


def work(programs, directory, todo, end, count, options):
    """One daemon, and as many relays as there are until the time is up."""
    with RelayBench(programs, directory) as bench:
        while end is None or time.monotonic() < end:
            try:
                item = todo.get_nowait()
            except queue.Empty:
                break
            is_cell = not isinstance(item, (str, manners.Manner))
            name = f"tls-{item}" if isinstance(item, str) else item.name
            kind = CellRun if is_cell else CertificateRun if isinstance(item, str) else MannerRun
            bench.watchdog.longest = 0.0
            try:
                kind(bench, item).run()
                if bench.watchdog.longest > options.gap:
                    raise Loss(f"the loop stood still for {bench.watchdog.longest * 1000:.0f} ms")
            except Loss as error:
                count.lose(name, error)
                if bench.daemon.poll() is not None:
                    return
                recover(bench)
            with count.lock:
                count.longest = max(count.longest, bench.watchdog.longest)
                if is_cell:
                    count.cells += 1
                else:
                    count.certificates += 1
        bench.reload([])
        bench.settle()
        leaks(bench, count)


def recover(bench):
    """What a failed cell left is delivered, so that the next one begins as the others do."""
    bench.reloads, bench.tail = 0, b""
    bench.reload([])

    def is_empty():
        bench.make_due()
        return not any(bench.names(state) for state in ["new", *bench.claimed, "retry/01-30s", "retry/02-1m"])
    try:
        wait_until("the rest", is_empty)
    except Loss as error:
        print(f"faults: {error}", flush=True)


def leaks(bench, count):
    try:
        wait_until(
            lambda: f"{len(bench.open_files())} descriptors to be {bench.descriptors} again: {bench.open_files()}",
            lambda: bench.descriptor_count() <= bench.descriptors, 8)
        grown = bench.resident() - bench.memory
        with count.lock:
            count.signs += bench.watchdog.signs
            count.memory = max(count.memory, bench.resident("VmHWM"))
            count.growth = max(count.growth, grown)
        if grown > LEAK_LIMIT * len(bench.daemon_pids()):
            raise Loss(f"{grown >> 20} MiB more than at the beginning")
        bench.stop(bench.daemon)
    except Loss as error:
        count.lose("leak", error)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("programs")
    parser.add_argument("--seconds", type=float, help="only a random sample, for so long")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="what cells' names begin with, with commas between them")
    parser.add_argument("--jobs", type=int, default=6, help="how many daemons at a time")
    parser.add_argument("--gap", type=float, default=1.0, help="how long the loop may be without a sign of life, in s")
    parser.add_argument("--can", action="store_true", help="only say whether this machine can do it")
    options = parse(parser)
    for tool in ["openssl", "faketime"]:
        if subprocess.run(["which", tool], stdout=subprocess.DEVNULL).returncode != 0:
            sys.exit(f"faults: {tool}(1) is not installed")
    if options.can:
        return
    started = time.monotonic()
    every = cells() + list(certificates.NAMES) + manners.MANNERS
    prefixes = tuple(filter(None, options.only.split(",")))
    if prefixes:
        every = [item for item in every if (item if isinstance(item, str) else item.name).startswith(prefixes)]
    todo = queue.Queue()
    # Otherwise the daemons are done at different times: the cells of one phase take their time alike.
    random.Random(options.seed).shuffle(every)
    for item in every:
        todo.put(item)
    count = Count()
    end = started + options.seconds if options.seconds else None
    if end:
        print(f"faults: a sample of {len(every)} cells, seed {options.seed}")
    with Place(options.programs) as place:
        directory = os.path.join(place.root, "certificates")
        certificates.make(directory)
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            runs = [
                pool.submit(work, options.programs, directory, todo, end, count, options)
                for _ in range(min(options.jobs, len(every)))]
            for run in runs:
                run.result()
    print(
        f"faults: {count.cells} fault cells, {count.certificates} of TLS and login, {count.signs} signs of life, the "
        f"longest wait for one {count.longest * 1000:.0f} ms, {count.memory >> 20} MiB at most, "
        f"{count.growth >> 20} MiB growth, {time.monotonic() - started:.0f} s: {len(count.losses)} losses")
    sys.exit(1 if count.losses else 0)


if __name__ == "__main__":
    main()
