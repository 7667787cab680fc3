"""``make bench-compare BASE=…``: whether anything of ours is slower than in an earlier run, beyond what noise explains.

Ratios are compared, not microseconds: the other run may be of another hour or another machine. Noise is what the middle
halves of both runs say it is, and never less than a twentieth.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Figure
from benchmarks.report import read_report

_LEAST_NOISE = 0.05


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
            noise = max(_LEAST_NOISE, _spread(was) + _spread(now))
            yield Change(name=now.name, before=was.compared, after=now.compared, noise=noise)


def _spread(figure: Figure) -> float:
    return (figure.high - figure.low) / 2 / figure.median


def main() -> None:
    """Print both, and fail if something is slower."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before", type=Path, help="the JSON of an earlier run")
    parser.add_argument("after", type=Path, help="the JSON of this one")
    options = parser.parse_args()
    found = list(changes(read_report(options.before).figures, read_report(options.after).figures))
    if not found:
        sys.exit("the two runs have no case in common")
    for change in found:
        mark = "SLOWER" if change.slower else ""
        print(f"{change.name:<75.75} {change.before:>9.2f} -> {change.after:>9.2f}  ±{change.noise:.0%} {mark}")
    if any(change.slower for change in found):
        sys.exit(1)


if __name__ == "__main__":
    main()
