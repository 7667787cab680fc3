"""The front of the benchmarks: which parts there are, how each is run, and where what it found is written."""

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from benchmarks import ROOT, cases, growth, profiles, servers, startup, storm, writers
from benchmarks.cases import Choice
from benchmarks.database_servers import Services, open_services
from benchmarks.machine import stamp
from benchmarks.markdown import write_markdown, written_part
from benchmarks.plot import plot
from benchmarks.report import RUN, Found, Part, Report, Tell, UnreadableReport, read_report

PERFORMANCE: Final = ROOT / "PERFORMANCE.md"

# Seconds between two lines of progress where there is no terminal.
_SELDOM: Final = 20.0
_PLOTS: Final = ROOT / "docs" / "explanation"

Measure: TypeAlias = Callable[["Run"], Found]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a part is told: the services there are, whether it is only a look, which cases are wanted, and whom to tell."""

    services: Services
    quick: bool
    choice: Choice
    tell: Tell


# In this order they stand in PERFORMANCE.md.
PARTS: Final[dict[str, Measure]] = {
    "cases": lambda run: cases.find(run.services, quick=run.quick, choice=run.choice, tell=run.tell),
    "profiles": lambda run: profiles.find(quick=run.quick, tell=run.tell),
    "start-up": lambda run: startup.find(quick=run.quick, tell=run.tell),
    "servers": lambda run: servers.find(quick=run.quick, tell=run.tell),
    "storm": lambda run: storm.find(run.services, quick=run.quick, tell=run.tell),
    "writers": lambda run: writers.find(quick=run.quick, tell=run.tell),
    "growth": lambda run: growth.find(run.services, quick=run.quick, tell=run.tell),
}
_USUAL: Final = tuple(name for name in PARTS if name != "growth")


class Progress:
    """Says how far a run is: on a terminal in place of what was said before, elsewhere a line now and then."""

    def __init__(self) -> None:
        self._said = float("-inf")

    def tell(self, line: str) -> None:
        """Say it, if it is time to."""
        now = time.monotonic()
        if sys.stderr.isatty():
            print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)
        elif line and now - self._said >= _SELDOM:
            self._said = now
            print(f"  {line}", file=sys.stderr, flush=True)


def measure_parts(names: Sequence[str], run: Run, keep: Callable[[str, Part], None]) -> bool:
    """Measure these parts one after another, and hand each over as soon as it is there; whether all could be."""
    mark, well = stamp(quick=run.quick), True
    for number, name in enumerate(names):
        print(f"{name} ({number + 1} of {len(names)}) ...", file=sys.stderr, flush=True)
        began = time.monotonic()
        try:
            found = PARTS[name](run)
        except Exception as failed:  # noqa: BLE001 - what one part cannot do the report says, and the others go on
            well, found = False, Found(missing={name: f"{type(failed).__name__}: {failed}"[:500]})
        run.tell("")
        minutes = round((time.monotonic() - began) / 60, 1)
        keep(name, Part(found=found, stamp=mark, minutes=minutes))
        print(f"{name}: {minutes} minutes", file=sys.stderr, flush=True)
    return well


def main(given: Sequence[str] | None = None) -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}; all but growth if none is named"
    )
    parser.add_argument(
        "--quick", action="store_true", help="a look: few rounds, and nothing is written unless told where"
    )
    parser.add_argument("--ours", action="store_true", help="cases: without the peers")
    parser.add_argument("--rounds", type=int, help="cases: rounds of all of them")
    parser.add_argument(
        "--only", action="append", default=[], help="cases: those that have this in their name; repeatable"
    )
    parser.add_argument("--json", type=Path, help="where the report goes, instead of the run of PERFORMANCE.md")
    options = parser.parse_args(given)
    names = options.parts or _USUAL
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        parser.error(f"there is no part {unknown[0]}: they are {', '.join(PARTS)}")
    choice = Choice(ours=options.ours, only=tuple(options.only), rounds=options.rounds)
    kept: Path | None = options.json
    if kept is None and not options.quick and choice == Choice():
        kept = RUN
    if not _measure_and_keep(names, kept, quick=options.quick, choice=choice):
        sys.exit(1)


def _measure_and_keep(names: Sequence[str], kept: Path | None, *, quick: bool, choice: Choice) -> bool:
    report = _earlier(kept)

    def keep(name: str, part: Part) -> None:
        nonlocal report
        report = report.with_part(name, part)
        print("\n".join(written_part(name, part)))
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(report.as_json())
        if kept == RUN:
            write_markdown(report, list(PARTS), PERFORMANCE)
            for chart in part.found.charts:
                Path(_PLOTS, f"{chart.name}.svg").write_text(plot(chart))

    tell = Progress().tell
    # Peers warn of what they will drop; it is not what is measured.
    with warnings.catch_warnings(action="ignore"), open_services(tell) as services:
        return measure_parts(names, Run(services=services, quick=quick, choice=choice, tell=tell), keep)


def _earlier(path: Path | None) -> Report:
    """The parts that were measured before and stay, each with its own stamp; none where there is no such report."""
    if path is None or not path.exists():
        return Report()
    try:
        return read_report(path)
    except UnreadableReport:
        return Report()
