import subprocess
import time

from outspool import Spool, TEMPLATE
from place import Failed
from rows import Line, Row, in_turns
from sinks import SMTPSink

CONNECTIONS = 50
HEADER = """Date: Tue, 01 Dec 2026 10:19:07 +0000
From: bench@example.com
To: somebody@example.com
Message-ID: <20261201T101907Z-0123456789@example.com>
Subject: Hello, somebody
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 7bit
Auto-Submitted: auto-generated

"""


class Limit(Row):
    name = "limit"
    about = (
        "The drain again, in turns with limit.c, a C program that makes the same system calls for the same promises: the "
        "search for a namesake, the claim, `sending`, the mail over as many kept connections, `sent`, done/, the log. It "
        "parses no job and makes no mail; it has the message from the start. Both work on a spool that the command has "
        "filled, and both are timed from the exec until smtp-sink has accepted the last.")
    lines = (
        Line(
            "drain, share of a C program's with the same calls",
            lambda figures: 100 * figures["outspoold/s"] / figures["limit.c/s"], "%", "limit.c"),
    )

    def open(self):
        self.sink = SMTPSink(self.place)
        text = TEMPLATE["text.mustache"].replace("{{name}}", "somebody")
        self.message = (HEADER + text + ".\n").replace("\n", "\r\n")

    def round(self, index):
        ours, limit = in_turns(index, self.ours, self.limit)
        return {"outspoold/s": ours, "limit.c/s": limit}

    def ours(self):
        spool = self.filled()
        spool.configure(self.sink.port, CONNECTIONS)
        return self.rate(spool, lambda: spool.start(until_ready=False), spool.stop)

    def limit(self):
        spool, program = self.filled(), self.place.c_program("limit")
        message = spool.path + ".message"
        with open(message, "w", newline="") as file:
            file.write(self.message)

        def start():
            with open(message) as file:
                self.process = self.place.start(
                    program, spool.path, str(self.sink.port), str(CONNECTIONS), spool.path + ".log", stdin=file,
                    stderr=subprocess.PIPE, text=True)

        def end():
            said = self.process.communicate(timeout=60)[1]
            self.place.processes.remove(self.process)
            if self.process.returncode:
                raise Failed(said)
        return self.rate(spool, start, end)

    def filled(self):
        spool = Spool(self.place, "limit")
        spool.submit(self.options.jobs)
        return spool

    def rate(self, spool, start, end):
        """Mails a second, from the start until the sink has accepted the last."""
        before, begin = self.sink.count(), time.monotonic()
        start()
        self.sink.wait(before + self.options.jobs)
        seconds = time.monotonic() - begin
        end()
        spool.expect(new=0, cur=0, retry=0, done=self.options.jobs)
        return self.options.jobs / seconds

    def close(self):
        self.sink.stop()
