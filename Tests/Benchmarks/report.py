"""What was measured, as text and as JSON."""
import json
import statistics
import textwrap


class Result:
    """A row that was measured, or why it was not: its figures, round by round."""

    def __init__(self, row, rounds, why=None, seconds=0.0):
        self.row, self.rounds, self.why, self.seconds = row, rounds, why, seconds
        self.lines = [Values(line, rounds, why) for line in row.lines]


class Values:
    """The values of one line, or why there are none."""

    def __init__(self, line, rounds, why):
        self.line = line
        self.values, self.why = [], why
        for figures in rounds:
            try:
                self.values.append(line.of(figures))
            except KeyError as missing:
                # What a peer said who cannot take part.
                said = [text for name, text in figures.items() if name.startswith("without ")]
                self.why = "; ".join(said) or f"no {missing.args[0]}"
        self.median = statistics.median(self.values) if self.values else None

    def json(self):
        line = self.line
        return {
            "what": line.what.strip(), "unit": line.unit, "peer": line.peer, "median": self.median,
            "minimum": min(self.values, default=None), "maximum": max(self.values, default=None), "values": self.values,
            "notMeasured": self.why if self.median is None else None,
        }


def number(value):
    """Three digits that count."""
    if value is None:
        return "-"
    if value and abs(value) < 0.095:
        return f"{value:.3f}"
    return f"{value:.2f}" if abs(value) < 9.95 else f"{value:.1f}" if abs(value) < 99.5 else f"{value:,.0f}"


def text(machine, results):
    """The table, and below it what it is made of."""
    out = [f"{name + ':':12}{value}" for name, value in machine.items()] + [""]
    head = f"{'':52}  {'unit':7}{'median':>8}  {'least to most':16}{'n':>3}"
    out += [head, "-" * len(head)]
    for result in results:
        for values in result.lines:
            line = values.line
            spread = f"{number(min(values.values))} to {number(max(values.values))}" if values.values else ""
            out.append(
                f"{line.what:52}  {line.unit:7}{number(values.median):>8}  {spread:16}{len(values.values):>3}"
                + (f"  not measured: {values.why}" if values.median is None else ""))
    out += ["", "median of the rounds", ""]
    for result in results:
        out += textwrap.wrap(f"{result.row.name}: {result.row.about}", 116, subsequent_indent="    ")
        if getattr(result.row, "made", None):
            out.append(f"    {result.row.made}")
        for name in dict.fromkeys(name for figures in result.rounds for name in figures
                                  if not name.startswith("without ")):
            values = [figures[name] for figures in result.rounds if name in figures]
            out.append(f"    {name:26}{' '.join(number(value) for value in values)}")
        out.append("")
    return "\n".join(out)


def as_json(machine, results):
    return json.dumps(
        {
            "machine": machine,
            "rows": [
                {
                    "name": result.row.name, "about": result.row.about, "seconds": round(result.seconds, 1),
                    "notMeasured": result.why, "lines": [values.json() for values in result.lines],
                    "rounds": result.rounds,
                } for result in results
            ],
        }, indent=1, ensure_ascii=False) + "\n"
