"""Database failures: telling "the database is away" (503) from a mistake in a statement."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ostiary.kernel.errors import Unavailable

# SQLite's primary result codes (https://www.sqlite.org/rescode.html) that say nothing about the statement.
_SQLITE_AWAY: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)
# PostgreSQL's classes of SQLSTATE (manual, appendix A): connection, rollback by the server (deadlock,
# serialization), insufficient resources, lock not available, operator intervention, system error.
_SQLSTATE_AWAY: Final = ("08", "40", "53", "55P03", "57", "58")


# What PostgreSQL's drivers raise, without an SQLSTATE, when there is no server at the other end.
_NO_SERVER: Final = frozenset({"OperationalError", "InterfaceError", "ConnectionTimeout"})


@contextmanager
def unavailable_on_failure() -> Generator[None]:
    """Turn a database that is away into ``Unavailable``; leave every other error as it is."""
    try:
        yield
    except Exception as error:
        unavailable = as_unavailable(error)
        if unavailable is None:
            raise
        # Not chained: SQLAlchemy's text may show the parameters of the statement.
        raise unavailable from None


def as_unavailable(error: Exception) -> Unavailable | None:
    """The 503 for this error, or None when it is about something else: a wrong statement, a duplicate key."""
    if isinstance(error, PoolTimeout):
        return Unavailable(detail="no database connection became free in time")
    cause = error.orig if isinstance(error, DBAPIError) else error
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    if cause is None or not (lost or _is_away(cause)):
        return None
    first_line = str(cause).strip().partition("\n")[0]
    return Unavailable(detail=f"database: {type(cause).__name__}: {first_line[:200]}")


def _is_away(cause: BaseException) -> bool:
    if isinstance(cause, sqlite3.Error):
        # The low byte is the primary code; the rest says more precisely what happened.
        return getattr(cause, "sqlite_errorcode", -1) & 0xFF in _SQLITE_AWAY
    if not type(cause).__module__.startswith("psycopg"):
        return False
    # psycopg says `sqlstate`, psycopg2 `pgcode`; without one the server was never reached, or went away.
    state: str | None = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    return state.startswith(_SQLSTATE_AWAY) if state else type(cause).__name__ in _NO_SERVER
