"""The databases of growth: a file of SQLite and, where there is a server, a database of PostgreSQL for each size."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from flask import Flask
from sqlalchemy import Connection

from benchmarks import ours
from benchmarks.growth.fill import analyse
from benchmarks.workplace import Workplace
from ostiary.flask import Auth
from ostiary.kernel.clock import Millis
from ostiary.kernel.feature import Feature
from ostiary.runtime.runtime import Runtime

Fill: TypeAlias = Callable[[Connection, int, int, Millis], None]
"""(connection, number of the first row, number of the last, now)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """A database: what it is called, and the URL of the server it is on; None: a file."""

    said: str
    url: str | None

    @property
    def server(self) -> bool:
        """Whether another process does the work."""
        return self.url is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """An application of ours on a database that was filled."""

    app: Flask
    auth: Auth
    runtime: Runtime


def databases(place: Workplace) -> Iterator[Where]:
    """The kinds of databases there are."""
    yield Where(said="SQLite", url=None)
    if place.postgresql is not None:
        yield Where(said="PostgreSQL", url=place.postgresql)


def filled(place: Workplace, name: str, where: Where, features: list[Feature], fill: Fill, rows: int) -> Filled:
    """An application with these features, on a database of its own in which a table has so many rows."""
    url = place.sqlite(f"growth-{name}") if where.url is None else place.database(where.url)
    app, auth = ours.application(place, f"growth-{name}-{where.said}", list[Any](features), url)
    runtime: Runtime = app.extensions["ostiary"].runtime
    fill_table(runtime, fill, rows)
    return Filled(app=app, auth=auth, runtime=runtime)


def fill_table(runtime: Runtime, fill: Fill, rows: int) -> None:
    """Fill a table of this application's database, and have the database look at it."""
    from ostiary.storage.database import Database  # as an application without one need not

    database = runtime.resources[Database]
    with database.write() as tx:
        fill(tx.connection, 1, rows, runtime.clock.now())
    with database.read() as connection:
        analyse(connection)
