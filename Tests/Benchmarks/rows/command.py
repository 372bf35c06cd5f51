import os

from nullmailer import Nullmailer
from outspool import Spool
from place import NotMeasured
from postfix import Postfix
from rows import Line, Row, interleaved, ratio
from sinks import SMTPSink

COUNT = 200
MESSAGE = "Subject: Hello\n\nHello somebody,\n\n" + "this is a line of a mail of about two kilobytes.\n" * 38


class Command(Row):
    name = "command"
    about = (
        f"{COUNT} processes that submit a mail each, one after the other, started by a small C program. Ours: outspool "
        "submit, of a template. Postfix: its sendmail(1), while its services are stopped, which it does not need and is quicker "
        "without. nullmailer: nullmailer-inject. Nothing is delivered meanwhile; all wait for the disk but true(1), which shows "
        "what a process costs.")
    repeat = 2
    lines = (
        Line("outspool submit against sendmail(1) of Postfix", ratio("outspool/s", "sendmail/s"), "x", "Postfix's sendmail"),
        Line("  of its time, what true(1) takes", lambda f: 100 * f["outspool/s"] / f["true/s"], "%"),
        Line("outspool submit against nullmailer-inject", ratio("outspool/s", "nullmailer/s"), "x", "nullmailer"),
        Line("outspool sendmail against sendmail(1) of Postfix", ratio("as sendmail/s", "sendmail/s"), "x", "Postfix's sendmail"),
    )

    def open(self):
        self.again = self.place.c_program("again")
        self.message = self.place.path("message")
        with open(self.message, "w") as file:
            file.write(MESSAGE)
        self.sink = SMTPSink(self.place)
        self.spool = Spool(self.place, "command")
        self.spool.configure(self.sink.port)
        os.symlink(self.place.program("outspool"), self.place.path("sendmail"))
        self.missing = {}
        self.postfix, self.nullmailer = self.of(Postfix), self.of(Nullmailer)
        if self.postfix:
            self.postfix.rest()

    def of(self, peer):
        try:
            return peer(self.place, self.sink.port)
        except NotMeasured as why:
            self.missing[f"without {peer.__name__}"] = str(why)
            return None

    def round(self, index):
        commands = {
            "outspool/s": self.submissions(
                self.place.program("outspool"), "--spool", self.spool.path, "--config", self.spool.path + ".conf", "submit",
                "hello", "--to", "somebody@example.com", "-p", "name=somebody"),
            "as sendmail/s": self.submissions(
                self.place.path("sendmail"), "-f", "bench@example.com", "somebody@example.com",
                environment={"OUTSPOOL_SPOOL": self.spool.path}),
            "true/s": self.submissions("/bin/true"),
        }
        if self.postfix:
            commands["sendmail/s"] = self.submissions(
                self.place.peer("sendmail"), "-C", self.postfix.configuration, "-f", "bench@example.com",
                "somebody@example.com")
        if self.nullmailer:
            commands["nullmailer/s"] = self.submissions(
                self.nullmailer.inject, "-f", "bench@example.com", "somebody@example.com",
                environment=self.nullmailer.environment)
        return self.missing | interleaved(8, COUNT, **commands)

    def submissions(self, *command, environment=None):
        """A function of a count that runs the command so often, and returns the seconds it took."""
        return lambda count: self.place.seconds(
            self.again, str(count), self.message, *command, environment=environment)

    def close(self):
        if self.postfix:
            self.place.stop(self.postfix)
        self.spool.stop()
        self.sink.stop()
