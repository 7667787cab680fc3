"""Profiles: where each guard spends its time, by samples of its stack a thousand times a second.

A sample belongs to the innermost function of Ostiary that is under way, with what that calls: SQLite, OpenSSL, Werkzeug's
headers. What is under way inside the view, or before and after any function of ours, is the application's and Flask's.
"""

import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from types import FrameType
from typing import Final

import ostiary
from benchmarks import ROOT, ours
from benchmarks.report import Found, Table, Tell
from benchmarks.workplace import Workplace

GUARDS: Final = (
    "Ostiary, HS256, seen before, revocation asked (SQLite)",
    "Ostiary, HS256, first time, revocation asked (SQLite)",
    "Ostiary, session, one read a request (SQLite)",
    "Ostiary, sessions remembered (SQLite)",
    "Ostiary, API key, one read a request (SQLite)",
)
"""The cases whose guards are looked into."""

ELSEWHERE: Final = "Flask, Werkzeug and the view"

_INTERVAL: Final = 0.001
_SHOWN: Final = 8
_OURS: Final = str(Path(ostiary.__file__).parent) + "/"
_BENCHMARKS: Final = str(ROOT / "benchmarks") + "/"


def find(*, quick: bool, tell: Tell) -> Found:
    """A table for each guard."""
    seconds = 0.3 if quick else 10.0
    with tempfile.TemporaryDirectory(prefix="ostiary-bench-") as folder:
        place = Workplace(folder=Path(folder))
        made = chain(
            ours.token_cases(place, 200 if quick else 9_000), ours.session_cases(place), ours.api_key_cases(place)
        )
        runs = {case.name: case.run for case in made if case.name in GUARDS}
        tables: list[Table] = []
        for name in GUARDS:
            tell(f"profile of {name}")
            tables.append(_table(name, sample(runs[name], seconds)))
    return Found(tables=tables)


def sample(run: Callable[[], object], seconds: float) -> Counter[str]:
    """How many samples fell into which function, while ``run`` ran again and again for so long."""
    found = Counter[str]()
    with _sampling(found):
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            run()
    return found


@contextmanager
def _sampling(found: Counter[str]) -> Generator[None]:
    def look(_signal: int, frame: FrameType | None) -> None:
        found[place_of(frame)] += 1

    before = signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, _INTERVAL, _INTERVAL)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def place_of(frame: FrameType | None) -> str:
    """The innermost function of ours of a stack, unless a view is inside of it."""
    while frame is not None:
        code = frame.f_code
        if code.co_filename.startswith(_OURS):
            return f"{code.co_filename.removeprefix(_OURS)} `{code.co_qualname}`"
        if code.co_filename.startswith(_BENCHMARKS):
            break
        frame = frame.f_back
    return ELSEWHERE


def _table(name: str, found: Counter[str]) -> Table:
    total = found.total()
    shown = [(ELSEWHERE, found[ELSEWHERE])]
    shown += [(place, samples) for place, samples in found.most_common() if place != ELSEWHERE][:_SHOWN]
    rest = total - sum(samples for _, samples in shown)
    rows = [{"where": place, "share": f"{samples / total:.1%}"} for place, samples in shown]
    rows.append({"where": "the rest of ours", "share": f"{rest / total:.1%}"})
    return Table(title=f"Profile: {name}", about=f"{total:,} samples.", rows=rows)
