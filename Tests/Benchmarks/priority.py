"""A high job behind 10,000 bulk ones: from its rename into new/ until it is on the wire. Promised: 100 ms.

The daemon starts on the backlog, reads it, and drains it through 10 connections to a relay that takes 20 ms for each
dot; high jobs come one by one from the moment it is ready until the backlog is down to a half.
"""
import sys
import time

from bench import Bench, Witness, median

COUNT = 10_000
LIMIT = 100

with Bench(sys.argv[1]) as bench:
    bench.submit(COUNT, more=',"priority":"bulk"')
    server = Witness(dot=0.02)
    bench.daemon(server.port)
    times = []
    while len(times) < 50 and bench.done() < COUNT // 2:
        name = f"high{len(times)}"
        start = bench.drop(name, more=',"priority":"high"')
        bench.wait(lambda: name in server.arrived, pause=0.0005)
        times.append((server.arrived[name] - start) * 1000)
        time.sleep(0.05)
    left = COUNT + len(times) - bench.done()
    print(
        f"priority    {len(times)} high jobs one by one, behind {COUNT} bulk ones of which {left} are left in the end: "
        f"on the wire after median {median(times):.1f} ms, at most {max(times):.1f} ms")
    if max(times) > LIMIT:
        sys.exit(f"priority: more than {LIMIT} ms")
