"""From the rename into new/ to the server's 250, on an idle daemon: median and 99th percentile."""
import sys
import time

from bench import Bench, Witness, median, percentile

COUNT = 300

with Bench(sys.argv[1]) as bench:
    server = Witness()
    bench.daemon(server.port)
    times = []
    for index in range(COUNT):
        name = f"latency{index}"
        start = bench.drop(name)
        bench.wait(lambda: name in server.accepted, pause=0.0005)
        times.append((server.accepted[name] - start) * 1000)
        time.sleep(0.01)
    print(
        f"latency     rename in new/ to the server's 250, {COUNT} jobs one by one: "
        f"median {median(times):.2f} ms, p99 {percentile(times, 0.99):.2f} ms")
