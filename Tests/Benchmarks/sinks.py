"""Servers that take all mail: Postfix's smtp-sink, and a witness that notes when a mail came."""
import os
import socket
import threading
import time

from place import Failed, connects, free_port, wait


class SMTPSink:
    """smtp-sink of Postfix, which counts what it accepts; its counters are a file, so that asking costs it nothing."""

    def __init__(self, place):
        self.place = place
        self.port = free_port()
        self.counters = place.path(f"smtp-sink.{self.port}")
        with open(self.counters, "w") as out:
            self.process = place.start(
                place.peer("smtp-sink"), "-c", *(["-u", "nobody"] if os.getuid() == 0 else []),
                f"127.0.0.1:{self.port}", "1000", stdout=out)
        wait(lambda: connects(self.port), "smtp-sink")

    def count(self):
        """How many messages were accepted so far."""
        with open(self.counters, "rb") as file:
            file.seek(max(os.path.getsize(self.counters) - 200, 0))
            records = [record for record in file.read().split(b"\r") if b"mesg=" in record]
        return int(records[-1].split(b"mesg=")[1].split()[0]) if records else 0

    def wait(self, count, limit=900):
        wait(lambda: self.count() >= count, f"{count} messages at smtp-sink, which has {self.count()}", limit, pause=0.01)

    def stop(self):
        self.place.stop(self.process)


class Witness:
    """An SMTP server that notes when a recipient's mail came, and when it said 250 to the dot.

    `dot` is how long it takes to say so. It writes each answer by itself; without `has_no_delay` the kernel sends one
    only when the one before is acknowledged.
    """

    def __init__(self, dot=0.0, has_no_delay=True):
        self.dot, self.has_no_delay = dot, has_no_delay
        self.arrived, self.accepted = {}, {}
        self.news = threading.Condition()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def wait(self, times, name, limit=60):
        """Returns when `name` is in `times`, one of the two tables, and what is there."""
        with self.news:
            if not self.news.wait_for(lambda: name in times, limit):
                raise Failed(f"after {limit} s of waiting for {name}")
        return times[name]

    def note(self, times, name):
        with self.news:
            times.setdefault(name, time.monotonic())
            self.news.notify_all()

    def serve(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.session, args=(connection,), daemon=True).start()

    def session(self, connection):
        try:
            self.converse(connection)
        except OSError:
            pass  # The daemon was stopped in the middle of it.
        finally:
            connection.close()

    def converse(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, self.has_no_delay)
        stream = connection.makefile("rb")
        recipient = None
        connection.sendall(b"220 bench\r\n")
        for line in stream:
            word = line[:4].upper()
            if word in (b"EHLO", b"HELO"):
                connection.sendall(b"250-bench\r\n250 PIPELINING\r\n")
            elif word == b"RCPT":
                recipient = line.split(b"<")[1].split(b"@")[0].decode()
                self.note(self.arrived, recipient)
                connection.sendall(b"250 ok\r\n")
            elif word == b"DATA":
                connection.sendall(b"354 go\r\n")
                while stream.readline() != b".\r\n":
                    pass
                if self.dot:
                    time.sleep(self.dot)
                self.note(self.accepted, recipient)
                connection.sendall(b"250 ok\r\n")
            elif word == b"QUIT":
                connection.sendall(b"221 bye\r\n")
                return
            else:
                connection.sendall(b"250 ok\r\n")


def smtp_source(place, port, count, sessions):
    """The seconds that Postfix's smtp-source takes to send `count` messages of 2 KiB over so many connections, which
    it keeps."""
    start = time.monotonic()
    process = place.start(
        place.peer("smtp-source"), "-d", "-s", str(sessions), "-m", str(count), "-l", "2048", "-f", "bench@example.com",
        "-t", "somebody@example.com", f"127.0.0.1:{port}")
    status = process.wait(900)
    place.processes.remove(process)
    if status:
        raise Failed(f"smtp-source ended with {status}")
    return time.monotonic() - start
