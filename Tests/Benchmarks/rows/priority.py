import time

from outspool import Spool, job
from rows import Line, Row, figure, median
from sinks import Witness

COUNT = 50


class Priority(Row):
    name = "priority"
    about = (
        f"A backlog of bulk jobs (--bulk) in new/. The daemon starts on it, and drains it through 10 connections to a relay "
        f"that takes 20 ms for each dot; from the moment it is ready, {COUNT} high jobs come one by one: from the rename(2) "
        "into new/ until the server reads RCPT.")
    lines = (
        Line("high job behind 100,000 bulk, to the wire, slowest", figure("slowest ms"), "ms"),
        Line("  median", figure("p50 ms"), "ms"),
    )

    def open(self):
        self.witness = Witness(dot=0.02)
        self.spool = Spool(self.place, "priority")
        self.spool.configure(self.witness.port, connections=10)

    def round(self, index):
        bulk = job("bulk@example.com", priority="bulk")
        missing = self.options.bulk - self.spool.count("new") - self.spool.count("cur")
        self.spool.populate("new", f"bulk{index}-", missing, bulk)
        self.spool.start()
        times = []
        for number in range(COUNT):
            name = f"high{index}-{number}"
            start = self.spool.drop(name, priority="high")
            times.append((self.witness.wait(self.witness.arrived, name) - start) * 1000)
            time.sleep(0.05)
        self.spool.stop()
        return {"p50 ms": median(times), "slowest ms": max(times)}
