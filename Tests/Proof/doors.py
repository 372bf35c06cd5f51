#!/usr/bin/env python3
"""Kills outspool-smtpd, makes its system calls fail, and has 10,000 hostile clients at it.

    doors.py PROGRAMS crash [--rounds N] [--seed N]      kills at every system call that touches the box, each of them
                                                         failing, and N kills (30) at any moment under load
    doors.py PROGRAMS hostile [--sessions N] [--seed N]  N hostile sessions (10000)
    doors.py PROGRAMS rate [--messages N] [--connections N] [--postfix]
                                                         durable 250s a second, ours and Postfix's in turns
    doors.py PROGRAMS submit --box BOX --name NAME [--connections N]
                                                         a message by each connection, at the same time; prints the ids

What has to hold: no 250 without a whole job on disk under the id that it names; a message that was answered otherwise is
no job, but for one whose reply was lost, which is the same job when the client sends it again; a fault of the disk is a
4yz, and the server lives. Hostile clients get replies and cost bounded memory. Exits with 1 where it does not hold.
"""
import argparse
import json
import os
import random
import re
import select
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import injection


class Loss(Exception):
    """A promise that did not hold."""


class Door:
    """The server, on a spool of its own that no daemon runs on."""

    def __init__(self, programs, root, more=""):
        self.programs, self.root = programs, root
        self.box = os.path.join(root, "spool")
        for name in ("new", "tmp"):
            os.makedirs(os.path.join(self.box, name), exist_ok=True)
        self.configuration = os.path.join(root, "smtpd.conf")
        with open(self.configuration, "w") as file:
            file.write(f"{more}\n[listener test]\nlisten = 127.0.0.1:0\nbox = {self.box}\n")
        self.process, self.port = None, None

    def start(self, prefix=()):
        self.log = open(os.path.join(self.root, "log"), "ab")
        self.process = subprocess.Popen(
            [*prefix, os.path.join(self.programs, "outspool-smtpd"), "--config", self.configuration],
            stdout=subprocess.PIPE, stderr=self.log)
        line = self.process.stdout.readline().decode()
        self.port = int(line.rsplit(":", 1)[1]) if line else None
        return self.port is not None

    def end(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            status = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Loss("does not end within 30 s")
        finally:
            self.process.stdout.close()
            self.log.close()
        return status

    def jobs(self):
        """The jobs by id; one that is not whole is a loss."""
        found = {}
        for name in os.listdir(os.path.join(self.box, "new")):
            with open(os.path.join(self.box, "new", name), "rb") as file:
                text = file.read()
            try:
                found[name] = json.loads(text)
            except ValueError:
                raise Loss(f"new/{name} is torn: {text[-80:]!r}")
        return found

    def resident(self):
        with open(f"/proc/{self.process.pid}/status") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1]) / 1024


class Client:
    """A client of the fewest words. A connection that ends gives the reply 0."""

    def __init__(self, port, timeout=30):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""

    def reply(self):
        while True:
            line, found, rest = self.rest.partition(b"\r\n")
            if found:
                self.rest = rest
                if line[3:4] != b"-":
                    return int(line[:3]), line.decode()
                continue
            try:
                more = self.socket.recv(65536)
            except OSError:
                more = b""
            if not more:
                return 0, ""
            self.rest += more

    def ask(self, text):
        try:
            self.socket.sendall(text)
        except OSError:
            return 0, ""
        return self.reply()

    def mail(self, message, to=b"bob@example.org"):
        """Sends a message; the reply to its end."""
        try:
            self.socket.sendall(b"MAIL FROM:<zoe@example.com>\r\nRCPT TO:<" + to + b">\r\nDATA\r\n")
        except OSError:
            return 0, ""
        for code in (250, 250, 354):
            got, text = self.reply()
            if got != code:
                return got, text
        return self.ask(message + b"\r\n.\r\n")

    def close(self):
        self.socket.close()


def connected(port):
    client = Client(port)
    if client.reply()[0] != 220 or client.ask(b"EHLO client.example\r\n")[0] != 250:
        client.close()
        raise ConnectionError
    return client


def message(name, size=2000):
    return (
        f"From: zoe@example.com\r\nSubject: {name}\r\nMessage-ID: <{name}@client.example>\r\n\r\n" + "text " * (size // 5)
    ).encode()


def queued(text):
    return text.rsplit(" ", 1)[1]


def name_of(job):
    return re.search(r"Message-ID: <(.*)@", job["message"])[1]


def check(door, told):
    """Each 250 has its job; each message at most one."""
    jobs = door.jobs()
    for name, job_id in told.items():
        if job_id not in jobs:
            raise Loss(f"250 for {name} as {job_id}, and no job")
        if name_of(jobs[job_id]) != name:
            raise Loss(f"{job_id} is another job than {name}")
    names = [name_of(job) for job in jobs.values()]
    if len(set(names)) != len(names):
        raise Loss(f"a message is there twice: {sorted(names)}")
    return names


# Kills and faults at every call.


def one_session(door, told):
    """Two messages by one client, each until it has its 250 or the server is gone."""
    try:
        client = connected(door.port)
    except OSError:
        return
    for name in ("one", "two"):
        code, text = client.mail(message(name))
        if code == 250:
            told[name] = queued(text)
        elif code and not 400 <= code < 500:
            raise Loss(f"{name} is answered: {text}")
    client.ask(b"QUIT\r\n")
    client.close()


def recorded(programs):
    with tempfile.TemporaryDirectory() as root:
        door, trace = Door(programs, root, "threads = 1"), os.path.join(root, "trace")
        door.start(injection.tracing(trace, injection.CHANGING + injection.LOOKING))
        told = {}
        one_session(door, told)
        status = door.end()
        if status != 0 or sorted(told) != ["one", "two"]:
            raise Loss(f"recorded with {status}, {told}")
        points, counts = [], {}
        with open(trace, errors="replace") as file:
            for line in file:
                match = re.match(r"(\d+) +(\w+)\(", line)
                if not match:
                    continue
                key = match[1], match[2]
                counts[key] = counts.get(key, 0) + 1
                if door.box in line:
                    points.append(injection.Call(match[2], counts[key], line, root))
        return points


def at_point(programs, call, error=None):
    """One run with a kill or a fault; whether it came to it."""
    what = f"error={error}" if error else "signal=KILL"
    with tempfile.TemporaryDirectory() as root:
        door, trace = Door(programs, root, "threads = 1"), os.path.join(root, "trace")
        told = {}
        place = f"{call.name}:{what}:when={call.number}"
        try:
            is_up = door.start(injection.tracing(trace, [call.name], place))
            if is_up:
                one_session(door, told)
            status = door.end()
            lines = injection.injected(trace)
            if error and is_up and status != 0:
                raise Loss(f"ended with {status} by a fault: {lines}")
            check(door, told)
            # The client tries again what it has no 250 for.
            door.start()
            again = dict(told)
            one_session(door, again)
            door.end()
            if sorted(check(door, again)) != ["one", "two"]:
                raise Loss(f"after a second try: {sorted(door.jobs())}")
        except Loss as loss:
            raise Loss(f"{place}: {loss}")
        return bool(lines) if error else status == -signal.SIGKILL


def crash(options):
    points = recorded(options.programs)
    kills = faults = unreached = 0
    for call in points:
        if call.name in injection.CHANGING:
            if at_point(options.programs, call):
                kills += 1
            else:
                unreached += 1
        for error in call.errors:
            if at_point(options.programs, call, error):
                faults += 1
            else:
                unreached += 1
    print(f"doors: {len(points)} calls, {kills} kills, {faults} faults, {unreached} not reached", flush=True)
    if not kills or not faults:
        raise Loss("nothing was killed")
    under_load(options)


def under_load(options):
    """Clients that try until they have their 250, at a server that is killed at any moment."""
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as root:
        door = Door(options.programs, root)
        door.start()
        told, lock, tries, stop = {}, threading.Lock(), [0], threading.Event()

        def work(number):
            count, client = 0, None
            while not stop.is_set() or client is None:
                name = f"m{number}-{count}"
                try:
                    client = client or connected(door.port)
                    code, text = client.mail(message(name))
                except (OSError, TypeError):
                    code, text, client = 0, "", None
                tries[0] += 1
                if code == 250:
                    with lock:
                        told[name] = queued(text)
                    count += 1
                    if stop.is_set():
                        return
                else:
                    if client:
                        client.close()
                    client = None
                    time.sleep(0.01)

        clients = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for client in clients:
            client.start()
        for _ in range(options.rounds):
            time.sleep(chance.uniform(0.02, 0.3))
            door.end(signal.SIGKILL)
            door.start()
        stop.set()
        for client in clients:
            client.join()
        door.end()
        names = check(door, told)
        print(
            f"doors: {options.rounds} kills under load: {len(told)} messages with a 250 in {tries[0]} tries, "
            f"{len(names)} jobs, none lost, none twice")


# Hostile clients.


def hostile_bytes(chance):
    """What one client sends, in pieces."""
    verbs = [b"EHLO x", b"HELO", b"MAIL FROM:<a@b.c>", b"MAIL FROM:<", b"RCPT TO:<a@b.c>", b"RCPT TO:<>", b"DATA", b"RSET",
             b"NOOP", b"QUIT", b"AUTH PLAIN =", b"AUTH LOGIN", b"STARTTLS", b"VRFY a", b"EXPN a", b"ETRN a", b"HELP", b"BDAT 9",
             b"GET / HTTP/1.1", b"Host: x", b".", b"..", b"", b"MAIL FROM:<a@b.c> SIZE=99999999999999999999",
             b"MAIL FROM:<a@b.c> BODY=8BITMIME BODY=7BIT", b"RCPT TO:<" + b"a" * 600 + b"@b.c>", b"X" * 20000,
             b"RCPT TO:<a@b.c> NOTIFY=NEVER,SUCCESS", b"MAIL FROM:<\xff\xfe@\xc3>", b"RCPT TO:<\"a\r\nb\"@c.d>",
             b"X-Outspool-Params: " + b"[" * 500, b"Subject: =?utf-8?b?" + b"AAAA" * 40 + b"?=", b"From: <<<<<<<<", b"\x00\x01\x02",
             b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"]
    ends = [b"\r\n", b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b"\n\r", b"\r\r\n", b"\0\r\n", b""]
    start = [b"EHLO x\r\n", b"MAIL FROM:<a@b.c>\r\n", b"RCPT TO:<a@b.c>\r\n", b"DATA\r\n"]
    pieces = start[:chance.randrange(5)]
    kind = chance.randrange(6)
    if kind == 0:
        pieces += [bytes(chance.randrange(256) for _ in range(chance.randrange(3000)))]
    elif kind == 1:
        pieces += [chance.choice(verbs) + b"\r\n"] * chance.randrange(2000)
    else:
        pieces += [chance.choice(verbs) + chance.choice(ends) for _ in range(chance.randrange(30))]
    if kind == 2:
        pieces += [b"x" * 60000] * chance.randrange(8)
    return pieces


def hostile(options):
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as root:
        door = Door(options.programs, root, "timeout = 5s\nmax_sessions = 400\nmax_receiving = 16M")
        door.start()
        before, most, open_sockets, refused = door.resident(), 0.0, [], 0
        started = time.monotonic()
        for index in range(options.sessions):
            client = socket.create_connection(("127.0.0.1", door.port), 10)
            client.setblocking(False)
            try:
                for piece in hostile_bytes(chance):
                    client.send(piece)
            except (BlockingIOError, ConnectionError):
                # Nobody reads here: a flood stops where it came from.
                refused += 1
            # Some read, some vanish, some stay, silent, with replies that they do not take.
            fate = chance.randrange(4)
            if fate == 0:
                open_sockets.append(client)
            else:
                if fate == 1:
                    select.select([client], [], [], 0.01)
                    try:
                        client.recv(100000)
                    except OSError:
                        pass
                elif fate == 2:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                client.close()
            if len(open_sockets) > 300:
                open_sockets.pop(chance.randrange(len(open_sockets))).close()
            if index % 100 == 0:
                if door.process.poll() is not None:
                    raise Loss(f"the server ended with {door.process.returncode} after {index} sessions")
                most = max(most, door.resident())
        for client in open_sockets:
            client.close()
        end = time.monotonic() + 30
        while True:
            try:
                client = connected(door.port)
                code, text = client.mail(message("good"))
                if code == 250:
                    break
            except OSError:
                pass
            if time.monotonic() > end:
                raise Loss("a good client is not served any more")
            time.sleep(0.1)
        client.close()
        most = max(most, door.resident())
        status = door.end()
        jobs = door.jobs()
        if status != 0:
            raise Loss(f"ended with {status}")
        if queued(text) not in jobs:
            raise Loss("a 250 without a job")
        if most > 64:
            raise Loss(f"{most:.0f} MB of memory")
        print(
            f"doors: {options.sessions} hostile sessions in {time.monotonic() - started:.0f} s, {refused} stopped by "
            f"back pressure: memory {before:.0f} MB before, {most:.0f} MB at most; a good client is served")


def submit(options):
    """Has a server of its own take a message by each of N connections, and prints the jobs' ids as the box has them."""
    server = subprocess.Popen(
        [os.path.join(options.programs, "outspool-smtpd"), "--listen", "127.0.0.1:0", "--box", options.box],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    port = int(server.stdout.readline().decode().rsplit(":", 1)[1])
    clients, ids = [connected(port) for _ in range(options.connections)], []

    def work(number, client):
        code, text = client.mail(message(f"{options.name}-{number}"))
        ids.append(re.split(r"[+@]", queued(text))[0] if code == 250 else None)

    threads = [threading.Thread(target=work, args=one) for one in enumerate(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Whoever waits for the ids waits no longer than for the replies.
    print("\n".join(filter(None, ids)), flush=True)
    server.kill()
    server.wait()
    if None in ids:
        raise Loss("a message without a 250")


# Rate.


def submit_all(port, count, connections):
    """Durable 250s a second over so many connections, by Postfix's smtp-source(1), which ends at any other reply."""
    start = time.monotonic()
    ran = subprocess.run(
        ["smtp-source", "-d", "-s", str(connections), "-m", str(count), "-l", "2000", "-f", "zoe@example.com", "-t",
         "bob@example.org", f"127.0.0.1:{port}"], capture_output=True, text=True, timeout=600)
    if ran.returncode:
        raise Loss(f"smtp-source: {ran.stderr}")
    return count / (time.monotonic() - start)


def rate(options):
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Benchmarks"))
    rates = {"ours": [], "Postfix": []}
    with tempfile.TemporaryDirectory(dir=options.directory) as root:
        door = Door(options.programs, root)
        door.start()
        peer = None
        if options.postfix:
            from place import Place
            from postfix import Postfix
            place = Place(options.programs)
            place.__enter__()
            peer = Postfix(place, 9, "defer_transports = smtp\n")
        try:
            for index in range(options.rounds):
                for name, port in [("ours", door.port), ("Postfix", peer.port if peer else None)][::1 if index % 2 else -1]:
                    if port:
                        rates[name].append(submit_all(port, options.messages, options.connections))
        finally:
            if peer:
                place.__exit__(None, None, None)
        idle = [connected(door.port) for _ in range(100)]
        print(f"doors: 100 open sessions: {door.resident():.1f} MB")
        for client in idle:
            client.close()
        door.end()
        if len(door.jobs()) != len(rates["ours"]) * options.messages:
            raise Loss(f"{len(door.jobs())} jobs")
    for name, found in rates.items():
        if found:
            print(f"doors: {name}: {statistics.median(found):.0f} durable 250s a second, {options.connections} connections "
                  f"({', '.join(f'{one:.0f}' for one in found)})")
    if rates["Postfix"]:
        print(f"doors: {statistics.median(rates['ours']) / statistics.median(rates['Postfix']):.2f} times Postfix")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("programs")
    parser.add_argument("what", nargs="?", default="crash", choices=["crash", "hostile", "rate", "submit"])
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sessions", type=int, default=10_000)
    parser.add_argument("--messages", type=int, default=4000, help="of each round of the rate")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--postfix", action="store_true")
    parser.add_argument("--box", help="the drop box or spool of submit")
    parser.add_argument("--name", default="m", help="what its messages are called")
    parser.add_argument("--can", action="store_true", help="only say whether this machine can do it")
    parser.add_argument("--directory", help="where the spool of the rate lies")
    options = parser.parse_args()
    if options.rounds is None:
        options.rounds = 3 if options.what == "rate" else 30
    if options.what == "crash" and injection.is_missing():
        sys.exit(f"doors: {injection.is_missing()}")
    if options.can:
        return
    try:
        {"crash": crash, "hostile": hostile, "rate": rate, "submit": submit}[options.what](options)
    except Loss as loss:
        sys.exit(f"doors: LOSS: {loss}")


if __name__ == "__main__":
    main()
