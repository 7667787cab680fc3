"""Measure what a permission costs with a thousand, a hundred thousand and a million assignments of roles.

Three questions: a guard's, which is answered from memory; what a subject holds, read anew after a change; and giving a
role. Each is a median of CPU microseconds (of wall time on PostgreSQL, where another process works). Run it with
``python benchmarks/roles_scale.py``; ``--quick`` leaves the million out, ``--database URL`` measures another database
than an SQLite file. Exits with 1 where a question takes more than twice as long with the most as with the fewest.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ["OSTIARY_DEVELOPMENT"] = "1"

from flask import Flask
from sqlalchemy import text

from ostiary import Roles, Sessions
from ostiary.features.roles import RoleActions
from ostiary.features.roles.rights import RoleRights
from ostiary.features.roles.store import role_assignments
from ostiary.flask import Auth
from ostiary.kernel.permission import any_covers
from ostiary.kernel.principal import UNKNOWN_RIGHTS, Principal
from ostiary.kernel.requirement import Rights
from ostiary.storage.database import Database
from ostiary.storage.guard_reads import GuardReads

SIZES = (1_000, 100_000, 1_000_000)
ROLES = {"owner": ["editor", "member:*"], "editor": ["article:*"], "reader": ["article:read"]}
ACME = ("org", "acme")
# How many assignments one subject has; the number of subjects grows with the table.
EACH = 4
# What is worse than noise on a busy machine, and what a table scan would exceed a hundredfold.
WORST = 2.0


@contextmanager
def application(url: str) -> Iterator[tuple[RoleActions, RoleRights, Database]]:
    """An application with roles on an empty database."""
    database = Database.from_url(url, migrates_itself=True)
    app = Flask("scale")
    app.testing = True
    Auth(app, [Sessions(), Roles(ROLES, default=["reader"])], database=database)
    runtime = app.extensions["ostiary"].runtime
    rights = runtime.resources[Rights]
    try:
        yield runtime.action("roles", RoleActions), rights, database
    finally:
        runtime.resources[GuardReads].close()
        database.close()


def fill(database: Database, size: int) -> None:
    """That many assignments, of a quarter as many subjects, in many organisations."""
    with database.write() as tx:
        for begin in range(0, size, 10_000):
            rows = [
                {
                    "holder_kind": "subject",
                    "holder": f"subject-{number // EACH:09}",
                    "role": ("owner", "editor", "reader")[number % 3],
                    "place": f"org:{number % EACH}-{number // EACH % 1000}",
                    "given_at": 0,
                }
                for number in range(begin, min(begin + 10_000, size))
            ]
            tx.execute(role_assignments.insert(), rows)
    with database.engine().connect() as connection:
        connection.execute(text("ANALYZE"))


def measure(act: Callable[[], object], rounds: int, *, by_wall: bool) -> float:
    """The median of one call, in microseconds."""
    clock = time.perf_counter if by_wall else time.process_time
    samples = []
    for _ in range(rounds):
        repeats = 20
        begun = clock()
        for _ in range(repeats):
            act()
        samples.append((clock() - begun) / repeats * 1e6)
    return statistics.median(samples)


def questions(size: int, roles: RoleActions, rights: RoleRights) -> dict[str, Callable[[], object]]:
    """What is asked, each of somebody in the middle of the table."""
    middle = f"subject-{size // EACH // 2:09}"
    known = Principal(middle, rights_version=roles.held(middle).version)
    unknown = Principal(middle, rights_version=UNKNOWN_RIGHTS)
    turn = iter(range(10**9))

    def give() -> None:
        number = next(turn)
        roles.assign(f"new-{number}", "editor", on=ACME)

    return {
        "a guard asks": lambda: any_covers(rights.permissions(known, ACME), "article:read"),
        "read anew": lambda: rights.permissions(unknown, ACME),
        "give a role": give,
    }


def main() -> int:
    """Fill, measure, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="without the million")
    parser.add_argument("--database", help="the URL of an empty database, instead of an SQLite file")
    arguments = parser.parse_args()
    sizes = SIZES[:-1] if arguments.quick else SIZES
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        url = arguments.database or f"sqlite:///{Path(folder) / 'scale.sqlite3'}"
        for size in sizes:
            with application(url) as (roles, rights, database):
                with database.write() as tx:
                    tx.execute(role_assignments.delete())
                fill(database, size)
                for name, ask in questions(size, roles, rights).items():
                    ask()
                    rounds = 30 if name == "give a role" else 100
                    found.setdefault(name, []).append(measure(ask, rounds, by_wall=database.dialect == "postgresql"))
    print(f"{'microseconds, with assignments':<32}{''.join(f'{size:>12,}' for size in sizes)}{'ratio':>8}")
    slowest = 1.0
    for name, times in found.items():
        ratio = times[-1] / times[0]
        slowest = max(slowest, ratio)
        print(f"{name:<32}{''.join(f'{one:>12.2f}' for one in times)}{ratio:>8.2f}")
    return 1 if slowest > WORST else 0


if __name__ == "__main__":
    raise SystemExit(main())
