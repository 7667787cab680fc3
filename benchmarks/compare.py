"""``make bench-compare BASE=…``: whether anything of ours is slower than in an earlier run, beyond what noise explains.

Ratios are compared, not microseconds: the other run may be of another hour or another machine. Noise is how far off both
medians may be by chance, or half of a middle half, whichever is more, and never less than a twentieth: what spreads widely
depends on who else uses the machine, and that is not the same in two runs. What looks slower is measured again, by new processes: it fails only if it
looks so each time, since a process may be unlucky in how its memory lies.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from benchmarks import ROOT
from benchmarks.child import environment, program
from benchmarks.measure import Figure
from benchmarks.report import RUN, UnreadableReport, read_report

_LEAST_NOISE: Final = 0.05
_TIMES: Final = 3

MeasureAgain: TypeAlias = Callable[[Sequence[str]], list[Figure]]
"""The names of cases → their figures, and those of what they are divided by, measured by a new process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A case in two runs. ``noise`` is the relative change that says nothing."""

    name: str
    before: float
    after: float
    noise: float

    @property
    def slower(self) -> bool:
        """Whether it is slower than noise explains."""
        return self.after > self.before * (1 + self.noise)


def changes(before: list[Figure], after: list[Figure]) -> Iterator[Change]:
    """Our cases that are in both runs."""
    known = {figure.name: figure for figure in before if figure.ours}
    for now in after:
        was = known.get(now.name)
        if was is not None:
            noise = max(_LEAST_NOISE, was.uncertainty + now.uncertainty, (was.spread + now.spread) / 4)
            yield Change(name=now.name, before=was.compared, after=now.compared, noise=noise)


def lasting(before: list[Figure], found: list[Change], again: MeasureAgain) -> list[Change]:
    """The changes, those that look slower as they looked when that was least so of ``_TIMES`` measurements."""
    best = {change.name: change for change in found}
    for _ in range(_TIMES - 1):
        suspects = [change.name for change in best.values() if change.slower]
        if not suspects:
            break
        for change in changes(before, again(suspects)):
            if change.name in suspects and change.after < best[change.name].after:
                best[change.name] = change
    return list(best.values())


def _measure_again(names: Sequence[str], *, rounds: int | None) -> list[Figure]:
    print(f"measuring again what looks slower ({len(names)})", file=sys.stderr, flush=True)
    return _measure([part for name in names for part in ("--only", name)], rounds=rounds)


def _measure(more: Sequence[str], *, rounds: int | None) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="ostiary-bench-") as folder:
        report = Path(folder, "now.json")
        command = ["-m", "benchmarks", "cases", "--ours", "--json", str(report), *more]
        if rounds is not None:
            command += ["--rounds", str(rounds)]
        subprocess.run(program(*command), cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL, check=True)
        return read_report(report).figures


def main() -> None:
    """Measure, print beside the earlier run, and fail if something is slower."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__)
    parser.add_argument("base", type=Path, nargs="?", default=RUN, help="the JSON of an earlier run")
    parser.add_argument("--rounds", type=int, help="rounds of all cases")
    options = parser.parse_args()
    try:
        before = read_report(options.base).figures
    except UnreadableReport as unlike:
        sys.exit(str(unlike))
    found = list(changes(before, _measure([], rounds=options.rounds)))
    if not found:
        sys.exit("the two runs have no case in common")
    found = lasting(before, found, lambda names: _measure_again(names, rounds=options.rounds))
    for change in found:
        mark = "SLOWER" if change.slower else ""
        print(f"{change.name:<75.75} {change.before:>9.3f} -> {change.after:>9.3f}  ±{change.noise:.0%} {mark}")
    slower = sum(change.slower for change in found)
    if slower:
        sys.exit(f"{slower} of {len(found)} cases are slower than in {options.base}")


if __name__ == "__main__":
    main()
