import os
import random
import time

from outspool import Spool, job
from place import Failed
from rows import Line, Row, figure, latencies, median, ratio
from sinks import Witness

DUE, BLOCKS, BLOCK, QUIET = 1000, 8, 25, 30

#: Where they wait, what share of them, and when they are due, in seconds from now: later than the benchmark ends, and not
#: later than the bucket allows.
BUCKETS = (("retry/08-1h", 0.1, 2700, 4200), ("retry/09-2h", 0.3, 2700, 8000), ("retry/10-4h", 0.6, 2700, 16000))

DEFERRED = (
    '{"at":"2026-01-01T00:00:00.000Z","event":"deferred","attempt":9,"to":"deferred@example.com","relay":"main",'
    '"code":451,"dsn":"4.7.1","reply":"Greylisted, try again later"}\n')


class Rest(Row):
    name = "rest"
    about = (
        "A million deferred jobs (--deferred) in three buckets, none due but those that are made so. The start: from the "
        f"exec of the daemon to the server's 250 for the first job that is due, when {DUE:,} of them are, and when only one is. "
        f"The latency: as on the idle daemon, {BLOCK} jobs in turns on this one and on one with an empty spool. The processor: what "
        f"the daemon uses in {QUIET} s in which nothing is due, once it has read everything.")
    lines = (
        Line("rename in new/ to 250, with all that deferred", ratio("p50 ms", "idle p50 ms"), "x idle"),
        Line("resident memory meanwhile", figure("resident MB"), "MB"),
        Line("  its peak since the start", figure("peak MB"), "MB"),
        Line("share of a processor while they wait", figure("processor %"), "%"),
        Line("start to first due job sent", figure("first of many s"), "s"),
        Line("  the same, when it is the only one", figure("only one s"), "s"),
    )

    def open(self):
        self.witness = Witness()
        self.idle, self.spool = Spool(self.place, "rest-idle"), Spool(self.place, "rest")
        for spool in (self.idle, self.spool):
            spool.configure(self.witness.port, connections=10)
        submitted = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() - 3 * 3600))
        text = job("deferred@example.com") + DEFERRED.replace("2026-01-01T00:00:00.000Z", submitted).replace(
            '"reply"', f'"submitted":"{submitted}","reply"')
        self.names, seconds = [], 0
        for directory, share, soonest, latest in BUCKETS:
            count = int(self.options.deferred * share)
            prefix = f"deferred{directory[6:8]}-"
            seconds += self.spool.populate(directory, prefix, count, text, due=(soonest, latest))
            self.names += [os.path.join(self.spool.path, directory, f"{prefix}{index}") for index in range(count)]
        os.sync()
        self.made = f"{len(self.names):,} jobs made in {seconds:.0f} s"
        random.Random(6).shuffle(self.names)
        self.idle.start()

    def round(self, index):
        figures = {"first of many s": self.first(min(DUE, len(self.names) // 10))}
        self.wait_until_calm()
        full, idle = [], []
        for block in range(BLOCKS):
            idle += latencies(self.idle, self.witness, BLOCK, f"idle{index}-{block}-")
            full += latencies(self.spool, self.witness, BLOCK, f"full{index}-{block}-")
        figures |= {"p50 ms": median(full), "idle p50 ms": median(idle)}
        figures |= {"resident MB": self.spool.status("VmRSS") / 1024, "peak MB": self.spool.status("VmHWM") / 1024}
        before = self.spool.processor_seconds()
        time.sleep(QUIET)
        figures["processor %"] = 100 * (self.spool.processor_seconds() - before) / QUIET
        self.spool.stop()
        figures["only one s"] = self.first(1)
        self.spool.stop()
        return figures

    def first(self, count):
        """Makes jobs due, starts the daemon, and returns the seconds until the first of them is sent."""
        done = self.spool.count("done")
        due, self.names = self.names[:count], self.names[count:]
        for name in due:
            os.utime(name)
        self.witness.accepted.pop("deferred", None)
        start = time.monotonic()
        self.spool.start(until_ready=False)
        seconds = self.witness.wait(self.witness.accepted, "deferred", limit=300) - start
        self.spool.wait_until_done(done + count)
        if self.spool.count("done") != done + count:
            raise Failed("more was sent than was due")
        return seconds

    def wait_until_calm(self):
        """Returns when the daemon used less than 2 % of a processor for two seconds, or after two minutes."""
        for _ in range(60):
            before = self.spool.processor_seconds()
            time.sleep(2)
            if self.spool.processor_seconds() - before < 0.04:
                return

    def close(self):
        self.idle.stop()
        self.spool.stop()
