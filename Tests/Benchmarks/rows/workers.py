import time

from outspool import Spool
from place import wait
from rows import Line, figure, in_turns, ratio
from rows.drain import CONNECTIONS, Drain

COUNT = 2


class Workers(Drain):
    name = "workers"
    about = (
        f"The drain with workers = {COUNT} in turns with one process and with Postfix. Then a daemon with {COUNT} workers, when "
        "it has sent a hundred mails and its connections are closed: the memory of each process. The pages of the program "
        "are there once, however many workers use them: what a worker costs is its proportional share (PSS).")
    lines = (
        Line(f"workers = {COUNT}, drain against one process", ratio("workers/s", "one/s"), "x", "one process"),
        Line(f"workers = {COUNT}, drain against Postfix's", ratio("workers/s", "Postfix/s"), "x", "Postfix"),
        Line("memory of a worker at rest, PSS", figure("worker PSS MB"), "MB"),
        Line("  resident, with what it shares", figure("worker MB"), "MB"),
        Line("  of the parent, resident", figure("parent MB"), "MB"),
    )

    def round(self, index):
        many = f"workers = {COUNT}\n"
        measurements = {"workers/s": lambda: self.ours(many), "one/s": self.ours}
        if self.postfix:
            measurements["Postfix/s"] = self.theirs
        figures = self.missing | dict(zip(measurements, in_turns(index, *measurements.values())))
        return figures | self.at_rest(many)

    def at_rest(self, main):
        spool = Spool(self.place, "workers")
        spool.configure(self.sink.port, CONNECTIONS, more="idle_timeout = 1s\n", main=main)
        spool.start()
        spool.populate("new", "job", 100)
        spool.wait_until_done(100)
        time.sleep(3)
        parent, workers = spool.daemon.pid, spool.worker_pids()
        wait(lambda: len(workers) == COUNT, f"{COUNT} workers, not {len(workers)}", limit=0)
        megabytes = [memory(pid) for pid in workers]
        figures = {
            "worker MB": max(resident for resident, _ in megabytes), "worker PSS MB": max(share for _, share in megabytes),
            "parent MB": memory(parent)[0]}
        spool.stop()
        return figures


def memory(pid):
    """What a process has in memory, and its share of that, in MB. See proc(5), smaps_rollup."""
    with open(f"/proc/{pid}/smaps_rollup") as file:
        lines = [line.split() for line in file]
    fields = {line[0]: int(line[1]) / 1024 for line in lines[1:]}
    return fields["Rss:"], fields["Pss:"]
