"""From the rename into new/ to the server's 250, on an idle daemon: median and 99th percentile."""
import os
import socket
import sys
import threading
import time

from bench import Bench, median, percentile

COUNT = 300
accepted = {}


def serve(listener):
    """An SMTP server of one purpose: to note when it says 250 to a dot."""
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=session, args=(connection,), daemon=True).start()


def session(connection):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    stream = connection.makefile("rb")
    recipient = None
    connection.sendall(b"220 bench\r\n")
    for line in stream:
        word = line[:4].upper()
        if word in (b"EHLO", b"HELO"):
            connection.sendall(b"250-bench\r\n250 PIPELINING\r\n")
        elif word == b"RCPT":
            recipient = line.split(b"<")[1].split(b"@")[0].decode()
            connection.sendall(b"250 ok\r\n")
        elif word == b"DATA":
            connection.sendall(b"354 go\r\n")
            while stream.readline() != b".\r\n":
                pass
            accepted[recipient] = time.monotonic()
            connection.sendall(b"250 ok\r\n")
        elif word == b"QUIT":
            connection.sendall(b"221 bye\r\n")
            connection.close()
            return
        else:
            connection.sendall(b"250 ok\r\n")


with Bench(sys.argv[1]) as bench, socket.create_server(("127.0.0.1", 0)) as listener:
    threading.Thread(target=serve, args=(listener,), daemon=True).start()
    bench.daemon(listener.getsockname()[1])
    times = []
    for index in range(COUNT):
        name = f"latency{index}"
        tmp = os.path.join(bench.spool, "tmp", name)
        with open(tmp, "w") as file:
            file.write(f'{{"template":"hello","to":"{name}@example.com","params":{{"name":"x"}}}}')
            file.flush()
            os.fsync(file.fileno())
        start = time.monotonic()
        os.rename(tmp, os.path.join(bench.spool, "new", name))
        bench.wait(lambda: name in accepted, pause=0.0005)
        times.append((accepted[name] - start) * 1000)
        time.sleep(0.01)
    print(
        f"latency     rename in new/ to the server's 250, {COUNT} jobs one by one: "
        f"median {median(times):.2f} ms, p99 {percentile(times, 0.99):.2f} ms")
