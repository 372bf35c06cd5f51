import subprocess

from outspool import Spool
from place import NotMeasured
from postfix import Postfix
from rows import Line, Row, figure, in_turns, ratio

COUNT, FEW, CONNECTIONS = 5000, 500, 10
# What comes in is queued, as any mail is, and thrown away at its delivery.
RELAY = """default_transport = discard
smtpd_tls_security_level = may
smtpd_tls_cert_file = {certificate}/cert.pem
smtpd_tls_key_file = {certificate}/key.pem
"""


class TLS(Row):
    name = "tls"
    about = (
        f"With STARTTLS, the certificate verified, and without TLS: {COUNT} mails through {CONNECTIONS} connections that are "
        f"kept for 100 mails each, as shipped; and what a connection costs: {FEW} mails of which each has a connection of "
        "its own, less what as many cost on kept ones. To outspool-sink, which takes all mail, and to smtpd(8) of Postfix, "
        "which queues it on the disk.")
    lines = tuple(
        line for to, name in (("", "sink"), (" to Postfix", "Postfix")) for line in (
            Line(f"STARTTLS{to}: throughput, share of without", ratio(f"{name} STARTTLS/s", f"{name} plain/s"), "x"),
            Line(f"  cost of a connection{to}, with STARTTLS", figure(f"{name} TLS connection ms"), "ms"),
            Line(f"  cost of a connection{to}, without", figure(f"{name} plain connection ms"), "ms")))

    def open(self):
        certificate = self.place.path("certificate")
        self.plain, plain = self.sink()
        self.secure, secure = self.sink("--tls-self-signed", certificate)
        self.servers, self.postfix, self.missing = {"sink": (secure, plain)}, None, {}
        try:
            self.postfix = Postfix(self.place, plain, RELAY.format(certificate=certificate))
            self.servers["Postfix"] = (self.postfix.port, self.postfix.port)
        except NotMeasured as why:
            self.missing["without Postfix"] = str(why)

    def sink(self, *options):
        sink = self.place.start(
            self.place.program("outspool-sink"), "--listen", "127.0.0.1:0", "--quiet", *options, stdout=subprocess.PIPE,
            text=True)
        return sink, int(sink.stdout.readline().rsplit(":", 1)[1])

    def round(self, index):
        figures = dict(self.missing)
        for name, (secure_port, plain_port) in self.servers.items():
            def secure(count, more="", port=secure_port):
                authority = f"ca_file = {self.place.path('certificate', 'cert.pem')}\n"
                return self.drain(count, port, "require", authority + more)

            def plain(count, more="", port=plain_port):
                return self.drain(count, port, "none", more)

            figures |= self.measured(index, name, secure, plain)
        return figures

    def measured(self, index, name, secure, plain):
        kept = in_turns(index, lambda: secure(COUNT), lambda: plain(COUNT))
        once = "messages_per_connection = 1\n"
        own = in_turns(index, lambda: secure(FEW, once), lambda: plain(FEW, once))
        figures = {}
        for way, all_kept, each in zip(("STARTTLS", "plain"), kept, own):
            figures[f"{name} {way}/s"] = COUNT / all_kept
            figures[f"{name} {way.replace('START', '')} connection ms"] = 1000 * (each / FEW - all_kept / COUNT)
        return figures

    def drain(self, count, port, tls, more):
        """Seconds from the daemon's start until all are sent."""
        spool = Spool(self.place, "tls")
        spool.configure(port, CONNECTIONS, tls, more)
        return spool.drain(count)

    def close(self):
        if self.postfix:
            self.place.stop(self.postfix)
        self.place.stop(self.plain)
        self.place.stop(self.secure)
