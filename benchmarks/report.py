"""The report of what was measured, part by part: each says of which state, when and where; kept as JSON."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeAlias

from benchmarks import ROOT
from benchmarks.measure import Figure
from benchmarks.plot import Chart, Line

RUN: Final = ROOT / "benchmarks" / "results" / "run.json"
"""The report that PERFORMANCE.md is written from."""

Tell: TypeAlias = Callable[[str], None]
"""Says how far a part is: one line, which replaces the one before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Of which run something is.

    ``state``    the package's version, and where it is known the commit its source is of
    ``date``     the day, ISO 8601, UTC
    ``machine``  in words
    ``load``     how many other processes wanted a core when the run began (the system's load average)
    ``quick``    whether it was only a look
    """

    state: str
    date: str
    machine: str
    load: float
    quick: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table that is not about a case's microseconds. ``about`` says what a reader has to know of it."""

    title: str
    rows: list[dict[str, str]]
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one part of a run found. ``missing``: what could not be measured, and why."""

    figures: list[Figure] = field(default_factory=list[Figure])
    tables: list[Table] = field(default_factory=list[Table])
    charts: list[Chart] = field(default_factory=list[Chart])
    versions: Mapping[str, str] = field(default_factory=dict[str, str])
    missing: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a part found, of which run it is, and the minutes that it took."""

    found: Found
    stamp: Stamp
    minutes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Every part that was measured, by its name."""

    parts: Mapping[str, Part] = field(default_factory=dict[str, Part])

    @property
    def figures(self) -> list[Figure]:
        """The cases of all parts."""
        return [figure for part in self.parts.values() for figure in part.found.figures]

    def with_part(self, name: str, part: Part) -> "Report":
        """The report in which this part was measured anew."""
        return replace(self, parts={**self.parts, name: part})

    def as_json(self) -> str:
        """The whole report."""
        return json.dumps(asdict(self), indent=1) + "\n"


class UnreadableReport(Exception):
    """A file that is no report, or one of other benchmarks than these."""


def read_report(path: Path) -> Report:
    """A report that was written before. Raises ``UnreadableReport``."""
    try:
        return Report(parts={name: _part(**said) for name, said in json.loads(path.read_text())["parts"].items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as unlike:
        message = f"{path} is not a report of these benchmarks ({unlike!r}): measure it anew, by `make bench`"
        raise UnreadableReport(message) from unlike


def _part(*, found: Any, stamp: Any, minutes: float) -> Part:
    return Part(found=_found(**found), stamp=Stamp(**stamp), minutes=minutes)


def _found(*, figures: Any, tables: Any, charts: Any, versions: Any, missing: Any) -> Found:
    return Found(
        figures=[Figure(**one) for one in figures],
        tables=[Table(**one) for one in tables],
        charts=[_chart(**one) for one in charts],
        versions=versions,
        missing=missing,
    )


def _chart(*, lines: Any, **said: Any) -> Chart:
    read = [
        Line(name=one["name"], points=[(size, cost) for size, cost in one["points"]], ours=one["ours"]) for one in lines
    ]
    return Chart(lines=read, **said)
