"""PERFORMANCE.md: the report for people, a chapter for each part, which says of which run it is."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

from benchmarks.measure import Figure
from benchmarks.report import Part, Report, Table

_TIMES: Final = "\u00d7"

_ABOUT: Final = """\
Ostiary and its peers, side by side, as `make bench` and `make bench-growth` measure them. Each part says of which state it is
and when it was run. Only ratios carry over to another machine. A target that is missed says so; what was tried, and why some
stay missed, is in [docs/explanation/scale.md](docs/explanation/scale.md).
"""

_CASES: Final = """\
Each case is a request through WSGI in one process, or a question; all cases take turns, so that noise meets them alike. A
*ratio* is the median of the ratios of a case's short blocks to the bare Flask view (for sign-ins: to the hash alone) right
before and right after each; beside it stands the middle half of them. CPU time counts every thread of the process, and neither
the database server nor waiting for it, which *wall* does. The aim of a role check is 2 µs where a bare view takes 45, which is
0.044 of it: microseconds of another machine, or of another minute, are no measure.
"""

_TITLES: Final = {
    "cases": "Requests and questions",
    "profiles": "Where each guard spends its time",
    "start-up": "Start-up",
    "servers": "Real servers",
    "storm": "Many at once",
    "writers": "Writers",
    "growth": "Growth",
}

GROUPS: Final = (
    "bare",
    "JWT guard, HS256",
    "JWT guard, RS256, ES256, EdDSA",
    "session guard",
    "public view of an application that has the library",
    "API key guard",
    "role or permission check",
    "sign-in by password",
)


def write_markdown(report: Report, order: Sequence[str], path: Path) -> None:
    """Write the report; its parts in this order."""
    lines = ["# Performance", "", _ABOUT]
    for name in order:
        if name in report.parts:
            lines += written_part(name, report.parts[name])
    path.write_text("\n".join(lines))


def written_part(name: str, part: Part) -> Iterator[str]:
    """A part as a chapter: its run, its tables, what is missing, and the versions it stands on."""
    stamp, found = part.stamp, part.found
    yield f"## {_TITLES.get(name, name)}\n"
    yield (
        f"Measured on {stamp.date} of Ostiary {stamp.state}, in {part.minutes:g} minutes, on {stamp.machine}; "
        f"load average before: {stamp.load:g}.\n"
    )
    if stamp.quick:
        yield "**A quick run, for a look: its medians are of few rounds.**\n"
    if found.figures:
        yield _CASES
        yield from tables_of_cases(found.figures)
    for table in found.tables:
        yield from written_table(table)
    if found.missing:
        yield "Not measured: " + "; ".join(f"{what} ({why})" for what, why in found.missing.items()) + ".\n"
    if found.versions:
        said = ", ".join(f"{package} {number}" for package, number in sorted(found.versions.items()))
        yield f"Versions: {said}.\n"


def tables_of_cases(figures: Iterable[Figure]) -> Iterator[str]:
    """The cases as tables, a group each, ours first."""
    in_order = sorted(figures, key=lambda figure: (_place(figure.group), not figure.ours))
    for group, members in groupby(in_order, key=lambda figure: figure.group):
        yield f"### {group[:1].upper()}{group[1:]}\n"
        yield "| case | CPU, µs | middle half | wall, µs | ratio | middle half | aim | |"
        yield "|---|---:|---:|---:|---:|---:|---:|---|"
        for one in members:
            verdict = {True: "met", False: "**missed**", None: ""}[one.met]
            cells = (
                f"**{one.name}**" if one.ours else one.name,
                _microseconds(one.median),
                f"{_microseconds(one.low)}-{_microseconds(one.high)}",
                _microseconds(one.wall),
                *_ratio(one),
                _aim(one),
                verdict,
            )
            yield "| " + " | ".join(cells) + " |"
        yield ""


def _ratio(one: Figure) -> tuple[str, str]:
    if one.ratio is None or one.ratio_low is None or one.ratio_high is None:
        return "", ""
    return f"{_short(one.ratio)}{_TIMES}", f"{_short(one.ratio_low)}-{_short(one.ratio_high)}"


def _aim(one: Figure) -> str:
    if one.aim is None:
        return ""
    return f"≤ {one.aim:.2g} µs" if one.ratio is None else f"≤ {_short(one.aim)}{_TIMES}"


def _short(ratio: float) -> str:
    """A ratio in as many digits as say something."""
    if ratio < 0.1:
        return f"{ratio:.3f}"
    return f"{ratio:.2f}" if ratio < 100 else f"{ratio:,.0f}"


def _microseconds(number: float) -> str:
    return f"{number:.1f}" if number < 100 else f"{number:,.0f}"


def written_table(table: Table) -> Iterator[str]:
    """A table with its title and what has to be known of it."""
    yield f"### {table.title}\n"
    if table.about:
        yield f"{table.about}\n"
    if not table.rows:
        return
    names = list(dict.fromkeys(name for row in table.rows for name in row))
    yield "| " + " | ".join(names) + " |"
    yield "|---" * len(names) + "|"
    for row in table.rows:
        yield "| " + " | ".join(row.get(name, "") for name in names) + " |"
    yield ""


def _place(group: str) -> int:
    return GROUPS.index(group) if group in GROUPS else len(GROUPS)
