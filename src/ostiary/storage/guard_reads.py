"""The guard's reads: one row, by one prepared statement, on a connection of our own, in microseconds.

Every guarded request reads once, so this is the one place that goes past SQLAlchemy to the driver's
cursor. Core compiles each statement once; the connections are kept in a small stash, the one used
last on top.
"""

import os
import sqlite3
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import field
from operator import itemgetter
from typing import Any, Final, TypeAlias, TypeVar

from sqlalchemy import ClauseElement, Dialect, Pool
from sqlalchemy.sql.compiler import SQLCompiler

from ostiary.kernel.dataclass import dataclass
from ostiary.storage.database import Database
from ostiary.storage.database_url import DialectName
from ostiary.storage.engines import BUSY_TIMEOUT, READ_BY_MAP, detach_connection
from ostiary.storage.failures import as_unavailable, unavailable_on_failure

Row: TypeAlias = tuple[Any, ...]
T = TypeVar("T")

# Threads of one process that read at the same instant; more open a connection for the occasion.
_STASH: Final = 8


@dataclass(frozen=True, slots=True, eq=False)
class CompiledRead:
    """A statement ready for the driver's cursor.

    ``parameters`` are the names, in the order their values are passed: each once, as it first appears in
    the SQL. ``arrange`` puts the values where the driver wants them, or is None when they are there already.
    """

    sql: str
    parameters: tuple[str, ...]
    arrange: Callable[[Row], Row] | None


def compile_read(statement: ClauseElement, dialect: DialectName) -> CompiledRead:
    """Compile a Core statement whose every value is a named ``bindparam``."""
    compiled = statement.compile(dialect=_dialect(dialect))
    if not isinstance(compiled, SQLCompiler):
        message = "compile_read takes a query or a change of rows"
        raise TypeError(message)
    with_values = [name for name, value in compiled.params.items() if value is not None]
    if with_values:
        message = f"compile_read takes named parameters only, without values: {', '.join(with_values)}"
        raise ValueError(message)
    places = compiled.positiontup or []
    names = tuple(dict.fromkeys(places))
    in_place = list(names) == places
    arrange = None if in_place else itemgetter(*(names.index(name) for name in places))
    return CompiledRead(compiled.string, names, arrange)


def _dialect(name: DialectName) -> Dialect:
    # Imported where it is used: the other database's words are not needed.
    if name == "sqlite":
        from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

        return SQLiteDialect_pysqlite()
    from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

    # The placeholders both drivers of PostgreSQL take by position; names would need a dictionary each time.
    postgresql: Any = PGDialect_psycopg
    return postgresql(paramstyle="format")  # type: ignore[no-any-return]


@dataclass(slots=True, eq=False)
class _Here:
    """What one process holds: cursors to read with, to touch with, and those that somebody keeps.

    Each is the only one of its connection: sqlite3, psycopg and psycopg2 all execute on a cursor, and a cursor may be
    used again.
    """

    pid: int
    stash: deque[Any]
    touches: deque[Any]
    kept: list[Any] = field(default_factory=list[Any])
    pool: Pool | None = None


class GuardReads:
    """Reads for the guard, and its one write, ``touch``. Opens nothing until it is used."""

    __slots__ = ("_database", "_everywhere", "_here")

    def __init__(self, database: Database) -> None:
        self._database = database
        self._here = _Here(0, deque(), deque())
        # What a fork inherited is the parent's: closing it here would end it there, so it stays, unused.
        self._everywhere: dict[int, _Here] = {}

    def compile(self, statement: ClauseElement) -> CompiledRead:
        """Compile a Core statement for this database; see ``compile_read``. Opens nothing."""
        return compile_read(statement, self._database.dialect)

    def fetch_one(self, read: CompiledRead, parameters: Row) -> Row | None:
        """The one row that matches, as the driver gives it, or None. For statements that find at most one.

        ``parameters`` are in the order of ``read.parameters``. Raises ``Unavailable`` when the database
        cannot be reached: a guard that cannot ask lets nobody in.
        """
        return self._fetch(read, parameters, _one_row)

    def fetch_all(self, read: CompiledRead, parameters: Row) -> list[Row]:
        """Every row that matches, as the driver gives them. As ``fetch_one`` in everything else."""
        return self._fetch(read, parameters, _all_rows)

    def _fetch(self, read: CompiledRead, parameters: Row, take: "Callable[[Any], T]") -> T:
        here = self._here
        if here.pid != os.getpid():
            here = self._start_in_this_process()
        if read.arrange is not None:
            parameters = read.arrange(parameters)
        stash = here.stash
        try:
            cursor = stash.pop()
        except IndexError:
            return self._fetch_anew(here, read.sql, parameters, take)
        try:
            cursor.execute(read.sql, parameters)
            found = take(cursor)
        except Exception:  # noqa: BLE001 - drivers share no class of error; a fresh connection tells what is wrong
            # The server went away and took the others along.
            _close(cursor)
            self._empty(stash)
            return self._fetch_anew(here, read.sql, parameters, take)
        if len(stash) < _STASH:
            stash.append(cursor)
        else:
            _close(cursor)
        return found

    def touch(self, statement: CompiledRead, parameters: Row) -> bool:
        """A write that may be skipped: it never waits for a lock or for the disk. Whether it was made.

        ``parameters`` are in the order of ``statement.parameters``. Never raises for the database's sake.
        """
        here = self._here
        if here.pid != os.getpid():
            here = self._start_in_this_process()
        if statement.arrange is not None:
            parameters = statement.arrange(parameters)
        touches = here.touches
        try:
            cursor = touches.pop() if touches else self._open(here, for_touch=True)
        except Exception:  # noqa: BLE001 - away, or taken between the look and the pop: then it is skipped
            return False
        made = False
        try:
            cursor.execute(statement.sql, parameters)
            made = cursor.rowcount > 0
        except Exception as error:  # noqa: BLE001 - locked, away, full: no reason to refuse the request
            if not _is_lock(error):
                _close(cursor)
                return False
        if len(touches) < _STASH:
            touches.append(cursor)
        else:
            _close(cursor)
        return made

    def close(self) -> None:
        """Close this process's connections; the next use opens new ones."""
        here = self._here
        if here.pid == os.getpid():
            self._empty(here.stash)
            self._empty(here.touches)
            for cursor in tuple(here.kept):
                self.let_go(cursor)

    def keep_cursor(self) -> Any:
        """A cursor of the caller's own, in autocommit, for reading, on a connection that nobody else uses.

        The caller keeps it, in this process only, and gives it back with ``let_go``. Raises ``Unavailable``.
        """
        here = self._here
        if here.pid != os.getpid():
            here = self._start_in_this_process()
        with unavailable_on_failure():
            cursor = self._open(here, for_touch=False)
        here.kept.append(cursor)
        return cursor

    def let_go(self, cursor: Any) -> None:
        """Close a cursor that was kept."""
        with suppress(ValueError):
            self._here.kept.remove(cursor)
        _close(cursor)

    def _fetch_anew(self, here: _Here, sql: str, parameters: Row, take: "Callable[[Any], T]") -> T:
        with unavailable_on_failure():
            cursor = self._open(here, for_touch=False)
        try:
            cursor.execute(sql, parameters)
            found = take(cursor)
        except Exception as error:
            _close(cursor)
            unavailable = as_unavailable(error)
            if unavailable is None:
                raise
            raise unavailable from None
        here.stash.append(cursor)
        return found

    def _open(self, here: _Here, *, for_touch: bool) -> Any:
        engine, file = self._database.engine(), self._database.file
        if file is None:
            if here.pool is None:
                # A pool of its own is never empty because of what others hold; what is taken from it is kept.
                here.pool = engine.pool.recreate()
            cursor = detach_connection(here.pool).cursor()
            # Reads wait for no lock. A touch gives up on one at once, and does not wait for the disk.
            cursor.execute("SET lock_timeout = 1")
            cursor.execute("SET synchronous_commit = off")
            return cursor
        timeout = 0 if for_touch else BUSY_TIMEOUT
        connection = sqlite3.connect(file, timeout=timeout, isolation_level=None, check_same_thread=False)
        cursor = connection.cursor()
        # NORMAL with a write-ahead log: no waiting for the disk, and a power cut may take back the last touches.
        cursor.execute("PRAGMA synchronous=NORMAL" if for_touch else "PRAGMA query_only=ON")
        cursor.execute(READ_BY_MAP)
        return cursor

    def _start_in_this_process(self) -> _Here:
        # One step: of the threads that come first in a new process, one makes it and all get the same, whole.
        pid, stash = os.getpid(), deque[Any]()
        touches = deque[Any]() if self._database.dialect == "sqlite" else stash
        here = self._here = self._everywhere.setdefault(pid, _Here(pid, stash, touches))
        return here

    @staticmethod
    def _empty(stash: deque[Any]) -> None:
        with suppress(IndexError):
            while True:
                _close(stash.pop())


def _one_row(cursor: Any) -> Row | None:
    row: Row | None = cursor.fetchone()
    return row


def _all_rows(cursor: Any) -> list[Row]:
    rows: list[Row] = cursor.fetchall()
    return rows


def _close(cursor: Any) -> None:
    # A connection that is broken already may complain once more.
    with suppress(Exception):
        cursor.connection.close()


def _is_lock(error: Exception) -> bool:
    """Whether somebody else held what we wanted, so that the connection is still good."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    # 55P03 lock_not_available (PostgreSQL, appendix A).
    return "55P03" in (getattr(error, "sqlstate", None), getattr(error, "pgcode", None))
