"""20,000 queued jobs through 50 connections to Postfix's smtp-sink, beside smtp-source, which has no queue."""
import sys
import time

from bench import Bench, median, smtp_source

COUNT = 20_000
ROUNDS = 3

with Bench(sys.argv[1]) as bench:
    port = bench.smtp_sink()
    ours, theirs = [], []
    before = 0
    for _ in range(ROUNDS):
        theirs.append(smtp_source(port, COUNT))
        bench.submit(COUNT)
        start = time.monotonic()
        daemon = bench.daemon(port, connections=50)
        before += COUNT
        bench.wait(lambda: bench.done() >= before, limit=120, pause=0.02)
        ours.append(COUNT / (time.monotonic() - start))
        bench.stop(daemon)
    print(
        f"drain       50 connections to smtp-sink, {COUNT} messages of 2 KiB: outspoold {median(ours):.0f}/s, "
        f"smtp-source -d -s 50 {median(theirs):.0f}/s, ratio {median(ours) / median(theirs):.2f}")
