#!/usr/bin/env python3
"""Lets a relay refuse senders, with many of their jobs waiting, and measures how long a good job takes to the server.

    senders.py PROGRAMS [--seconds S] [--only NAME,...]

For each reply (4yz, 5yz, 421, the end of the connection) at each command (MAIL, RCPT, DATA, the dot), for one refused sender
and for as many as there are jobs, with 10, 100 and 1,000 of their jobs waiting, a good job comes at random moments. Each
has to be at the server within a second. No good job is lost, and none is dead. Prints the slowest of each, and exits with 1
if one was too late.
"""
import argparse
import json
import os
import random
import time

import cases
import orders
from place import Loss, Place, wait_until

REPLIES = {"4yz": "451 4.7.1 Try later", "5yz": "550 5.7.0 Not you", "421": "421 4.7.0 Go away", "close": None}
LIMIT = 1.0


class Refusing(orders.Session):
    """Refuses who is named bad."""

    sender = ""

    def strike(self, phase):
        if self.sender.startswith("bad") and phase == self.relay.phase:
            if self.relay.reply is None:
                raise EOFError
            self.write(self.relay.reply)
            if self.relay.reply.startswith("421"):
                raise EOFError
            return True
        return False

    def command(self, line):
        word = line[:4].upper()
        if word == "MAIL":
            self.sender = line.partition("<")[2]
        phase = {"MAIL": "mail", "RCPT": "rcpt", "DATA": "data"}.get(word)
        if phase and self.strike(phase):
            return True
        return super().command(line)

    def answer(self, kind, text):
        if kind == "dot":
            self.relay.seen.setdefault(self.sender, []).append(time.monotonic())
            if self.strike("dot"):
                return
        self.write(text)


class Relay(orders.Relay):
    def __init__(self, phase, reply):
        self.phase, self.reply, self.seen = phase, reply, {}
        super().__init__("none")

    session = Refusing


def run(programs, phase, reply, count, is_one, seconds):
    relay = Relay(phase, REPLIES[reply])
    with Place(programs) as place:
        place.initialise()
        place.configure(relay.port)
        for index in range(count):
            sender = "bad@example.com" if is_one else f"bad{index}@example.com"
            place.write(
                f"spool/new/bad{index:04d}",
                json.dumps({"subject": "x", "text": "x", "to": f"a{index}@example.net", "from": sender}))
        place.start_daemon()
        wait_until("the daemon to be ready", lambda: place.is_ready)
        slowest, good = 0.0, 0
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(random.uniform(0.05, 1.0))
            begun = time.monotonic()
            name = f"good{good}"
            place.write(f"spool/tmp/{name}", json.dumps(
                {"subject": "x", "text": "x", "to": f"{name}@example.net", "from": f"{name}@example.com"}))

            os.rename(f"{place.spool}/tmp/{name}", f"{place.spool}/new/{name}")
            wait_until(lambda: f"{name} to be at the server: {place.log[-1500:]}",
                       lambda: f"{name}@example.com>" in relay.seen, 20, 0.002)
            slowest = max(slowest, time.monotonic() - begun)
            good += 1
        place.stop(place.daemon)
        if any(name.startswith("good") for name in place.names("dead")):
            raise Loss("a good job is dead")
    relay.close()
    if slowest > LIMIT:
        raise Loss(f"a good job took {slowest:.2f} s to the server")
    return slowest, good


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("programs")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--only", default="")
    options = cases.parse(parser)
    every = [
        (f"{phase}-{reply}-{count}{'' if is_one else '-senders'}", phase, reply, count, is_one)
        for phase in ["mail", "rcpt", "data", "dot"] for reply in REPLIES for count in [10, 100, 1000]
        for is_one in [True, False]]
    every = cases.chosen(every, lambda case: case[0], options.only)
    found, losses = cases.run_all(
        every, lambda case: case[0], lambda case: run(options.programs, *case[1:], options.seconds), 12)
    slowest, jobs = max((slow for slow, _ in found), default=0.0), sum(good for _, good in found)
    cases.end(
        f"senders: {len(every)} ways of refusing senders, {jobs} good jobs, the slowest {slowest:.2f} s to the server",
        losses)


if __name__ == "__main__":
    main()
