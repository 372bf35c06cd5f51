"""The lines that are ratios to a peer, as a picture. SVG 1.1, without a library."""
import math
from xml.sax.saxutils import escape

from report import number

LEFT, WIDTH, RIGHT, STEP, TOP = 390, 420, 190, 30, 56
#: The scale is logarithmic: from a quarter of the peer's speed to ten times as fast.
LOW, HIGH = 0.2, 10.0
FASTER, SLOWER = "#2e7d32", "#e65100"


def place_of(ratio):
    """Where a ratio lies."""
    bounded = min(max(ratio, LOW), HIGH)
    return LEFT + WIDTH * (math.log(bounded) - math.log(LOW)) / (math.log(HIGH) - math.log(LOW))


def svg(machine, results):
    shown = [values for result in results for values in result.lines if values.line.peer and values.values]
    height = TOP + STEP * len(shown) + 48
    width = LEFT + WIDTH + RIGHT
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        '<text x="12" y="24" font-size="16" font-weight="bold">Times as fast as the peer</text>',
    ]
    for mark in (0.25, 0.5, 1, 2, 4, 8):
        x = place_of(mark)
        out.append(
            f'<line x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{height - 40}" stroke="{"#333" if mark == 1 else "#ddd"}"/>')
        out.append(f'<text x="{x:.1f}" y="{TOP - 14}" text-anchor="middle" fill="#555">{mark:g}x</text>')
    for index, values in enumerate(shown):
        out += bar(values, TOP + STEP * index)
    out.append(
        f'<text x="12" y="{height - 14}" fill="#555" font-size="11">{escape(machine["machine"])}; '
        f'{escape(machine["filesystem"].split(" (")[0])}. Bars: medians; lines: all rounds.</text>')
    return "\n".join(out + ["</svg>", ""])


def bar(values, y):
    line = values.line
    median = line.ratio(values.median)
    start, end = sorted((place_of(1), place_of(median)))
    worst, best = (place_of(line.ratio(value)) for value in (min(values.values), max(values.values)))
    return [
        f'<text x="12" y="{y + 15}">{escape(line.what.strip())}</text>',
        f'<rect x="{start:.1f}" y="{y}" width="{max(end - start, 1):.1f}" height="20" '
        f'fill="{FASTER if median >= 1 else SLOWER}"/>',
        f'<line x1="{worst:.1f}" y1="{y + 10}" x2="{best:.1f}" y2="{y + 10}" stroke="#000" stroke-width="2"/>',
        f'<text x="{LEFT + WIDTH + 10}" y="{y + 15}">{number(median)}x '
        f'<tspan fill="#555">{escape(line.peer)}</tspan></text>',
    ]
