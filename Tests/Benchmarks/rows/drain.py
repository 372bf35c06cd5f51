import time

from outspool import Spool
from place import NotMeasured
from postfix import Postfix
from rows import Line, Row, in_turns, ratio
from sinks import SMTPSink, smtp_source

CONNECTIONS = 50


class Drain(Row):
    name = "drain"
    about = (
        "What waits is delivered to smtp-sink over 50 connections, mails of 2 KiB. Ours: from the start of the daemon on "
        "jobs in new/. Postfix: from the flush of its deferred queue, while it runs; 50 deliveries at a time, kept "
        "connections. Both until smtp-sink has accepted the last. smtp-source, with 50 kept connections, has no queue.")
    lines = (
        Line("drain of a queue, against Postfix's", ratio("outspoold/s", "Postfix/s"), "x", "Postfix"),
        Line("  the same, share of smtp-source -d", lambda f: 100 * f["outspoold/s"] / f["smtp-source/s"], "%", "smtp-source"),
    )

    def open(self):
        self.count = self.options.jobs
        self.sink = SMTPSink(self.place)
        self.postfix, self.missing = None, {}
        try:
            self.postfix = Postfix(self.place, self.sink.port)
        except NotMeasured as why:
            self.missing["without Postfix"] = str(why)

    def round(self, index):
        measurements = {"outspoold/s": self.ours, "smtp-source/s": self.source}
        if self.postfix:
            measurements["Postfix/s"] = self.theirs
        return self.missing | dict(zip(measurements, in_turns(index, *measurements.values())))

    def ours(self, main=""):
        spool = Spool(self.place, "drain")
        spool.configure(self.sink.port, CONNECTIONS, main=main)
        spool.submit(self.count)
        before = self.sink.count()
        start = time.monotonic()
        spool.start(until_ready=False)
        self.sink.wait(before + self.count)
        seconds = time.monotonic() - start
        spool.stop()
        spool.expect(new=0, cur=0, retry=0, done=self.count)
        return self.count / seconds

    def theirs(self):
        self.postfix.hold()
        smtp_source(self.place, self.postfix.port, self.count, CONNECTIONS)
        self.postfix.wait_until_deferred(self.count)
        self.postfix.let_go()
        before = self.sink.count()
        start = time.monotonic()
        self.postfix.flush()
        self.sink.wait(before + self.count)
        seconds = time.monotonic() - start
        self.postfix.wait_until_empty()
        return self.count / seconds

    def source(self):
        return self.count / smtp_source(self.place, self.sink.port, self.count, CONNECTIONS)

    def close(self):
        if self.postfix:
            self.place.stop(self.postfix)
        self.sink.stop()
