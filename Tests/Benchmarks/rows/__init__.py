"""The rows of the table. One is a class: what it measures, and its lines."""
import statistics
from functools import partial


class Line:
    """One line of the table: a figure of each round.

    `of` computes the figure from a round's measurements; a round that lacks one gives no figure. A line with a `peer` is a
    ratio, and is drawn: 1, or 100 %, is as fast as the peer.
    """

    def __init__(self, what, of, unit, peer=None):
        self.what, self.of, self.unit, self.peer = what, of, unit, peer

    def ratio(self, value):
        """How many times as fast as the peer."""
        return value / 100 if self.unit == "%" else value


class Row:
    """What is measured together: in each round ours and the peer's, one after the other, and the other way round in the
    next."""

    name = ""
    #: What is done, with what settings.
    about = ""
    lines = ()
    #: For each round that is asked for, so many: more where one is short.
    repeat = 1
    #: Whether it is measured only when it is asked for by name.
    is_extra = False

    def __init__(self, place, options):
        self.place, self.options = place, options

    def open(self):
        """Starts what all rounds share."""

    def round(self, index):
        """Measures once. Returns a table of figures by their names."""
        raise NotImplementedError

    def close(self):
        """Ends what ``open`` started."""


def in_turns(index, *measurements):
    """The results of the measurements, which begin with another one in each round."""
    results = [None] * len(measurements)
    for step in range(len(measurements)):
        turn = (index + step) % len(measurements)
        results[turn] = measurements[turn]()
    return results


def interleaved(slices, count, **seconds_of):
    """Rates of things that are short: each does `count` in slices, one of each in turns, so that what else the machine
    does meets all of them. `seconds_of` are functions of a slice's size that return its seconds."""
    size, spent = count // slices, dict.fromkeys(seconds_of, 0.0)
    for step in range(slices):
        for name, seconds in zip(spent, in_turns(step, *(partial(run, size) for run in seconds_of.values()))):
            spent[name] += seconds
    return {name: size * slices / seconds for name, seconds in spent.items()}


def ratio(one, other):
    """How many times `other` goes into `one`."""
    return lambda figures: figures[one] / figures[other]


def figure(name):
    return lambda figures: figures[name]


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def latencies(spool, witness, count, prefix):
    """Milliseconds from the rename into new/ to the server's 250, of jobs that come one by one."""
    times = []
    for index in range(count):
        name = f"{prefix}{index}"
        start = spool.drop(name)
        times.append((witness.wait(witness.accepted, name) - start) * 1000)
    return times


median = statistics.median
