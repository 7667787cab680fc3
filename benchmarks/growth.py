"""``python -m benchmarks.growth``: what a request costs as the tables grow, from a thousand rows to a million and more.

Rows are made by the database itself, set by set. The requests come from two thousand people at random, so that no cache
holds the one row that is asked for. ``--audit`` takes the audit log to ten million rows, and a while.
"""

import argparse
import json
import random
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from flask import Flask
from sqlalchemy import Connection, text

from benchmarks import ours
from benchmarks.case import BARE, Case, get
from benchmarks.measure import Figure, measure
from benchmarks.plot import Line, plot
from benchmarks.workplace import Workplace, open_workplace
from ostiary import Sessions
from ostiary.flask import Auth

TABLE: Final = Path("benchmarks/results/growth.table.json")
PLOTS: Final = Path("docs/explanation")
_SECRET: Final = "A" * 43
_ASKED: Final = 2_000
_DAY: Final = 86_400_000


def _numbers(connection: Connection, first: int, last: int) -> str:
    """A table ``n(i)`` of numbers, as this database makes one."""
    if connection.dialect.name == "postgresql":
        return f"WITH n(i) AS (SELECT generate_series({first}, {last}))"
    return f"WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last})"


def _padded(connection: Connection) -> str:
    """The number as an id: 26 characters, of which ours begin with at most 7."""
    return "lpad(i::text, 26, '0')" if connection.dialect.name == "postgresql" else "printf('%026d', i)"


def fill_sessions(connection: Connection, first: int, last: int, now: int) -> None:
    """Sessions of as many people, all with one secret; every tenth person's epoch was raised once."""
    numbers, id_ = _numbers(connection, first, last), _padded(connection)
    columns = "id, secret_hash, subject, epoch, started_at, seen_at, idle_for, ends_at, factors"
    values = f"{id_}, :hash, 'user' || i, CASE WHEN i % 10 = 0 THEN 1 ELSE 0 END, :now, :now, :idle, :ends, :factors"
    connection.execute(
        text(f"INSERT INTO ostiary_sessions ({columns}) {numbers} SELECT {values} FROM n"),
        {
            "hash": sha256(_SECRET.encode()).digest(),
            "now": now,
            "idle": 14 * _DAY,
            "ends": now + 30 * _DAY,
            "factors": f"password@{now}",
        },
    )
    raised = f"INSERT INTO ostiary_subjects (subject, epoch, rights) {numbers} SELECT 'user' || i, 1, 0 FROM n WHERE i % 10 = 0"
    connection.execute(text(raised))


def fill_audit(connection: Connection, first: int, last: int, now: int) -> None:
    """Rows of the audit log, a second apart, the newest now."""
    numbers, id_ = _numbers(connection, first, last), _padded(connection)
    # Ids are in the order of time: those of before begin with a 0, as those of today do.
    values = f"{id_}, :now - (:last - i) * 10, 'signed_in', 'user' || (i % 100000), '{{}}'"
    statement = f"INSERT INTO ostiary_audit (id, at, event, subject, detail) {numbers} SELECT {values} FROM n"
    connection.execute(text(statement), {"now": now, "last": last})


def _visits(app: Flask, rows: int) -> Callable[[], None]:
    chosen = random.Random(rows)
    cookies = [f"__Host-ostiary_session={chosen.randint(1, rows):026d}.{_SECRET}" for _ in range(_ASKED)]
    asks = [get(app, cookie=cookie) for cookie in cookies]
    turns = iter(())  # type: Any

    def visit() -> None:
        nonlocal turns
        ask = next(turns, None)
        if ask is None:
            turns = iter(asks)
            ask = next(turns)
        ask()

    return visit


def _application(place: Workplace, where: str, url: str) -> tuple[Flask, Auth]:
    return ours.application(place, f"growth-{where}", [Sessions()], url)


def _databases(place: Workplace) -> Iterator[tuple[str, str]]:
    yield "SQLite", place.sqlite("growth")
    if place.postgresql is not None:
        yield "PostgreSQL", place.database(place.postgresql)


def grow_sessions(place: Workplace, sizes: list[int], rounds: int) -> dict[str, list[tuple[int, Figure]]]:
    """The session guard at each size: for each database, (rows, figure)."""
    found: dict[str, list[tuple[int, Figure]]] = {}
    bare = Case(group="growth", name=BARE, run=get(ours.bare_application()), base=None)
    for where, url in _databases(place):
        app, _ = _application(place, where, url)
        runtime = app.extensions["ostiary"].runtime
        database, now, rows = runtime.database, runtime.clock.now(), 0
        name = f"Ostiary, session guard ({where})"
        for size in sizes:
            with database.write() as tx:
                fill_sessions(tx.connection, rows + 1, size, now)
            rows = size
            _analyse(database)
            case = Case(group="growth", name=name, run=_visits(app, rows), ours=True)
            figure = next(one for one in measure([bare, case], rounds=rounds, block=0.05) if one.name == name)
            found.setdefault(name, []).append((size, figure))
            print(f"{name}, {size:,} rows: {figure.median:.1f} us, {figure.ratio:.2f}", flush=True)
    return found


def grow_audit(place: Workplace, sizes: list[int], rounds: int) -> dict[str, list[tuple[int, Figure]]]:
    """A sign-in, with its session and its row of the audit log, while that grows."""
    found: dict[str, list[tuple[int, Figure]]] = {}
    for where, url in _databases(place):
        app, _ = _application(place, f"audit-{where}", url)
        runtime = app.extensions["ostiary"].runtime
        database, now, rows = runtime.database, runtime.clock.now(), 0
        name = f"Ostiary, a sign-in and its audit row ({where})"
        client = app.test_client()

        def sign_in(client: Any = client) -> None:
            answer = client.post("/sign-in", base_url=ours.ORIGIN, headers={"Sec-Fetch-Site": "same-origin"})
            assert answer.status_code == 200

        for size in sizes:
            for start in range(rows, size, 1_000_000):
                with database.write() as tx:
                    fill_audit(tx.connection, start + 1, min(size, start + 1_000_000), now)
            rows = size
            _analyse(database)
            case = Case(group="growth", name=name, run=sign_in, ours=True, base=None)
            (figure,) = measure([case], rounds=rounds, block=0.1)
            found.setdefault(name, []).append((size, figure))
            print(f"{name}, {size:,} rows: {figure.median:.1f} us", flush=True)
    return found


def _analyse(database: Any) -> None:
    with database.read() as connection:
        connection.execute(text("ANALYZE"))


def grow_peers(place: Workplace, sizes: list[int], rounds: int) -> dict[str, list[tuple[int, Figure]]]:
    """The peers' session guards while their tables of users grow; Flask-Security as far as a request is answered in time."""
    from benchmarks.peers import flask_login, flask_security  # only where they are asked for

    found: dict[str, list[tuple[int, Figure]]] = {}
    bare = Case(group="growth", name=BARE, run=get(ours.bare_application()), base=None)
    for name, make, most in (
        ("Flask-Login (SQLite)", flask_login.with_others, sizes[-1]),
        ("Flask-Security (SQLite)", flask_security.with_others, 100_000),
    ):
        for size in sizes:
            if size > most:
                continue
            app, cookie = make(place, size)
            case = Case(group="growth", name=name, run=get(app, cookie=cookie))
            figure = next(one for one in measure([bare, case], rounds=rounds, block=0.05) if one.name == name)
            found.setdefault(name, []).append((size, figure))
            print(f"{name}, {size:,} users: {figure.median:.1f} us, {figure.ratio:.2f}", flush=True)
    return found


def _lines(found: dict[str, list[tuple[int, Figure]]]) -> list[Line]:
    return [
        Line(name=name, points=[(size, figure.median) for size, figure in points], ours=name.startswith("Ostiary"))
        for name, points in found.items()
    ]


def main() -> None:
    """Grow, write the table and the plots."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=1_000_000, help="sessions and people at the end")
    parser.add_argument("--audit", type=int, default=1_000_000, help="rows of the audit log at the end")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    sizes = [10**power for power in range(3, 8) if 10**power <= options.most]
    audits = [10**power for power in range(3, 8) if 10**power <= options.audit]
    with open_workplace() as place:
        sessions = grow_sessions(place, sizes, options.rounds)
        audit = grow_audit(place, audits, options.rounds)
        peers = grow_peers(place, sizes, options.rounds)
    PLOTS.mkdir(parents=True, exist_ok=True)
    title = "The session guard, as sessions and people grow"
    drawn = plot(
        title, x="sessions, or users of a peer", y="CPU microseconds a request", lines=_lines({**sessions, **peers})
    )
    Path(PLOTS, "growth-sessions.svg").write_text(drawn)
    title = "A sign-in, as the audit log grows"
    drawn = plot(title, x="rows of the audit log", y="CPU microseconds a sign-in", lines=_lines(audit))
    Path(PLOTS, "growth-audit.svg").write_text(drawn)
    rows = [
        {"what": name, **{f"{size:,}": _cell(figure) for size, figure in points}}
        for name, points in {**sessions, **peers, **audit}.items()
    ]
    columns = ["what", *(f"{size:,}" for size in sorted({*sizes, *audits}))]
    table = [{column: row.get(column, "") for column in columns} for row in rows]
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    said = "Growth: CPU microseconds (and ratio to the bare view) with so many rows"
    TABLE.write_text(json.dumps({"title": said, "rows": table}, indent=1))


def _cell(figure: Figure) -> str:
    return f"{figure.median:,.0f}" if figure.ratio is None else f"{figure.median:,.0f} ({figure.ratio:.2f})"


if __name__ == "__main__":
    main()
