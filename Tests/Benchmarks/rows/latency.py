from outspool import Spool
from rows import Line, Row, figure, latencies, median, percentile
from sinks import Witness

COUNT = 300


class Latency(Row):
    name = "latency"
    about = (
        f"From before the rename(2) into new/ until the server says 250 to the final dot, {COUNT} jobs one by one, on a "
        "daemon that has nothing else to do. The server is a program in Python, and its time counts as ours.")
    lines = (
        Line("rename in new/ to 250, idle, p50", figure("p50 ms"), "ms"),
        Line("rename in new/ to 250, idle, p99", figure("p99 ms"), "ms"),
    )

    def open(self):
        self.witness = Witness()
        self.spool = Spool(self.place, "latency")
        self.spool.configure(self.witness.port, connections=10)
        self.spool.start()

    def round(self, index):
        times = latencies(self.spool, self.witness, COUNT, f"idle{index}-")
        return {"p50 ms": median(times), "p99 ms": percentile(times, 0.99)}

    def close(self):
        self.spool.stop()
