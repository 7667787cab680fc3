"""Lines of growth: one thing, done with tables of more and more rows, all sizes in turn; how flat it is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.case import BARE, Case
from benchmarks.measure import Figure, measure
from benchmarks.plot import Chart, Line
from benchmarks.report import Table, Tell

FLAT: Final = 1.1
"""How much more than with the fewest rows it may cost with the most, to be called flat."""

# Longer than a block of requests: sign-ins take milliseconds.
_BLOCK: Final = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Growing:
    """One thing: what is run at each size. ``by_wall``: time that passed is looked at, since a server does the work.

    ``aim`` is about the cost with the most rows, as a multiple of that with the fewest.
    """

    name: str
    runs: Mapping[int, Callable[[], object]]
    ours: bool = False
    by_wall: bool = False
    aim: float | None = None

    @property
    def least(self) -> int:
        """The fewest rows."""
        return min(self.runs)

    @property
    def most(self) -> int:
        """The most rows."""
        return max(self.runs)

    def named(self, size: int) -> str:
        """The name of its case at this size."""
        return f"{self.name}, {size:,}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What grows: the table's title and what to know of it; the plot's name, title and axes; what is done with it."""

    plot: str
    title: str
    about: str
    x: str
    y: str
    things: Sequence[Growing]
    bare: Callable[[], object] | None = None


_BESIDE: Final = "most beside fewest: "


def measured(subject: Subject, *, rounds: int, tell: Tell) -> tuple[Table, Chart]:
    """The table and the plot of a subject."""
    figures = {figure.name: figure for figure in measure(list(_cases(subject)), rounds=rounds, block=_BLOCK, tell=tell)}
    sizes = sorted({size for thing in subject.things for size in thing.runs})
    rows = [_row(thing, sizes, figures) for thing in subject.things]
    lines = [
        Line(
            name=thing.name,
            points=[(size, _cost(thing, figures[thing.named(size)])) for size in sorted(thing.runs)],
            ours=thing.ours,
        )
        for thing in subject.things
    ]
    return (
        Table(title=subject.title, about=subject.about, rows=rows),
        Chart(name=subject.plot, title=subject.title, x=subject.x, y=subject.y, lines=lines),
    )


def _cases(subject: Subject) -> list[Case]:
    made: list[Case] = []
    if subject.bare is not None:
        made.append(Case(group="growth", name=BARE, run=subject.bare, base=None))
    for thing in subject.things:
        # By time that passed, the bare view is no measure: it waits for nobody.
        base = BARE if subject.bare is not None and not thing.by_wall else None
        made += [
            Case(group="growth", name=thing.named(size), run=run, ours=thing.ours, base=base)
            for size, run in thing.runs.items()
        ]
        if thing.most > thing.least:
            made.append(
                Case(
                    group="growth",
                    name=_BESIDE + thing.name,
                    run=thing.runs[thing.most],
                    base=thing.named(thing.least),
                    by_wall=thing.by_wall,
                )
            )
    return made


def _cost(thing: Growing, figure: Figure) -> float:
    return figure.wall if thing.by_wall else figure.median


def _row(thing: Growing, sizes: Sequence[int], figures: Mapping[str, Figure]) -> dict[str, str]:
    row = {"what": f"**{thing.name}**" if thing.ours else thing.name}
    for size in sizes:
        figure = figures.get(thing.named(size))
        row[f"{size:,}"] = "" if figure is None else _cell(thing, figure)
    beside = figures.get(_BESIDE + thing.name)
    if beside is None or beside.ratio is None:
        return row
    row["most ÷ fewest"] = f"{beside.ratio:,.2f} ({beside.ratio_low:,.2f}-{beside.ratio_high:,.2f})"
    if thing.aim is not None:
        row["aim"] = f"≤ {thing.aim:g}: " + ("met" if beside.ratio <= thing.aim else "**missed**")
    return row


def _cell(thing: Growing, figure: Figure) -> str:
    cost = _cost(thing, figure)
    said = f"{cost:,.0f}" if cost >= 10 else f"{cost:.2f}"
    return said if figure.ratio is None else f"{said} ({figure.ratio:,.2f})"
