#!/usr/bin/env python3
"""Has a relay answer in the wrong order, twice, late or not at all, and holds what the histories say against its own word.

    orders.py PROGRAMS [--only NAME,...] [--mails N]

The relay is a server of this program. It answers one reply of each kind in one way, and for each message it knows for whom
it took it. Whatever it answers in whatever order:

- who is `sent` to in a history was taken by the relay: never a false success;
- who is `refused` is somebody whom the relay refuses: never a false refusal;
- every other job waits, with what is in doubt said to be so; no job is lost.

Prints a line for each order that broke a rule, and exits with 1 if one did.
"""
import argparse
import json
import random
import re
import socket
import threading
import time

import cases
from place import Loss, Place, wait_until

KINDS = ["mail", "rcpt", "data", "dot"]
# A reply in the place of the one after it, and the other way round; every pair of a group.
SWAPS = [(a, b) for index, a in enumerate(["mail", "rcpt", "rcpt2", "data"]) for b in ["rcpt", "rcpt2", "data"][index:]]
LATE = 0.03


class Relay:
    """One way of answering, on a port of its own."""

    def __init__(self, name, pipelining=True):
        self.name, self.pipelining = name, pipelining
        self.lock = threading.Lock()
        # By job and recipient: how often a message was taken, and to whom it was refused.
        self.taken, self.connections = {}, 0
        self.server = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client = self.server.accept()[0]
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.session(self, client).serve, daemon=True).start()

    def close(self):
        self.server.close()


class Session:
    """One connection: what is due as a reply goes through `answer`, which may do something else with it."""

    def __init__(self, relay, client):
        self.relay, self.client, self.input = relay, client, b""
        self.client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.held, self.waiting = [], None
        self.recipients, self.number = [], 0
        self.sending = threading.Lock()

    def is_taken(self, job):
        """Whether the message is taken; where it is not, `answer` has the reply."""
        return True

    def write(self, text):
        with self.sending:
            try:
                self.client.sendall(text.encode() + b"\r\n")
            except OSError:
                pass

    def later(self, text):
        timer = threading.Timer(LATE, self.write, [text])
        timer.daemon = True
        timer.start()

    def answer(self, kind, text):
        way, _, which = self.relay.name.partition("-")
        if self.held and self.waiting == kind:
            # The other one of the pair: it goes first, then what came between, then the first.
            first, *between = self.held
            self.held = []
            for line in [text, *between, first]:
                self.write(line)
        elif self.held:
            self.held.append(text)
        elif way == "swap" and kind == which.split("-")[0]:
            self.held, self.waiting = [text], which.split("-")[1]
        elif way == "behind" and kind == "dot":
            # What follows is answered first.
            self.later(text)
        elif kind != which:
            self.write(text)
        elif way == "twice":
            self.write(text + "\r\n" + text)
        elif way == "again":
            self.write(text)
            self.later(text)
        elif way == "lost":
            pass
        elif way == "other":
            # Another command's reply before its own.
            self.write("250 2.1.0 Ok\r\n" + text)
        else:
            self.write(text)

    def line(self):
        while b"\n" not in self.input:
            if self.held:
                # Nothing more came: a server that waits for it has to say what it holds.
                self.client.settimeout(LATE)
            try:
                data = self.client.recv(65536)
            except socket.timeout:
                for text in self.held:
                    self.write(text)
                self.held = []
                self.client.settimeout(None)
                continue
            self.client.settimeout(None)
            if not data:
                raise EOFError
            self.input += data
        line, _, self.input = self.input.partition(b"\n")
        return line.rstrip(b"\r").decode("utf-8", "replace")

    def serve(self):
        try:
            self.write("220 orders.test ESMTP")
            while self.command(self.line()):
                pass
        except (EOFError, OSError):
            pass
        finally:
            self.client.close()

    def command(self, line):
        word = line[:4].upper()
        if word == "EHLO":
            self.recipients = []
            lines = ["orders.test"] + (["PIPELINING"] if self.relay.pipelining else []) + ["ENHANCEDSTATUSCODES"]
            self.write("\r\n".join(f"250{' ' if i == len(lines) - 1 else '-'}{text}" for i, text in enumerate(lines)))
        elif word == "MAIL":
            self.recipients, self.number = [], 0
            self.answer("mail", "250 2.1.0 Ok")
        elif word == "RCPT":
            self.number += 1
            kind = "rcpt" if self.number == 1 else "rcpt2" if self.number == 2 else "rcpt3"
            address = re.search("<(.*?)>", line).group(1)
            if address.startswith("bad"):
                self.answer(kind, "550 5.1.1 Unknown user")
            else:
                self.recipients.append(address)
                self.answer(kind, "250 2.1.5 Ok")
        elif word == "DATA":
            if not self.recipients:
                self.answer("data", "554 5.5.1 No valid recipients")
                return True
            self.answer("data", "354 Go ahead")
            body = []
            while (text := self.line()) != ".":
                body.append(text)
            job = next((text[5:].strip() for text in body if text.startswith("Job: ")), "?")
            if "refuse-me" in body:
                self.answer("dot", "554 5.6.0 Not this one")
            elif not self.is_taken(job):
                self.answer("dot", "")
            else:
                with self.relay.lock:
                    for address in self.recipients:
                        key = (job, address)
                        self.relay.taken[key] = self.relay.taken.get(key, 0) + 1
                self.answer("dot", "250 2.0.0 Ok")
            self.recipients = []
        elif word == "QUIT":
            self.write("221 2.0.0 Bye")
            return False
        else:
            self.recipients = []
            self.write("250 2.0.0 Ok")
        return True


Relay.session = Session


def orders():
    """Every way of answering, with and without PIPELINING."""
    names = ["none"]
    names += [f"{way}-{kind}" for way in ["twice", "again", "lost", "other"] for kind in [*KINDS, "rcpt2"]]
    names += [f"swap-{a}-{b}" for a, b in SWAPS]
    names += ["behind-dot"]
    return [(name, pipelining) for name in names for pipelining in (True, False)]


MAILS = [
    (["good@x.example"], False), (["bad@x.example"], False), (["good@x.example"], True),
    (["good@x.example", "bad@x.example"], False), (["bad@x.example", "good@x.example"], False),
    (["bad1@x.example", "bad2@x.example"], False), (["good1@x.example", "good2@x.example"], True),
    (["good1@x.example", "bad@x.example", "good2@x.example"], False),
]


def run(programs, name, pipelining, mails):
    relay = Relay(name, pipelining)
    with Place(programs) as place:
        place.initialise()
        waits = "\n".join(f"{phase}_timeout = 400ms" for phase in ["mail", "rcpt", "data", "block", "dot"])
        place.configure(relay.port, relay=f"connections = 3\n{waits}")
        jobs = {}
        for index in range(mails):
            recipients, is_refused = MAILS[index % len(MAILS)]
            job = f"job{index:03d}"
            text = f"Job: {job}\n" + ("refuse-me\n" if is_refused else "")
            jobs[job] = (recipients, is_refused)
            place.write(f"spool/new/{job}", json.dumps({"subject": "x", "text": text, "to": recipients}))
        place.start_daemon()
        wait_until("the daemon to be ready", lambda: place.is_ready)
        # Either everything has its outcome, or nothing moves any more.
        end = time.monotonic() + 6
        while time.monotonic() < end and any(place.names(state) for state in ["new", *place.claimed]):
            time.sleep(0.05)
        place.stop(place.daemon)
        settled = 0
        files = place.jobs()
        for job, (recipients, is_refused) in jobs.items():
            if len(files.get(job, [])) != 1:
                raise Loss(f"{job} is in {[file.state for file in files.get(job, [])]}")
            file = files[job][0]
            if file.state.startswith("done/") or file.state == "dead":
                settled += 1
            for event in file.events:
                to = event.get("to", [])
                for recipient in [to] if isinstance(to, str) else to:
                    if event["event"] == "sent" and not relay.taken.get((job, recipient)):
                        raise Loss(f"{job} is said to be sent to {recipient}, and was not taken: {file.events}")
                    if event["event"] == "refused" and not (recipient.startswith("bad") or is_refused):
                        raise Loss(f"{job} is said to be refused for {recipient}, and is not: {file.events}")
            for recipient in recipients:
                copies = relay.taken.get((job, recipient), 0)
                doubts = sum(event["event"] == "in-doubt" for event in file.events)
                if copies > 1 + doubts:
                    raise Loss(f"{job}: {copies} copies for {recipient}, {doubts} doubts: {file.events}")
    relay.close()
    return settled


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("programs")
    parser.add_argument("--only", default="", help="what orders' names begin with, with commas between them")
    parser.add_argument("--mails", type=int, default=40)
    parser.add_argument("--sample", type=int, help="only so many of the orders, chosen at random")
    options = cases.parse(parser)
    every = cases.chosen(orders(), lambda order: order[0], options.only)
    if options.sample:
        every = random.sample(every, min(options.sample, len(every)))
    settled, losses = cases.run_all(
        every, lambda order: f"{order[0]}{'' if order[1] else ', step by step'}",
        lambda order: run(options.programs, *order, options.mails), 6)
    cases.end(f"orders: {len(every)} orders of replies, {sum(settled)} jobs at their end", losses)


if __name__ == "__main__":
    main()
