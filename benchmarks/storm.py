"""A storm: five hundred sign-ins at once, while those who are signed in go on; and as many as the line holds.

The 99th percentile of those who are signed in is to stay within three times the quiet one. Who finds the line for a
password's hash full is told to come again (503 with Retry-After), before any work, and does; at the end everybody is
signed in. As long as no more sign in at once than the line holds, nobody is told to. The memory of the server's processes is
watched. The server and its clients share this machine.
"""

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final

from benchmarks import ours
from benchmarks.clients import IN_VAIN, signing_in, told_to, visiting
from benchmarks.database_servers import Services
from benchmarks.report import Found, Table, Tell
from benchmarks.serving import serving
from benchmarks.workplace import Workplace, open_workplace
from ostiary import Passwords

_VISITORS: Final = 4
_WORSE: Final = 3.0
"""How much longer those who are signed in may wait, at their 99th percentile."""

_ARRANGEMENTS: Final = ((1, 32), (2, 32))
_MB: Final = 1e6
# Of each thread of the server that a request has waited in: its stack, and what it read.
_THREAD: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large the storms are: sign-ins at once, those that keep below the bound, and seconds of quiet before."""

    sign_ins: int = 500
    below: int = 100
    quiet: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What a process states: how many hash at once, how many wait for it and how long, and the megabytes of a hash."""

    slots: int
    waiting: int
    patience: str
    memory: float

    @property
    def at_once(self) -> int:
        """How many may sign in at once before anybody is told to come again."""
        return self.slots + self.waiting


def stated_bound() -> Bound:
    """The bound of the defaults, on this machine."""
    said = Passwords()
    return Bound(
        slots=said.hash_slots, waiting=said.waiting, patience=str(said.patience), memory=said.memory_kib * 1024 / _MB
    )


def resident(folder: Path) -> float:
    """Megabytes that the processes of this server keep in memory."""
    mark, total = f"BENCH_FOLDER={folder}".encode(), 0
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                if mark in Path(process, "environ").read_bytes().split(b"\0"):
                    total += int(Path(process, "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
            except OSError:
                continue
    return total / _MB


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of it, on one server. Waits in milliseconds, memory in megabytes."""

    below: Counter[str]
    storm: Counter[str]
    took: float
    quiet_p99: float
    storm_p99: float
    refused: int
    quiet_memory: float
    most_memory: float


def weather(folder: Path, size: Size, bound: Bound, *, workers: int, threads: int, database: str | None) -> Outcome:
    """Quiet, then as many at once as the line of one process holds, then everybody."""
    with serving("gunicorn", "passwords", folder, workers=workers, threads=threads, database=database) as address:
        cookie = json.loads(Path(folder, "headers.json").read_text())[0]["Cookie"]
        with visiting(address, cookie, _VISITORS) as before:
            time.sleep(size.quiet)
        quiet_memory = resident(folder)
        below = signing_in(address, first=0, many=size.below, at_once=bound.at_once)
        below.wait()
        start = time.monotonic()
        with visiting(address, cookie, _VISITORS) as during:
            guests = signing_in(address, first=size.below, many=size.sign_ins, at_once=size.sign_ins)
            most_memory = quiet_memory
            while guests.poll() is None:
                most_memory = max(most_memory, resident(folder))
                time.sleep(0.5)
            took = time.monotonic() - start
    return Outcome(
        below=told_to(below),
        storm=told_to(guests),
        took=took,
        quiet_p99=before.percentile(0.99),
        storm_p99=during.percentile(0.99),
        refused=before.refused + during.refused,
        quiet_memory=quiet_memory,
        most_memory=most_memory,
    )


def find(services: Services, *, quick: bool, tell: Tell) -> Found:
    """A storm for each database and each arrangement of workers, and the table."""
    size = Size(sign_ins=60, below=30, quiet=3.0) if quick else Size()
    bound, rows, missing = stated_bound(), list[dict[str, str]](), dict[str, str]()
    with open_workplace(services) as place:
        for (where, database), (workers, threads) in product(_databases(place), _ARRANGEMENTS):
            tell(f"{where}, {workers} x {threads}")
            folder = Path(place.folder, f"storm-{where}-{workers}")
            folder.mkdir()
            got = weather(folder, size, bound, workers=workers, threads=threads, database=database)
            rows.append(
                {
                    "database": where,
                    "workers x threads": f"{workers} x {threads}",
                    **_row(got, size, bound, workers, threads),
                }
            )
        if place.postgresql is None:
            missing["the storm on PostgreSQL"] = services.missing.get("postgresql", "there is none")
    return Found(
        tables=[
            Table(
                title=f"A storm of {size.sign_ins} sign-ins while others are signed in", about=_about(bound), rows=rows
            )
        ],
        missing=missing,
    )


def _databases(place: Workplace) -> Iterator[tuple[str, str | None]]:
    yield "SQLite", None
    if place.postgresql is not None:
        url = place.database(place.postgresql)
        ours.migrate(url)
        yield "PostgreSQL", url


def _about(bound: Bound) -> str:
    return (
        f"gunicorn; {_VISITORS} clients that are signed in, and all that sign in, share the {os.cpu_count()} cores with it: two "
        "processes, of which the one that signs in stands back, as if it were elsewhere. The stated bound of a process is "
        f"{bound.slots} at work and {bound.waiting} waiting, none of them longer than {bound.patience}: of up to {bound.at_once} "
        "at once nobody may be told to come again. Who was told so after waiting is counted apart: on a machine that is busy "
        f"with something else, time runs out before the line is full. A hash takes {bound.memory:.0f} MB: a process may take that "
        f"much for each at work, and {_THREAD:g} MB a thread, more than when it is quiet. The aim for those who are signed in is "
        f"a 99th percentile of at most {_WORSE:g} times the quiet one, and that none of them is refused."
    )


def _row(got: Outcome, size: Size, bound: Bound, workers: int, threads: int) -> dict[str, str]:
    ratio = got.storm_p99 / got.quiet_p99
    may = got.quiet_memory + workers * (bound.slots * bound.memory + threads * _THREAD)
    kept_below = got.below["200"] == size.below and not got.below["503"] and not got.below["gave up"]
    all_in = got.storm["200"] == size.sign_ins
    return {
        f"{bound.at_once} at once": f"{got.below['200']} of {size.below}, {_refusals(got.below)} told to come again: "
        f"{_verdict(kept_below)}",
        "all at once": f"{got.storm['200']} of {size.sign_ins} in {got.took:.0f} s: {_verdict(all_in)}",
        "told to come again": _refusals(got.storm),
        "gave up": str(got.storm["gave up"]),
        "quiet p99, ms": f"{got.quiet_p99:.1f}",
        "p99 in the storm, ms": f"{got.storm_p99:.1f}",
        "ratio": f"{ratio:.1f}: {_verdict(ratio <= _WORSE)}",
        "signed in and refused": f"{got.refused}: {_verdict(got.refused == 0)}",
        "memory, MB": f"{got.quiet_memory:.0f}, at most {got.most_memory:.0f} of {may:.0f}: {_verdict(got.most_memory <= may)}",
    }


def _refusals(told: Counter[str]) -> str:
    in_vain = told[IN_VAIN]
    return f"{told['503']:,}" + (f" ({in_vain:,} after waiting)" if in_vain else "")


def _verdict(met: bool) -> str:  # noqa: FBT001 - it is the question itself
    return "met" if met else "**missed**"


if __name__ == "__main__":
    from benchmarks.front import main  # the front knows every part; here it is told which

    main(["storm", *sys.argv[1:]])
