"""Relays with manners that real ones have: they get their mail, or the daemon says why not, and no password too many.

Each is a server in a thread, since outspool-sink follows the RFCs where it is not told to fail.
"""
import base64
import socket
import threading
import time
from dataclasses import dataclass

from cells import RELAY, SENT

WRONG = "535 5.7.8 Authentication credentials invalid"
EXPIRED = base64.b64encode(b'{"status":"401","schemes":"bearer"}').decode()


@dataclass(frozen=True)
class Manner:
    word: str
    offers: tuple
    settings: tuple = ("tls = none", "user = proof", "password_file = password")
    outcome: str = SENT
    # What the log has, and what the relay must not have heard.
    says: str = ""
    # What it answers to AUTH, by mechanism; those that are not here log everybody in.
    refusals: tuple = ()

    @property
    def name(self):
        return f"manner-{self.word}"


TOKEN = ("tls = none", "user = proof", "token_file = password")
MANNERS = [
    Manner("lower", ("pipelining", "auth plain login")),
    Manner("equals", ("AUTH=LOGIN PLAIN",)),
    Manner("deaf", ("AUTH LOGIN",)),
    Manner("bare", ("AUTH PLAIN LOGIN",)),
    Manner("exchange", ("AUTH GSSAPI NTLM LOGIN",)),
    Manner("next", ("AUTH PLAIN LOGIN DIGEST-MD5",), refusals=(("PLAIN", "504 5.7.4 Unrecognized"),)),
    Manner("weak", ("AUTH CRAM-MD5 PLAIN",), refusals=(("CRAM-MD5", WRONG),)),
    Manner("wrong", ("AUTH PLAIN LOGIN",), outcome=RELAY, says=f"login refused: {WRONG}",
           refusals=(("PLAIN", WRONG), ("LOGIN", WRONG))),
    Manner("token", ("AUTH XOAUTH2",), TOKEN, RELAY, "the token has expired", refusals=(("XOAUTH2", WRONG),)),
    Manner("bearer", ("AUTH OAUTHBEARER",), TOKEN),
    Manner("foreign", ("AUTH GSSAPI NTLM",), outcome=RELAY, says="no login mechanism in common: the relay offers GSSAPI"),
    Manner("handshake", ("starttls",), ("tls = opportunistic",), says="TLS failed, mail goes in clear"),
    Manner("strict", ("starttls",), ("tls = opportunistic", "tls_fallback = no"), RELAY, "failed at tls"),
    Manner("mute", (), ("tls = none",), RELAY, "no greeting within"),
    Manner("late", (), ("tls = none", "connect_timeout = 300ms")),
]


class Relay:
    """One relay of that manner; it serves until `close`."""

    def __init__(self, manner):
        self.manner = manner
        self.heard, self.logins, self.mails = [], 0, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.listener.close()

    def accept(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            with connection, connection.makefile("rwb") as stream:
                self.converse(stream)
        except (OSError, ValueError):
            pass

    def converse(self, stream):
        def say(text):
            stream.write(text.encode() + b"\r\n")
            stream.flush()

        def line():
            text = stream.readline()
            if not text:
                raise OSError("closed")
            self.heard.append(text.decode("latin-1").rstrip())
            return self.heard[-1]

        if self.manner.word == "mute":
            stream.read()
        if self.manner.word == "late":
            time.sleep(0.8)
        say("220 relay.test ESMTP")
        while True:
            words = line().split(" ")
            command = words[0].upper()
            if command == "EHLO":
                lines = ["relay.test", *self.manner.offers]
                for text in lines[:-1]:
                    say(f"250-{text}")
                say(f"250 {lines[-1]}")
            elif command == "STARTTLS":
                say("220 2.0.0 Go ahead")
                stream.read(16)
                return say("500 5.5.1 Command not recognized")
            elif command == "AUTH":
                self.logins += 1
                say(self.login(words[1], words[2:], say, line))
            elif command == "DATA":
                say("354 go")
                while line() != ".":
                    pass
                self.mails += 1
                say("250 2.0.0 Ok")
            elif command == "QUIT":
                return say("221 2.0.0 Bye")
            else:
                say("250 2.0.0 Ok")

    def login(self, mechanism, initial, say, line):
        """The reply that ends it."""
        refusal = dict(self.manner.refusals).get(mechanism)
        if refusal and refusal.startswith("504"):
            return refusal
        if self.manner.word == "bare" and initial:
            return "501 5.5.4 Syntax"
        if mechanism == "LOGIN":
            for prompt in ["Username:", "Password:"]:
                say("334 " + base64.b64encode(prompt.encode()).decode())
                if prompt[0] == "U" and b"secretword" in base64.b64decode(line()):
                    return "535 that was the password"
                if prompt[0] == "P":
                    line()
        elif mechanism == "CRAM-MD5":
            say("334 PDEuMkByZWxheS50ZXN0Pg==")
            line()
        elif refusal and mechanism == "XOAUTH2":
            say(f"334 {EXPIRED}")
            if line():
                return "501 that was not empty"
        elif not initial:
            say("334 ")
            line()
        return refusal or "235 2.7.0 ok"
