import subprocess

from outspool import Spool
from rows import Line, Row, in_turns
from sinks import smtp_source

COUNT, CONNECTIONS, DELAY = 5000, 50, 20


class SlowRelay(Row):
    name = "slow-relay"
    about = (
        f"{COUNT} mails of 2 KiB through {CONNECTIONS} connections to outspool-sink, which takes {DELAY} ms to answer each "
        "final dot: no reply may keep another connection waiting. Against smtp-source -d with as many connections.")
    lines = (
        Line("relay that takes 20 ms, share of smtp-source -d", lambda f: 100 * f["outspoold/s"] / f["smtp-source/s"], "%", "smtp-source"),
    )

    def open(self):
        self.sink = self.place.start(
            self.place.program("outspool-sink"), "--listen", "127.0.0.1:0", "--quiet", "--delay", f"dot={DELAY}ms",
            stdout=subprocess.PIPE, text=True)
        self.port = int(self.sink.stdout.readline().rsplit(":", 1)[1])

    def round(self, index):
        ours, theirs = in_turns(
            index, self.ours, lambda: COUNT / smtp_source(self.place, self.port, COUNT, CONNECTIONS))
        return {"outspoold/s": ours, "smtp-source/s": theirs}

    def ours(self):
        spool = Spool(self.place, "slow-relay")
        spool.configure(self.port, CONNECTIONS)
        return COUNT / spool.drain(COUNT)

    def close(self):
        self.place.stop(self.sink)
