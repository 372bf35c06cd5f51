"""20,000 queued jobs through 50 connections to Postfix's smtp-sink, beside smtp-source, which has no queue."""
import sys

from bench import Bench, race

COUNT = 20_000

with Bench(sys.argv[1]) as bench:
    print(f"drain       50 connections to smtp-sink, {COUNT} messages of 2 KiB: {race(bench, bench.smtp_sink(), COUNT)}")
