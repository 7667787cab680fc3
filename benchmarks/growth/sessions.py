"""Growth of sessions and people: the session guard, and the peers' guards as their tables of users grow."""

import random
from collections.abc import Callable, Sequence
from itertools import cycle

from flask import Flask

from benchmarks import ours
from benchmarks.case import get
from benchmarks.growth.databases import databases, filled
from benchmarks.growth.fill import SECRET, fill_sessions, numbered
from benchmarks.growth.line import FLAT, Growing, Subject
from benchmarks.workplace import Workplace
from ostiary import Sessions

_ASKED = 2_000
"""So many people take turns, chosen at random, so that no cache holds the one row that is asked for."""


def subject(place: Workplace, sizes: Sequence[int], peers: Sequence[int]) -> Subject:
    """The guards, with so many sessions of as many people; those of ``peers`` for Flask-Security, if any are measured."""
    things: list[Growing] = []
    for where in databases(place):
        runs: dict[int, Callable[[], object]] = {}
        for size in sizes:
            made = filled(place, f"sessions-{size}", where, [Sessions()], fill_sessions, size)
            runs[size] = _visits(made.app, size)
        name = f"Ostiary, session guard ({where.said})"
        things.append(Growing(name=name, runs=runs, ours=True, by_wall=where.server, aim=FLAT))
    return Subject(
        plot="growth-sessions",
        title="The session guard, as sessions and people grow",
        about="Microseconds of CPU a request, and the ratio to the bare view; on PostgreSQL microseconds that pass.",
        x="sessions, or users of a peer",
        y="microseconds a request",
        things=[*things, *(_peers(place, sizes, peers) if peers else ())],
        bare=get(ours.bare_application()),
    )


def _visits(app: Flask, rows: int) -> Callable[[], object]:
    chosen = random.Random(rows)
    cookies = [f"__Host-ostiary_session={numbered(chosen.randint(1, rows))}.{SECRET}" for _ in range(_ASKED)]
    asks = cycle([get(app, cookie=cookie) for cookie in cookies])

    def visit() -> None:
        ask = next(asks)
        ask()

    return visit


def _peers(place: Workplace, sizes: Sequence[int], fewer: Sequence[int]) -> list[Growing]:
    from benchmarks.peers import flask_login, flask_security  # only where they are measured

    def guards(
        make: Callable[[Workplace, int], tuple[Flask, str]], upto: Sequence[int]
    ) -> dict[int, Callable[[], object]]:
        made = {size: make(place, size) for size in upto}
        return {size: get(app, cookie=cookie) for size, (app, cookie) in made.items()}

    return [
        Growing(name="Flask-Login (SQLite)", runs=guards(flask_login.with_others, sizes)),
        Growing(name="Flask-Security, a role each (SQLite)", runs=guards(flask_security.with_others, fewer)),
    ]
