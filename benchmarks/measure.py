"""Measuring: CPU microseconds of each case, all cases in turn, many rounds, so that noise meets them alike."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from benchmarks.case import Case

_SELDOM: Final = 4
_WARM: Final = 20
"""Requests before each block that are not counted: they bring back what the case before threw out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What came of one case. Microseconds of CPU, of all threads of this process; ``wall`` of waiting as well.

    ``low``, ``high`` hold the middle half of the rounds. ``ratio`` is the median of what each round gave by itself.
    """

    group: str
    name: str
    ours: bool
    median: float
    low: float
    high: float
    wall: float
    ratio: float | None
    aim: float | None

    @property
    def compared(self) -> float:
        """What the aim is about."""
        return self.median if self.ratio is None else self.ratio

    @property
    def met(self) -> bool | None:
        """Whether it stays within its aim; None if it has none."""
        return None if self.aim is None else self.compared <= self.aim


def measure(
    cases: Sequence[Case], *, rounds: int, block: float, tell: Callable[[str], None] = lambda _: None
) -> list[Figure]:
    """Every case in turn, ``rounds`` times, each time as often as fits in ``block`` seconds.

    What a case is divided by runs right before it and right after it, each time warm: a case that empties the processor's
    caches would otherwise make its neighbours look slow, and those that are divided by them fast.
    """
    by_name = {case.name: case for case in cases}
    if len(by_name) < len(cases):
        message = "two cases have the same name"
        raise ValueError(message)
    repeats = {case.name: _calibrate(case.run, block) for case in cases}
    tally = {case.name: _Tally() for case in cases}
    for number in range(rounds):
        tell(f"round {number + 1} of {rounds}")
        for case in cases:
            if repeats[case.name] == 1 and number % _SELDOM:
                # What takes so long says it in a few rounds.
                continue
            base = by_name[case.base] if case.base is not None else None
            before = None if base is None else _block(base.run, repeats[base.name])
            own = _block(case.run, repeats[case.name])
            after = None if base is None else _block(base.run, repeats[base.name])
            tally[case.name].cpu.append(own[0])
            tally[case.name].wall.append(own[1])
            if before is not None and after is not None:
                tally[case.name].ratios.append(2 * own[0] / (before[0] + after[0]))
    return [_figure(case, tally[case.name]) for case in cases]


@dataclass(slots=True)
class _Tally:
    """What came of a case so far, a figure each round."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)


def _calibrate(run: Callable[[], object], block: float) -> int:
    # The first builds what later ones use.
    run()
    start = time.perf_counter()
    done = 0
    while (passed := time.perf_counter() - start) < block / 2:
        run()
        done += 1
    return max(1, round(done * block / passed))


def _block(run: Callable[[], object], repeats: int) -> tuple[float, float]:
    for _ in range(min(_WARM, repeats - 1)):
        run()
    start, began = time.process_time(), time.perf_counter()
    for _ in range(repeats):
        run()
    return (time.process_time() - start) / repeats * 1e6, (time.perf_counter() - began) / repeats * 1e6


def _figure(case: Case, tally: _Tally) -> Figure:
    low, median, high = statistics.quantiles(tally.cpu, n=4) if len(tally.cpu) > 1 else tally.cpu * 3
    return Figure(
        group=case.group,
        name=case.name,
        ours=case.ours,
        median=median,
        low=low,
        high=high,
        wall=statistics.median(tally.wall),
        ratio=statistics.median(tally.ratios) if tally.ratios else None,
        aim=case.aim,
    )
