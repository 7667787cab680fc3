"""Measuring: CPU microseconds of each case, all cases in turn, many rounds, so that noise meets them alike."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.case import Case


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
    """Every case in turn, ``rounds`` times, each time as often as fits in ``block`` seconds."""
    repeats = {case.name: _calibrate(case.run, block) for case in cases}
    cpu: dict[str, list[float]] = {case.name: [] for case in cases}
    wall: dict[str, list[float]] = {case.name: [] for case in cases}
    for number in range(rounds):
        tell(f"round {number + 1} of {rounds}")
        for case in cases:
            spent, passed = _block(case.run, repeats[case.name])
            cpu[case.name].append(spent)
            wall[case.name].append(passed)
    return [_figure(case, cpu, wall) for case in cases]


def _calibrate(run: Callable[[], object], block: float) -> int:
    # Warm first: the first request builds what later ones use.
    for _ in range(3):
        run()
    start = time.perf_counter()
    done = 0
    while (passed := time.perf_counter() - start) < block / 2 and done < 10_000:
        run()
        done += 1
    return max(1, round(done * block / max(passed, 1e-9)))


def _block(run: Callable[[], object], repeats: int) -> tuple[float, float]:
    start, began = time.process_time(), time.perf_counter()
    for _ in range(repeats):
        run()
    return (time.process_time() - start) / repeats * 1e6, (time.perf_counter() - began) / repeats * 1e6


def _figure(case: Case, cpu: dict[str, list[float]], wall: dict[str, list[float]]) -> Figure:
    own = cpu[case.name]
    low, median, high = statistics.quantiles(own, n=4) if len(own) > 1 else own * 3
    ratio = None
    if case.base is not None and case.base != case.name:
        ratio = statistics.median(mine / other for mine, other in zip(own, cpu[case.base], strict=True))
    return Figure(
        group=case.group,
        name=case.name,
        ours=case.ours,
        median=median,
        low=low,
        high=high,
        wall=statistics.median(wall[case.name]),
        ratio=ratio,
        aim=case.aim,
    )
