import os
import subprocess
import time
from functools import partial

from place import Failed
from postfix import Postfix
from rows import Line, Row, interleaved, ratio

SINGLE, MANY = 800, 6400


class Door(Row):
    name = "door"
    about = (
        "Durable 250s of an SMTP server, for mails of 2 kB from Postfix's smtp-source(1) over kept connections: "
        f"outspool-smtpd into a spool on which no daemon runs, and Postfix's smtpd and cleanup, which defer all that comes. {MANY} "
        f"over 16 connections, {SINGLE} over one. All of it in slices, in turns. The C loop writes as many jobs with the system calls "
        "that the promise costs, without SMTP.")
    lines = (
        Line("outspool-smtpd against Postfix, 16 connections", ratio("door 16/s", "Postfix 16/s"), "x"),
        Line("outspool-smtpd against Postfix, 1 connection", ratio("door 1/s", "Postfix 1/s"), "x"),
        Line("  of the C loop's rate, 16 threads", lambda f: 100 * f["door 16/s"] / f["C 16/s"], "%"),
        Line("  of the C loop's rate, 1 thread", lambda f: 100 * f["door 1/s"] / f["C 1/s"], "%"),
    )

    def open(self):
        self.source = self.place.peer("smtp-source")
        self.loop = self.place.c_program("loop")
        self.postfix = Postfix(self.place, 9, "defer_transports = smtp\n")
        self.box = self.place.path("door")
        for name in ("new", "tmp"):
            os.makedirs(os.path.join(self.box, name))
        self.log = open(self.place.path("door.log"), "wb")
        self.door = self.place.start(
            self.place.program("outspool-smtpd"), "--listen", "127.0.0.1:0", "--box", self.box, stdout=subprocess.PIPE,
            stderr=self.log)
        self.port = int(self.door.stdout.readline().rsplit(b":", 1)[1])
        self.loops = 0

    def round(self, index):
        many = interleaved(4, MANY, **{
            "door 16/s": partial(self.mails, self.port, 16), "Postfix 16/s": partial(self.mails, self.postfix.port, 16),
            "C 16/s": partial(self.c, 16)})
        one = interleaved(4, SINGLE, **{
            "door 1/s": partial(self.mails, self.port, 1), "Postfix 1/s": partial(self.mails, self.postfix.port, 1),
            "C 1/s": partial(self.c, 1)})
        return many | one

    def mails(self, port, connections, count):
        start = time.monotonic()
        ran = subprocess.run(
            [self.source, "-d", "-s", str(connections), "-m", str(count), "-l", "2000", "-f", "zoe@example.com", "-t",
             "bob@example.org", f"127.0.0.1:{port}"], capture_output=True, text=True, timeout=600)
        if ran.returncode:
            raise Failed(f"smtp-source: {ran.stderr}")
        return time.monotonic() - start

    def c(self, threads, count):
        self.loops += 1
        spool = self.place.path(f"loop{self.loops}")
        for name in ("new", "tmp"):
            os.makedirs(os.path.join(spool, name))
        text = '{"envelope":{"from":"zoe@example.com","to":["bob@example.org"]},"message":"' + "x" * 2300 + '"}\n'
        return self.place.seconds(self.loop, spool, str(count), str(threads), text=text)

    def close(self):
        self.place.stop(self.door)
        self.log.close()
        self.place.stop(self.postfix)
