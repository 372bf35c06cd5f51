"""50 connections to a relay that takes 20 ms to answer the final dot: no reply may block the loop."""
import sys
import time

from bench import Bench, median, smtp_source

COUNT = 10_000
ROUNDS = 3

with Bench(sys.argv[1]) as bench:
    port = bench.sink("--delay", "dot=20ms")
    ours, theirs = [], []
    before = 0
    for _ in range(ROUNDS):
        theirs.append(smtp_source(port, COUNT))
        # Queued while the daemon is down: what is measured is the drain, from its start to the last job.
        bench.submit(COUNT)
        start = time.monotonic()
        daemon = bench.daemon(port, connections=50)
        before += COUNT
        bench.wait(lambda: bench.done() >= before, limit=120, pause=0.02)
        ours.append(COUNT / (time.monotonic() - start))
        bench.stop(daemon)
    print(
        f"slow-relay  50 connections, 20 ms to the dot's reply, {COUNT} messages: outspoold {median(ours):.0f}/s, "
        f"smtp-source -d -s 50 {median(theirs):.0f}/s, ratio {median(ours) / median(theirs):.2f}")
