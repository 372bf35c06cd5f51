from outspool import Spool
from rows import Line, Row, in_turns, ratio
from sinks import Witness

COUNT = 500


class SmallAnswers(Row):
    name = "small-answers"
    about = (
        f"{COUNT} mails through one connection to a server that writes each answer by itself and leaves Nagle's algorithm on, "
        "as simple servers do: of two answers the second waits until the first is acknowledged. Against the same server "
        "with TCP_NODELAY.")
    lines = (
        Line("relay that answers piece by piece, share of NODELAY", ratio("Nagle/s", "NODELAY/s"), "x", "NODELAY"),
    )

    def open(self):
        self.nagle, self.direct = Witness(has_no_delay=False), Witness()

    def round(self, index):
        nagle, direct = in_turns(index, lambda: self.drain(self.nagle), lambda: self.drain(self.direct))
        return {"Nagle/s": nagle, "NODELAY/s": direct}

    def drain(self, server):
        spool = Spool(self.place, "small-answers")
        spool.configure(server.port, 1)
        return COUNT / spool.drain(COUNT)
