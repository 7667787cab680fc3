"""``python -m benchmarks.simulate``: a day's peak, replayed with the costs that a run has measured.

Requests come at random (Poisson) to machines of so many cores; each takes a core for as long as the view and the guard
need, drawn from the measured quartiles, and, where the guard asks PostgreSQL, waits for it without the core. Who finds
every core taken waits. The answer is how busy the machines are, and how long requests wait and take.
"""

import argparse
import heapq
import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.measure import Figure
from benchmarks.report import RUN, read_report


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of request: the part of all that are of it, and the measured case it costs."""

    name: str
    part: float
    case: str


MIX: Final = (
    Kind(name="token, seen before", part=0.80, case="Ostiary, ES256, seen before, revocation asked (PostgreSQL)"),
    Kind(name="token, first time", part=0.05, case="Ostiary, ES256, first time, stateless"),
    Kind(name="session, read", part=0.148, case="Ostiary, session, one read a request (PostgreSQL)"),
    Kind(name="sign-in by password", part=0.002, case="Ostiary, sign-in and new session (SQLite)"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What comes, and who answers. ``view`` is what the application itself computes, in milliseconds of CPU."""

    rate: float
    machines: int
    cores: int
    view: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of it. Times in milliseconds, of one machine, since all are alike."""

    busy: float
    p50: float
    p99: float
    overhead_cores: float


def draw(figure: Figure, chance: random.Random) -> float:
    """Milliseconds of CPU: within the measured middle half as often as there, and as far again beyond it."""
    low, median, high = figure.low, figure.median, figure.high
    at = chance.random()
    if at < 0.25:
        return (low - (median - low) * (0.25 - at) * 2) / 1000
    if at < 0.5:
        return (low + (median - low) * (at - 0.25) * 4) / 1000
    if at < 0.75:
        return (median + (high - median) * (at - 0.5) * 4) / 1000
    return (high + (high - median) * (at - 0.75) * 8) / 1000


def replay(load: Load, mix: Sequence[tuple[Kind, Figure]], *, seconds: float, seed: int = 1) -> Outcome:
    """One machine's share of the load, for so long."""
    chance = random.Random(seed)
    free = [0.0] * load.cores
    heapq.heapify(free)
    now, busy, guarded, took = 0.0, 0.0, 0.0, list[float]()
    weights = [kind.part for kind, _ in mix]
    own_rate = load.rate / load.machines / 1000
    while now < seconds * 1000:
        now += chance.expovariate(own_rate)
        _, figure = chance.choices(mix, weights)[0]
        guard = draw(figure, chance)
        work = guard + chance.expovariate(1 / load.view)
        starts = max(now, heapq.heappop(free))
        heapq.heappush(free, starts + work)
        busy += work
        guarded += guard
        took.append(starts + work + max(0.0, figure.wall - figure.median) / 1000 - now)
    cut = statistics.quantiles(took, n=100)
    return Outcome(
        busy=busy / (now * load.cores),
        p50=cut[49],
        p99=cut[98],
        overhead_cores=guarded / now * load.machines,
    )


def main() -> None:
    """The load of the explanation, with more and with fewer machines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=50_000, help="requests a second")
    parser.add_argument("--cores", type=int, default=16, help="of each machine")
    parser.add_argument("--view", type=float, default=3.0, help="milliseconds of CPU of the application's own view")
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    figures = {figure.name: figure for figure in read_report(RUN).figures}
    mix = [(kind, figures[kind.case]) for kind in MIX]
    print(f"{options.rate:,.0f} requests a second, machines of {options.cores} cores, views of {options.view} ms\n")
    print(
        "| machines | busy | p50, ms | p99, ms | cores for Flask, guard and sign-ins, of all |\n|---:|---:|---:|---:|---:|"
    )
    need = options.rate * options.view / 1000 / options.cores
    for machines in sorted({round(need * factor) for factor in (1.15, 1.3, 1.5, 2.0, 2.5)}):
        load = Load(rate=options.rate, machines=machines, cores=options.cores, view=options.view)
        got = replay(load, mix, seconds=options.seconds)
        print(f"| {machines} | {got.busy:.0%} | {got.p50:.1f} | {got.p99:.1f} | {got.overhead_cores:.1f} |")


if __name__ == "__main__":
    main()
