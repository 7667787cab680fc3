"""The report of a run: one value with everything measured, as JSON for comparison and as PERFORMANCE.md for people."""

import json
import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby
from pathlib import Path
from typing import Any

from benchmarks.measure import Figure

_OWN_PACKAGES = ("flask", "werkzeug", "sqlalchemy", "psycopg", "redis", "cryptography", "joserfc", "argon2-cffi")

_TIMES = "\u00d7"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One run. ``missing`` says why a peer was not measured; ``quick`` that it was only a look.

    ``start_up``, ``servers``, ``storm``, ``writers`` are tables of their own; empty where they were not run.
    """

    machine: str
    quick: bool
    figures: list[Figure]
    versions: Mapping[str, str]
    missing: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)

    def as_json(self) -> str:
        """The whole report."""
        return json.dumps(asdict(self), indent=1, sort_keys=True)


def read_report(path: Path) -> Report:
    """A report that was written before."""
    said = json.loads(path.read_text())
    return Report(**{**said, "figures": [Figure(**one) for one in said["figures"]]})


def describe_machine() -> str:
    """The machine, in words."""
    system = f"{platform.system()} on {platform.machine()}"
    return f"{os.cpu_count()} cores, {system}, CPython {platform.python_version()}, SQLite {_sqlite()}"


def _sqlite() -> str:
    import sqlite3  # for its version

    return sqlite3.sqlite_version


def own_versions() -> dict[str, str]:
    """The versions of what we ourselves stand on."""
    found: dict[str, str] = {}
    for package in _OWN_PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def tables(figures: Iterable[Figure]) -> Iterator[str]:
    """The figures as tables in Markdown, a group each."""
    in_order = sorted(figures, key=lambda figure: (_place(figure.group), not figure.ours))
    for group, members in groupby(in_order, key=lambda figure: figure.group):
        yield f"## {group[:1].upper()}{group[1:]}\n"
        yield "| case | CPU, µs | middle half | wall, µs | ratio | aim | |"
        yield "|---|---:|---:|---:|---:|---:|---|"
        for one in members:
            ratio = "" if one.ratio is None else f"{one.ratio:.2f}{_TIMES}"
            aim = "" if one.aim is None else f"≤ {one.aim:g}{_TIMES if one.ratio is not None else ' µs'}"
            verdict = {True: "met", False: "**missed**", None: ""}[one.met]
            name = f"**{one.name}**" if one.ours else one.name
            spread = f"{_short(one.low)}-{_short(one.high)}"
            yield f"| {name} | {_short(one.median)} | {spread} | {_short(one.wall)} | {ratio} | {aim} | {verdict} |"
        yield ""


_ORDER = (
    "bare",
    "JWT guard, HS256",
    "JWT guard, RS256, ES256, EdDSA",
    "session guard",
    "public view of an application that has the library",
    "API key guard",
    "role or permission check, microseconds",
    "sign-in by password",
)


def _place(group: str) -> int:
    return _ORDER.index(group) if group in _ORDER else len(_ORDER)


def _short(microseconds: float) -> str:
    return f"{microseconds:.1f}" if microseconds < 100 else f"{microseconds:,.0f}"


def further_tables(said: Mapping[str, list[dict[str, Any]]]) -> Iterator[str]:
    """The tables that are not about microseconds of a request."""
    for title, rows in said.items():
        if not rows:
            continue
        yield f"## {title}\n"
        names = list(rows[0])
        yield "| " + " | ".join(names) + " |"
        yield "|---" * len(names) + "|"
        for row in rows:
            yield "| " + " | ".join(str(row.get(name, "")) for name in names) + " |"
        yield ""


_ABOUT = """\
Ostiary and its peers, side by side, in one run of `make bench`. Each case is a request through WSGI in one process, or a
question; all cases take turns, so that noise meets them alike. A *ratio* is the median over the rounds of the ratio to the bare Flask
view (for sign-ins: to the hash alone) right before and right after. CPU time counts every thread of the process, and neither the
database server nor waiting for it, which *wall* does. Only ratios carry over to another machine; and a machine that others
use at the same time shows wide middle halves. A target that is missed says so. What was tried, and why some stay missed,
is in [docs/explanation/scale.md](docs/explanation/scale.md).
"""


def write_markdown(report: Report, path: Path) -> None:
    """PERFORMANCE.md."""
    lines = ["# Performance", "", _ABOUT]
    if report.quick:
        lines.append("**A quick run, for a look: its medians are of few rounds.**\n")
    lines.append(f"Measured on: {report.machine}.\n")
    lines += tables(report.figures)
    lines += further_tables(report.tables)
    lines.append("## Versions\n")
    lines.append(", ".join(f"{name} {number}" for name, number in sorted(report.versions.items())) + ".\n")
    if report.missing:
        lines.append("Not measured: " + "; ".join(f"{name} ({why})" for name, why in report.missing.items()) + ".\n")
    path.write_text("\n".join(lines))
