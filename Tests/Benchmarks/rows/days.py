from outspool import Spool
from place import Failed
from rows import Line, Row, figure
from sinks import SMTPSink

WAVE, CONNECTIONS = 20_000, 50


class Days(Row):
    name = "days"
    about = (
        f"A million jobs (--days-jobs) through one process of the daemon to smtp-sink, in waves of {WAVE:,}. Its memory and its "
        "descriptors when a fifth of them is through, and in the end: there should be no growth.")
    is_extra = True
    lines = (
        Line("growth of memory over a million jobs", lambda f: f["last MB"] - f["first MB"], "MB"),
        Line("growth of descriptors over a million jobs", lambda f: f["last descriptors"] - f["first descriptors"], "fd"),
        Line("  resident memory in the end", figure("last MB"), "MB"),
    )

    def open(self):
        self.sink = SMTPSink(self.place)

    def round(self, index):
        spool = Spool(self.place, "days")
        spool.configure(self.sink.port, CONNECTIONS)
        spool.start()
        figures, before = {}, self.sink.count()
        waves = max(self.options.days_jobs // WAVE, 5)
        for wave in range(waves):
            spool.populate("new", f"wave{wave}-", WAVE)
            self.sink.wait(before + WAVE * (wave + 1))
            if spool.daemon.poll() is not None:
                raise Failed("the daemon ended")
            if wave + 1 in (waves // 5, waves):
                which = "last" if wave + 1 == waves else "first"
                figures |= {f"{which} MB": spool.status("VmRSS") / 1024, f"{which} descriptors": spool.descriptors()}
        spool.stop()
        spool.expect(new=0, cur=0, retry=0, done=waves * WAVE)
        return figures

    def close(self):
        self.sink.stop()
