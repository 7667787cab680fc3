"""Growth: what a request costs as the tables grow, from a thousand rows to a million, and the audit log to ten million.

For each size there is a database of its own, and all sizes take turns: what disturbs the machine meets them alike. It takes
some ten gigabytes of disk while it runs.

databases.py   a database for each size, filled
fill.py        how they are filled
line.py        one thing at all sizes, and how flat it is
sessions.py    the session guard, and the peers'
accounts.py    finding an account, and signing it in
roles.py       questions to the roles, and giving one
audit.py       a sign-in and its row of the audit log
sizes.py       bytes a row on PostgreSQL
"""

from collections.abc import Callable

from benchmarks.database_servers import Services
from benchmarks.growth import accounts, audit, roles, sessions
from benchmarks.growth.line import Subject, measured
from benchmarks.growth.sizes import sizes
from benchmarks.plot import Chart
from benchmarks.report import Found, Table, Tell
from benchmarks.workplace import Workplace, open_workplace

_ROUNDS = 25
_QUICK_ROUNDS = 3


def find(services: Services, *, quick: bool, tell: Tell) -> Found:
    """Each subject by itself, in a workplace of its own, so that the disk holds one at a time."""
    rounds = _QUICK_ROUNDS if quick else _ROUNDS
    steps = [10**power for power in range(3, 5 if quick else 7)]
    # Where a peer takes a tenth of a second for an answer, or minutes to load.
    fewer = [step for step in steps if step <= 100_000]
    most = steps if quick else [*steps, 10_000_000]
    tables, charts = list[Table](), list[Chart]()
    subjects: tuple[Callable[[Workplace], Subject], ...] = (
        lambda place: sessions.subject(place, steps, fewer),
        lambda place: accounts.subject(place, steps, fewer),
        lambda place: roles.subject(place, steps, fewer),
        lambda place: audit.subject(place, most),
    )
    for make in subjects:
        with open_workplace(services) as place:
            tell("filling")
            table, chart = measured(make(place), rounds=rounds, tell=tell)
        tables.append(table)
        charts.append(chart)
    if services.postgresql is not None:
        with open_workplace(services) as place:
            tell("measuring sizes")
            tables.append(sizes(place, services.postgresql, 10_000 if quick else 200_000))
    missing = (
        {}
        if services.postgresql is not None
        else {"growth on PostgreSQL": services.missing.get("postgresql", "there is none")}
    )
    return Found(tables=tables, charts=charts, missing=missing)
