import subprocess
import time

from outspool import Spool
from rows import Line, Row, in_turns, ratio

COUNT, FEW, CONNECTIONS = 5000, 500, 10


class TLS(Row):
    name = "tls"
    about = (
        f"To outspool-sink with STARTTLS, its certificate verified, and without TLS: {COUNT} mails through {CONNECTIONS} "
        f"connections that are kept for 100 mails each, as shipped; and what a connection costs: {FEW} mails of which each has "
        "a connection of its own, less what as many cost on kept ones.")
    lines = (
        Line("throughput with STARTTLS, share of that without", ratio("STARTTLS/s", "plain/s"), "x"),
        Line("cost of a connection with STARTTLS", lambda f: f["TLS connection ms"], "ms"),
        Line("cost of a connection without", lambda f: f["plain connection ms"], "ms"),
    )

    def open(self):
        self.plain, self.plain_port = self.sink()
        self.secure, self.secure_port = self.sink("--tls-self-signed", self.place.path("certificate"))

    def sink(self, *options):
        sink = self.place.start(
            self.place.program("outspool-sink"), "--listen", "127.0.0.1:0", "--quiet", *options, stdout=subprocess.PIPE,
            text=True)
        return sink, int(sink.stdout.readline().rsplit(":", 1)[1])

    def round(self, index):
        figures = {}
        figures["STARTTLS/s"], figures["plain/s"] = in_turns(
            index, lambda: COUNT / self.secure_drain(COUNT), lambda: COUNT / self.plain_drain(COUNT))
        once = "messages_per_connection = 1\n"
        secure, plain = in_turns(index, lambda: self.secure_drain(FEW, once), lambda: self.plain_drain(FEW, once))
        figures["TLS connection ms"] = 1000 * (secure / FEW - 1 / figures["STARTTLS/s"])
        figures["plain connection ms"] = 1000 * (plain / FEW - 1 / figures["plain/s"])
        return figures

    def secure_drain(self, count, more=""):
        return self.drain(count, self.secure_port, "require", f"ca_file = {self.place.path('certificate', 'cert.pem')}\n{more}")

    def plain_drain(self, count, more=""):
        return self.drain(count, self.plain_port, "none", more)

    def drain(self, count, port, tls, more):
        """Seconds from the daemon's start until all are sent."""
        spool = Spool(self.place, "tls")
        spool.configure(port, CONNECTIONS, tls, more)
        spool.submit(count)
        start = time.monotonic()
        spool.start(until_ready=False)
        spool.wait_until_done(count)
        seconds = time.monotonic() - start
        spool.stop()
        return seconds

    def close(self):
        self.place.stop(self.plain)
        self.place.stop(self.secure)
