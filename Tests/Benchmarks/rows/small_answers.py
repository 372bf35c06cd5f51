import socket
import threading
import time

from outspool import Spool
from rows import Line, Row, in_turns, ratio

COUNT = 500


class SmallAnswers(Row):
    name = "small-answers"
    about = (
        f"{COUNT} mails through one connection to a server that writes each answer by itself and leaves Nagle's algorithm on, "
        "as simple servers do: of two answers the second waits until the first is acknowledged. Against the same server "
        "with TCP_NODELAY.")
    lines = (
        Line("relay that answers piece by piece, share of NODELAY", ratio("Nagle/s", "NODELAY/s"), "x"),
    )

    def open(self):
        self.nagle, self.direct = Server(False), Server(True)

    def round(self, index):
        nagle, direct = in_turns(index, lambda: self.drain(self.nagle), lambda: self.drain(self.direct))
        return {"Nagle/s": nagle, "NODELAY/s": direct}

    def drain(self, server):
        spool = Spool(self.place, "small-answers")
        spool.configure(server.port, 1)
        spool.submit(COUNT)
        start = time.monotonic()
        spool.start(until_ready=False)
        spool.wait_until_done(COUNT)
        seconds = time.monotonic() - start
        spool.stop()
        return COUNT / seconds


class Server:
    """Takes all mail, and answers each command in a write of its own."""

    def __init__(self, has_no_delay):
        self.has_no_delay = has_no_delay
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            connection, _ = self.listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, self.has_no_delay)
            threading.Thread(target=self.session, args=(connection,), daemon=True).start()

    def session(self, connection):
        stream = connection.makefile("rb")
        connection.sendall(b"220 bench\r\n")
        for line in stream:
            word = line[:4].upper()
            if word == b"EHLO":
                connection.sendall(b"250-bench\r\n250 PIPELINING\r\n")
            elif word == b"DATA":
                connection.sendall(b"354 go\r\n")
                while stream.readline() != b".\r\n":
                    pass
                connection.sendall(b"250 ok\r\n")
            elif word == b"QUIT":
                connection.sendall(b"221 bye\r\n")
                break
            else:
                connection.sendall(b"250 ok\r\n")
        connection.close()
