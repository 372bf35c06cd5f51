"""50 connections to a relay that takes 20 ms to answer the final dot: no reply may block the loop."""
import sys

from bench import Bench, race

COUNT = 10_000

with Bench(sys.argv[1]) as bench:
    port = bench.sink("--delay", "dot=20ms")
    print(f"slow-relay  50 connections, 20 ms to the dot's reply, {COUNT} messages: {race(bench, port, COUNT)}")
