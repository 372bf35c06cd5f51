import time

from outspool import Spool
from postfix import Postfix
from rows import Line, Row, in_turns, ratio
from sinks import SMTPSink, smtp_source

COUNT, PRODUCERS, CONNECTIONS = 8000, 16, 50


class Stream(Row):
    name = "stream"
    about = (
        f"{PRODUCERS} producers submit {COUNT} mails of 2 KiB while they are delivered to smtp-sink over {CONNECTIONS} "
        "connections: from the first submission to the last acceptance. Ours: threads of the Swift client, each job on disk "
        "when its call returns. Postfix: smtp-source with 16 kept connections to its smtpd, which says 250 when a mail is on "
        "disk.")
    lines = (
        Line(
            f"{PRODUCERS} producers while it delivers, against Postfix's", ratio("outspoold/s", "Postfix/s"), "x",
            "Postfix"),
    )

    def open(self):
        self.sink = SMTPSink(self.place)
        self.postfix = Postfix(self.place, self.sink.port)
        self.spool = Spool(self.place, "stream")
        self.spool.configure(self.sink.port, CONNECTIONS)

    def round(self, index):
        ours, theirs = in_turns(index, self.ours, self.theirs)
        return {"outspoold/s": ours, "Postfix/s": theirs}

    def ours(self):
        self.spool.start()
        before, done = self.sink.count(), self.spool.count("done")
        start = time.monotonic()
        self.place.seconds(self.place.program("bench-producer"), self.spool.path, str(COUNT), str(PRODUCERS), "single")
        self.sink.wait(before + COUNT)
        seconds = time.monotonic() - start
        self.spool.stop()
        self.spool.expect(new=0, cur=0, retry=0, done=done + COUNT)
        return COUNT / seconds

    def theirs(self):
        before = self.sink.count()
        start = time.monotonic()
        smtp_source(self.place, self.postfix.port, COUNT, PRODUCERS)
        self.sink.wait(before + COUNT)
        seconds = time.monotonic() - start
        self.postfix.wait_until_empty()
        return COUNT / seconds

    def close(self):
        self.place.stop(self.postfix)
        self.spool.stop()
        self.sink.stop()
