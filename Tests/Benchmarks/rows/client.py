from functools import partial

from outspool import JOB, Spool
from rows import Line, Row, interleaved, ratio

SINGLE, MANY, BATCH = 4000, 6400, 1000


class Client(Row):
    name = "client"
    about = (
        "Durable submissions to a spool on which no daemon runs. The Swift client encodes a typed job for each; the C loop "
        f"writes the same bytes: create, write, fsync, rename, fsync(directory). {SINGLE} by one producer, {MANY} by 16 "
        f"threads; a batch is one call for {BATCH} jobs, against {BATCH} calls, one after the other. All of it in slices, in turns.")
    repeat = 2
    lines = (
        Line("Swift client against the C loop, 1 producer", lambda f: 100 * f["Swift 1/s"] / f["C 1/s"], "%", "a loop in C"),
        Line("Swift client against the C loop, 16 producers", lambda f: 100 * f["Swift 16/s"] / f["C 16/s"], "%", "a loop in C"),
        Line("a batch of 1,000 against 1,000 submissions", ratio("batch/s", "single/s"), "x", "1,000 submissions"),
    )

    def open(self):
        self.loop = self.place.c_program("loop")

    def round(self, index):
        one = interleaved(8, SINGLE, **{"Swift 1/s": partial(self.swift, 1), "C 1/s": partial(self.c, 1)})
        many = interleaved(5, MANY, **{"Swift 16/s": partial(self.swift, 16), "C 16/s": partial(self.c, 16)})
        batch = interleaved(2, 2 * BATCH, **{
            "batch/s": partial(self.swift, 1, kind="batch"), "single/s": partial(self.swift, 1)})
        return one | many | batch

    def swift(self, threads, count, kind="single"):
        return self.timed(count, [self.place.program("bench-producer")], [str(count), str(threads), kind])

    def c(self, threads, count):
        return self.timed(count, [self.loop], [str(count), str(threads)], text=JOB)

    def timed(self, count, program, words, text=None):
        """The seconds that a program takes to submit so many jobs to a fresh spool."""
        spool = Spool(self.place, "client")
        seconds = self.place.seconds(*program, spool.path, *words, text=text)
        spool.expect(tmp=0, new=count)
        return seconds
