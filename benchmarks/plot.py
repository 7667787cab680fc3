"""Plots: lines of cost against size, both logarithmic, as an SVG file without anything that has to be loaded."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

_PLOTTED: Final = 500
_HEIGHT: Final = 460
_LEFT: Final = 80
# Of a letter of a name that stands beside the plot, bold and wide.
_LETTER: Final = 8.2
_END: Final = _LEFT + _PLOTTED
_TOP: Final = 50
_BOTTOM: Final = 60
# Dark enough on white, and apart for those who see fewer colours (Okabe and Ito, 2008).
_COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9", "#000000", "#7a5195")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: its name, and its points (size, cost). ``ours`` is drawn thicker."""

    name: str
    points: Sequence[tuple[float, float]]
    ours: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What a plot shows: the name of its file, without ending; its title, its axes, its lines."""

    name: str
    title: str
    x: str
    y: str
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """The decades of an axis, and where they are drawn."""

    first: int
    last: int
    start: float
    end: float

    def at(self, value: float) -> float:
        part = (math.log10(value) - self.first) / (self.last - self.first)
        return self.start + part * (self.end - self.start)


def _scale(values: Sequence[float], start: float, end: float) -> _Scale:
    first, last = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return _Scale(first=first, last=max(last, first + 1), start=start, end=end)


def plot(chart: Chart) -> str:
    """The SVG of a chart."""
    title, lines = chart.title, chart.lines
    points = [point for line in lines for point in line.points]
    across = _scale([size for size, _ in points], _LEFT, _END)
    up = _scale([cost for _, cost in points], _HEIGHT - _BOTTOM, _TOP)
    width = _END + 60 + round(_LETTER * max(len(line.name) for line in lines))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_HEIGHT}" role="img" '
        f'font-family="sans-serif" font-size="13">'
    )
    body = [
        head,
        f"<title>{escape(title)}</title>",
        f'<rect width="{width}" height="{_HEIGHT}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="24" font-size="16">{escape(title)}</text>',
        *_grid(across, up),
        f'<text x="{(_LEFT + _END) / 2:.0f}" y="{_HEIGHT - 14}" text-anchor="middle">{escape(chart.x)}</text>',
        f'<text transform="translate(18 {_HEIGHT / 2:.0f}) rotate(-90)" text-anchor="middle">{escape(chart.y)}</text>',
        *_drawn(lines, across, up),
        "</svg>",
    ]
    return "\n".join(body) + "\n"


def _grid(across: _Scale, up: _Scale) -> Iterator[str]:
    for decade in range(across.first, across.last + 1):
        at = across.at(10**decade)
        yield f'<path d="M{at:.1f} {_TOP}V{_HEIGHT - _BOTTOM}" stroke="#ddd"/>'
        yield f'<text x="{at:.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{10**decade:,}</text>'
    for decade in range(up.first, up.last + 1):
        at = up.at(10**decade)
        yield f'<path d="M{_LEFT} {at:.1f}H{_END}" stroke="#ddd"/>'
        yield f'<text x="{_LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{10**decade:,}</text>'


def _drawn(lines: Sequence[Line], across: _Scale, up: _Scale) -> Iterator[str]:
    for number, line in enumerate(lines):
        colour, width = _COLOURS[number % len(_COLOURS)], 3 if line.ours else 1.5
        path = "L".join(f"{across.at(size):.1f} {up.at(cost):.1f}" for size, cost in line.points)
        yield f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>'
        for size, cost in line.points:
            yield f'<circle cx="{across.at(size):.1f}" cy="{up.at(cost):.1f}" r="3" fill="{colour}"/>'
        y = _TOP + 20 * number
        weight = ' font-weight="bold"' if line.ours else ""
        yield f'<path d="M{_END + 16} {y}h22" stroke="{colour}" stroke-width="{width}"/>'
        yield f'<text x="{_END + 46}" y="{y + 4}"{weight}>{escape(line.name)}</text>'
