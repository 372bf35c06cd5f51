import time

from outspool import Spool
from rows import Line, Row, figure
from sinks import SMTPSink

CONNECTIONS = 50


class Burst(Row):
    name = "burst"
    about = (
        "A burst of jobs (--burst), renamed into new/ as quickly as two threads can: while the daemon is stopped, and then it "
        "starts; and while it runs. From its start, or from the first rename, until smtp-sink has accepted the last, over 50 "
        "connections. Each arrives once.")
    lines = (
        Line("burst of 100,000 while it is stopped", figure("stopped/s"), "/s"),
        Line("burst of 100,000 while it runs", figure("running/s"), "/s"),
        Line("  the daemon's memory after it", figure("resident MB"), "MB"),
    )

    def open(self):
        self.sink = SMTPSink(self.place)
        self.count = self.options.burst

    def round(self, index):
        figures = {}
        spool = Spool(self.place, "burst")
        spool.configure(self.sink.port, CONNECTIONS)
        spool.populate("new", "stopped", self.count)
        before = self.sink.count()
        start = time.monotonic()
        spool.start(until_ready=False)
        self.sink.wait(before + self.count)
        figures["stopped/s"] = self.count / (time.monotonic() - start)
        start = time.monotonic()
        spool.populate("new", "running", self.count)
        self.sink.wait(before + 2 * self.count)
        figures["running/s"] = self.count / (time.monotonic() - start)
        figures["resident MB"] = spool.status("VmRSS") / 1024
        spool.stop()
        spool.expect(new=0, cur=0, retry=0, done=2 * self.count)
        return figures

    def close(self):
        self.sink.stop()
