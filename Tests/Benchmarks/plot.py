"""The lines that have a goal, as a picture: how much of it is reached. SVG 1.1, without a library."""
import math
from xml.sax.saxutils import escape

from report import number

LEFT, WIDTH, RIGHT, STEP, TOP = 390, 420, 190, 30, 56
#: The scale is logarithmic: from a tenth of the goal to four times as good.
LOW, HIGH = 0.1, 4.0
COLOURS = {"goal": "#2e7d32", "least": "#7cb342", "MISSED": "#e65100"}


def place_of(share):
    """Where a share of the goal lies."""
    bounded = min(max(share, LOW), HIGH)
    return LEFT + WIDTH * (math.log(bounded) - math.log(LOW)) / (math.log(HIGH) - math.log(LOW))


def share(line, value):
    """How much of the goal a value is: 1 reaches it, 2 is twice as good."""
    if line.less:
        return line.goal / value if value > 0 else HIGH
    return value / line.goal


def svg(machine, results):
    shown = [values for result in results for values in result.lines if values.line.goal and values.values]
    height = TOP + STEP * len(shown) + 48
    width = LEFT + WIDTH + RIGHT
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        '<text x="12" y="24" font-size="16" font-weight="bold">Measured, as a share of the goal</text>',
    ]
    for mark in (0.1, 0.25, 0.5, 1, 2, 4):
        x = place_of(mark)
        out.append(
            f'<line x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{height - 40}" stroke="{"#333" if mark == 1 else "#ddd"}"/>')
        label = "goal" if mark == 1 else f"{mark:g}x"
        out.append(f'<text x="{x:.1f}" y="{TOP - 14}" text-anchor="middle" fill="#555">{label}</text>')
    for index, values in enumerate(shown):
        out += bar(values, TOP + STEP * index)
    out.append(
        f'<text x="12" y="{height - 14}" fill="#555" font-size="11">{escape(machine["machine"])}; '
        f'{escape(machine["filesystem"].split(" (")[0])}. Bars: medians; lines: all rounds; notches: what is asked for at '
        'least.</text>')
    return "\n".join(out + ["</svg>", ""])


def bar(values, y):
    line = values.line
    x, end = place_of(LOW), place_of(share(line, values.median))
    worst, best = sorted(place_of(share(line, value)) for value in (min(values.values), max(values.values)))
    least, middle = place_of(share(line, line.least)), y + 10
    colour = COLOURS[values.verdict]
    return [
        f'<text x="12" y="{y + 15}">{escape(line.what.strip())}</text>',
        f'<rect x="{x:.1f}" y="{y}" width="{max(end - x, 1):.1f}" height="20" fill="{colour}"/>',
        f'<line x1="{worst:.1f}" y1="{middle}" x2="{best:.1f}" y2="{middle}" stroke="#000" stroke-width="2"/>',
        f'<line x1="{least:.1f}" y1="{y - 3}" x2="{least:.1f}" y2="{y + 23}" stroke="#000" stroke-dasharray="3 2"/>',
        f'<text x="{LEFT + WIDTH + 10}" y="{y + 15}">{number(values.median)} {escape(line.unit)} '
        f'<tspan fill="#555">(goal {number(line.goal)})</tspan></text>',
    ]
