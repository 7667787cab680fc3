"""Measuring: microseconds of each case, all cases in turn, each beside what it is divided by, in many short blocks.

Processors change their speed within seconds, and others use them too: microseconds of one run spread widely. What a case
is divided by therefore runs right before and right after each of its blocks, each block so short that the speed seldom
changes within the three, and the figure is the median of what they gave.
"""

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from benchmarks.case import Case

BLOCK: Final = 0.007
"""Seconds that a block takes: a hundred bare views, and far less than the speed of a processor lasts."""

TURNS: Final = 3
"""How often in a round a case and its base alternate."""

# Runs at least, to see how long one takes when nobody interrupts it.
_TRIALS: Final = 20
_FEW_TRIALS: Final = 5
_SELDOM: Final = 4
_WARM: Final = 20
"""Requests before each block that are not counted: they bring back what the case before threw out."""

# Of the median of a sample, from its middle half: what a normal distribution would say of it.
_DEVIATIONS_IN_MIDDLE_HALF: Final = 1.349
_MEDIAN_TO_MEAN: Final = math.sqrt(math.pi / 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What came of one case. Microseconds of CPU, of all threads of this process; ``wall`` of waiting as well.

    ``low``, ``high`` hold the middle half of the blocks. ``ratio`` is the median of what each block gave beside its
    neighbours, ``ratio_low`` and ``ratio_high`` their middle half, ``blocks`` how many there were.
    """

    group: str
    name: str
    ours: bool
    median: float
    low: float
    high: float
    wall: float
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    blocks: int
    aim: float | None

    @property
    def compared(self) -> float:
        """What the aim is about."""
        return self.median if self.ratio is None else self.ratio

    @property
    def met(self) -> bool | None:
        """Whether it stays within its aim; None if it has none."""
        return None if self.aim is None else self.compared <= self.aim

    @property
    def spread(self) -> float:
        """How wide the middle half is, in parts of the median."""
        low, high = self.ratio_low, self.ratio_high
        if low is None or high is None:
            low, high = self.low, self.high
        return (high - low) / self.compared

    @property
    def uncertainty(self) -> float:
        """How far off the median may be by chance alone, in parts of it: two standard errors."""
        return 2 * self.spread / _DEVIATIONS_IN_MIDDLE_HALF * _MEDIAN_TO_MEAN / math.sqrt(self.blocks)


def measure(
    cases: Sequence[Case], *, rounds: int, block: float = BLOCK, tell: Callable[[str], None] = lambda _: None
) -> list[Figure]:
    """Every case in turn, ``rounds`` times, each time in ``TURNS`` blocks of ``block`` seconds.

    Every block begins warm: a case that empties the processor's caches would otherwise make its neighbours look slow, and
    those that are divided by them fast.
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
            slow = repeats[case.name] == 1
            if slow and number % _SELDOM and not case.ours:
                # A peer that takes longer than a block says it in a few rounds.
                continue
            base = None if case.base is None else by_name[case.base]
            # Nor is it turned round and round; what is ours is, since a hash by itself spreads wider than the aim is away.
            for one in _alternate(case, base, repeats, turns=1 if slow and not case.ours else TURNS):
                tally[case.name].add(*one)
    return [_figure(case, tally[case.name]) for case in cases]


@dataclass(slots=True)
class _Tally:
    """What came of a case so far, a figure each block."""

    cpu: list[float] = field(default_factory=list[float])
    wall: list[float] = field(default_factory=list[float])
    ratios: list[float] = field(default_factory=list[float])

    def add(self, cpu: float, wall: float, ratio: float | None) -> None:
        self.cpu.append(cpu)
        self.wall.append(wall)
        if ratio is not None:
            self.ratios.append(ratio)


def _calibrate(run: Callable[[], object], block: float) -> int:
    """How often it fits into a block when nobody interrupts it.

    By its fastest run: one that somebody else's work fell into would make a block of a single request, which is cold.
    """
    # The first builds what later ones use.
    run()
    start = time.perf_counter()
    fastest, done = math.inf, 0
    # What takes longer than a block takes so each time, which a few runs tell.
    while time.perf_counter() - start < block or done < (_TRIALS if fastest < block else _FEW_TRIALS):
        began = time.perf_counter()
        run()
        fastest, done = min(fastest, time.perf_counter() - began), done + 1
    return max(1, round(block / fastest))


def _alternate(
    case: Case, base: Case | None, repeats: dict[str, int], *, turns: int
) -> "list[tuple[float, float, float | None]]":
    """CPU and wall of a block of the case, and its ratio to the blocks of its base around it; ``turns`` of them."""
    clock = 1 if case.by_wall else 0
    before = None if base is None else _block(base.run, repeats[base.name])
    found: list[tuple[float, float, float | None]] = []
    for _ in range(turns):
        own = _block(case.run, repeats[case.name])
        ratio = None
        if base is not None and before is not None:
            after = _block(base.run, repeats[base.name])
            ratio = 2 * own[clock] / (before[clock] + after[clock])
            before = after
        found.append((*own, ratio))
    return found


def _block(run: Callable[[], object], repeats: int) -> tuple[float, float]:
    for _ in range(min(_WARM, repeats - 1)):
        run()
    start, began = time.process_time(), time.perf_counter()
    for _ in range(repeats):
        run()
    return (time.process_time() - start) / repeats * 1e6, (time.perf_counter() - began) / repeats * 1e6


def _quartiles(found: list[float]) -> tuple[float, float, float]:
    if len(found) < 2:
        return found[0], found[0], found[0]
    low, median, high = statistics.quantiles(found, n=4)
    return low, median, high


def _figure(case: Case, tally: _Tally) -> Figure:
    low, median, high = _quartiles(tally.cpu)
    ratio_low, ratio, ratio_high = _quartiles(tally.ratios) if tally.ratios else (None, None, None)
    return Figure(
        group=case.group,
        name=case.name,
        ours=case.ours,
        median=median,
        low=low,
        high=high,
        wall=statistics.median(tally.wall),
        ratio=ratio,
        ratio_low=ratio_low,
        ratio_high=ratio_high,
        blocks=len(tally.cpu),
        aim=case.aim,
    )
