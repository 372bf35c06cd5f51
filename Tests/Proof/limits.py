#!/usr/bin/env python3
"""Relays with limits: on mails in a session, on connections, on recipients, on what an account may send, and on what they remember.

    limits.py PROGRAMS [--only NAME,...]

Each limit concerns what is left, and nothing else: every mail is sent, once to each recipient, and no attempt is counted but
where the relay lost a command. An account's limit buries three jobs at most, and the next relay takes over. Prints a line
for each limit that cost more, and exits with 1 if one did.
"""
import argparse
import json
import select
import time
from dataclasses import dataclass

import cases
import orders
from place import Loss, Place, wait_until


@dataclass(frozen=True)
class Limit:
    kind: str
    reply: str
    at: str = ""
    jobs: int = 60
    recipients: int = 1
    # Of the relay's section.
    settings: str = ""
    # How many jobs it may cost, and whether an attempt.
    dead: int = 0
    counts: bool = False

    @property
    def name(self):
        return "-".join(filter(None, [self.kind, self.at, self.reply[:3]]))


LIMITS = [
    *(Limit("session", f"{code} Too many messages in this session", at, settings="connections = 2")
      for code in ["421", "450", "452", "550", "554"] for at in ["mail", "rcpt", "data"]),
    Limit("session", "451 4.3.0 Try later", "mail", settings="connections = 2"),
    Limit("connections", "421 4.7.0 Too many concurrent SMTP connections"),
    Limit("connections", "554 5.7.0 Too many connections"),
    *(Limit("recipients", reply, "rcpt", jobs=6, recipients=23) for reply in [
        "452 4.5.3 Too many recipients", "452 Too many", "450 4.5.3 Too many", "550 5.5.3 Too many recipients",
        "554 5.5.3 Limit", "552 Too many recipients"]),
    Limit("recipients", "554 Transaction failed: Recipient count exceeds 5", "dot", jobs=6, recipients=23),
    Limit("recipients", "452 4.5.3 Too many recipients", "dot", jobs=6, recipients=23),
    *(Limit("account", reply, at, jobs=500, dead=3) for at in ["mail", "rcpt", "data", "dot"] for reply in [
        "550 5.4.5 Daily user sending limit exceeded", "554 Policy of the day"]),
    Limit("forgetful", "250", "rcpt", jobs=10, settings="connections = 1", counts=True),
    Limit("forgetful", "250", "dot", jobs=20, settings="connections = 1"),
]


class Session(orders.Session):
    mails, group = 0, 0

    def strikes(self, phase):
        limit = self.relay.limit
        if phase != limit.at:
            return False
        if limit.kind == "session":
            return self.mails >= 5
        if limit.kind == "recipients":
            return (self.number if phase == "rcpt" else len(self.recipients)) > 5
        return limit.kind == "account"

    def refuse(self):
        self.write(self.relay.limit.reply)
        if self.relay.limit.reply.startswith("421"):
            raise EOFError

    def command(self, line):
        word = line[:4].upper()
        phase = {"MAIL": "mail", "RCPT": "rcpt", "DATA": "data"}.get(word)
        if phase == "rcpt":
            self.number += 1
        if phase and self.strikes(phase):
            self.refuse()
            return True
        if phase == "rcpt":
            self.number -= 1
        if phase == "mail":
            self.number = 0
        if self.relay.limit.kind == "forgetful" and phase == "rcpt" and self.relay.limit.at == "rcpt":
            self.forget()
        return super().command(line)

    def forget(self):
        """What came together with what was read is lost."""
        time.sleep(0.02)
        while select.select([self.client], [], [], 0)[0] and self.client.recv(65536):
            pass
        self.input = b""

    def is_taken(self, job):
        # What has no line of a job is the dot that ends a refused mail.
        if self.strikes("dot") or job == "?":
            return False
        self.mails += 1
        return True

    def answer(self, kind, text):
        if kind == "dot" and self.strikes("dot"):
            return self.refuse()
        if kind == "dot" and not text:
            text = "554 5.5.1 No valid recipients"
        if kind == "dot" and self.relay.limit.kind == "forgetful" and self.relay.limit.at == "dot":
            self.forget()
        if kind == "dot" and self.relay.limit.kind == "connections":
            time.sleep(0.03)
        self.write(text)

    def serve(self):
        relay = self.relay
        with relay.lock:
            relay.standing += 1
            is_over = relay.limit.kind == "connections" and relay.standing > 3
        try:
            if is_over:
                self.write(relay.limit.reply)
                self.client.close()
            else:
                super().serve()
        finally:
            with relay.lock:
                relay.standing -= 1


class Relay(orders.Relay):
    session = Session

    def __init__(self, limit):
        self.limit, self.standing = limit, 0
        super().__init__("none")


def run(programs, limit):
    relay = Relay(limit)
    with Place(programs) as place:
        place.initialise()
        waits = "\n".join(f"{phase}_timeout = 1s" for phase in ["mail", "rcpt", "data"])
        spare = ""
        if limit.kind == "account":
            spare = f"\n[relay spare]\nurl = smtp://127.0.0.1:{place.start_sink()}\ntls = none"
        place.configure(relay.port, relay=f"{limit.settings}\n{waits}{spare}")
        for index in range(limit.jobs):
            recipients = [f"r{number}.{index}@example.net" for number in range(limit.recipients)]
            place.write(f"spool/new/job{index:03d}", json.dumps(
                {"subject": "x", "text": f"Job: job{index:03d}\n", "to": recipients[0], "bcc": recipients[1:]}))
        begun = time.monotonic()
        place.start_daemon()

        def is_over():
            if limit.counts:
                place.make_due()
            return not any(place.names(state) for state in place.states if state == "new" or state.startswith(("cur", "retry")))
        wait_until(lambda: f"the end: {place.log[-1500:]}", is_over, 30)
        took = time.monotonic() - begun
        place.stop(place.daemon)
        dead = place.names("dead")
        if len(dead) > limit.dead:
            raise Loss(f"{len(dead)} dead letters")
        for name, files in place.jobs().items():
            for event in files[0].events:
                if event.get("attempt", 1) > 1 and not limit.counts:
                    raise Loss(f"{name}: an attempt was counted: {files[0].events}")
        if limit.kind != "account":
            copies = list(relay.taken.values())
            if len(copies) != limit.jobs * limit.recipients or max(copies) > 1:
                raise Loss(f"{len(copies)} recipients have {sum(copies)} copies")
        elif took > 8:
            raise Loss(f"it took {took:.1f} s")
    relay.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("programs")
    parser.add_argument("--only", default="")
    options = cases.parse(parser)
    every = cases.chosen(LIMITS, lambda limit: limit.name, options.only)
    _, losses = cases.run_all(every, lambda limit: limit.name, lambda limit: run(options.programs, limit), 4)
    cases.end(f"limits: {len(every)} limits of relays", losses)


if __name__ == "__main__":
    main()
