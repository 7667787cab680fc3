"""The ephemeral store in SQL: a second file beside an SQLite database, or an unlogged table on PostgreSQL."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from ostiary.kernel.clock import Millis
from ostiary.storage.database import Database, SecondConnection
from ostiary.storage.ephemeral.sqlite_file import EphemeralFile
from ostiary.storage.ephemeral.statements import Statements
from ostiary.storage.ephemeral.store import Charge, check_charge
from ostiary.storage.failures import unavailable_on_failure

# Every so many writes, what has expired is removed, a little more than was written: the table stays bounded also
# where nobody runs `ostiary db prune`.
_TIDY_EVERY = 256
_TIDY = 512


def ephemeral_file(database_file: Path) -> Path:
    """Where short-lived state lies, for an SQLite database: ``app.sqlite3`` has ``app-ephemeral.sqlite3``."""
    return database_file.with_name(f"{database_file.stem}-ephemeral.sqlite3")


class SqlEphemeralStore:
    """An ``EphemeralStore`` beside a ``Database``. Opens nothing until it is used.

    Spend first, then act: a verb inside an open transaction raises ``SecondConnection``, since it would
    neither be part of the transaction nor, on PostgreSQL, always find a connection.
    """

    __slots__ = ("_database", "_file", "_statements", "_writes")

    def __init__(self, database: Database) -> None:
        self._database = database
        self._file: EphemeralFile | None = None
        self._statements: Statements | None = None
        self._writes = 0

    def put(self, key: str, value: bytes, *, expires_at: Millis, now: Millis) -> None:
        """Keep a value, whatever was there."""
        with self._writing(now) as (connection, sql):
            connection.execute(sql.put, {"the_key": key, "the_value": value, "expires": expires_at})

    def get(self, key: str, *, now: Millis) -> bytes | None:
        """The value, or None if the key is not alive."""
        with self._connected() as (connection, sql):
            return _bytes(connection.execute(sql.get, {"the_key": key, "now": now}).scalar_one_or_none())

    def consume_once(self, key: str, *, now: Millis) -> bytes | None:
        """Take the value out; one caller gets it."""
        with self._connected() as (connection, sql):
            return _bytes(connection.execute(sql.consume_once, {"the_key": key, "now": now}).scalar_one_or_none())

    def add(self, key: str, value: bytes, *, expires_at: Millis, now: Millis) -> bool:
        """Keep a value only if the key is not alive."""
        with self._writing(now) as (connection, sql):
            parameters = {"the_key": key, "the_value": value, "expires": expires_at, "now": now}
            return connection.execute(sql.add, parameters).first() is not None

    def compare_and_set(self, key: str, old: bytes, new: bytes, *, expires_at: Millis, now: Millis) -> bool:
        """Replace the value if it is alive and still ``old``."""
        with self._connected() as (connection, sql):
            parameters = {"the_key": key, "the_old": old, "the_value": new, "expires": expires_at, "now": now}
            return connection.execute(sql.compare_and_set, parameters).first() is not None

    def increment_within(self, key: str, *, cost: Millis, burst: Millis, now: Millis) -> Charge:
        """Count one use against a limit."""
        check_charge(cost, burst)
        with self._writing(now) as (connection, sql):
            parameters = {"the_key": key, "cost": cost, "burst": burst, "now": now}
            if connection.execute(sql.increment_within, parameters).first() is not None:
                return Charge(allowed=True, wait=0)
            # Refused already; this read only says for how long. The key may be gone by now.
            number = connection.execute(sql.number, {"the_key": key}).scalar_one_or_none() or now
            return Charge(allowed=False, wait=max(1, number + cost - now - burst))

    def give_back(self, key: str, *, cost: Millis, now: Millis) -> None:
        """Take one use against a limit back."""
        with self._connected() as (connection, sql):
            connection.execute(sql.give_back, {"the_key": key, "cost": cost, "now": now})

    def count(self, key: str, *, by: int = 1, expires_at: Millis, now: Millis) -> int:
        """Add to a counter; the answer is the new count."""
        with self._writing(now) as (connection, sql):
            parameters = {"the_key": key, "the_number": by, "expires": expires_at, "now": now}
            return int(connection.execute(sql.count, parameters).scalar_one())

    def delete(self, key: str) -> None:
        """Forget a key."""
        with self._connected() as (connection, sql):
            connection.execute(sql.delete, {"the_key": key})

    def prune(self, *, now: Millis, batch: int = 1000) -> int:
        """Remove keys that are no longer alive, ``batch`` at a time, each batch a transaction of its own."""
        removed = 0
        while True:
            with self._connected() as (connection, sql):
                count = connection.execute(sql.prune, {"now": now, "batch": batch}).rowcount
            removed += count
            if count < batch:
                return removed

    def close(self) -> None:
        """Close the second file, if there is one; the database is its owner's to close."""
        if self._file is not None:
            self._file.close()

    @contextmanager
    def _writing(self, now: Millis) -> Generator[tuple[Connection, Statements]]:
        with self._connected() as (connection, sql):
            yield connection, sql
            # Exactness does not matter: a count that two threads lose is a tidying a little later.
            self._writes += 1
            if self._writes % _TIDY_EVERY == 0:
                connection.execute(sql.prune, {"now": now, "batch": _TIDY})

    @contextmanager
    def _connected(self) -> Generator[tuple[Connection, Statements]]:
        if self._database.in_use():
            message = "short-lived state is spent before a transaction begins, not inside it: spend first, then act"
            raise SecondConnection(message)
        if self._statements is None:
            self._statements = Statements(self._database.dialect)
        file = self._database.file
        if file is None:
            with self._database.alone() as connection:
                yield connection, self._statements
            return
        if self._file is None:
            self._file = EphemeralFile(ephemeral_file(file))
        with unavailable_on_failure(), self._file.connect() as connection:
            yield connection, self._statements


def _bytes(value: Any) -> bytes | None:
    return None if value is None else bytes(value)
