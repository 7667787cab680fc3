"""Engines: how connections to SQLite and PostgreSQL are opened, and what each is told first.

SQLite: write-ahead log, foreign keys, writes that begin with the lock (``BEGIN IMMEDIATE``) and reach
the disk before they are reported (``synchronous=FULL``: a revocation must survive a power cut).
PostgreSQL: read committed, whatever the database's default is, because the atomic statements rely on it.
"""

import os
import sqlite3
from contextlib import closing, suppress
from errno import EACCES, ENOSYS, EOPNOTSUPP, EPERM
from functools import partial
from pathlib import Path
from stat import S_IFREG
from typing import Any, Final

from sqlalchemy import Connection, Engine, Pool, create_engine, event
from sqlalchemy.exc import DisconnectionError

from ostiary.kernel.errors import misconfigured
from ostiary.storage.database_url import DatabaseUrl
from ostiary.storage.file_lock import file_lock

# How long a statement waits for another writer, in seconds. A write of ours takes a few milliseconds.
BUSY_TIMEOUT: Final = 5.0
# The execution option that makes a transaction of SQLite begin as a writer.
WRITES: Final = "ostiary_writes"
# Pages of the file are read where the system keeps them, shared by all connections, instead of being copied into a cache of
# each: ADR 24. Only read: SQLite writes as it always does.
READ_BY_MAP: Final = f"PRAGMA mmap_size={256 << 20}"


def create_sqlite_engine(
    location: DatabaseUrl, *, synchronous: str = "FULL", mapped: bool = False, pool_size: int = 5
) -> Engine:
    """An engine of our own on an SQLite file, ``mapped`` for one that grows large. Opens nothing yet."""
    engine = create_engine(
        location.url,
        # isolation_level=None: the sqlite3 module begins nothing by itself; every statement is its own
        # transaction until we say BEGIN.
        connect_args={"isolation_level": None, "timeout": BUSY_TIMEOUT, "check_same_thread": False},
        pool_size=pool_size,
        max_overflow=10,
        pool_timeout=BUSY_TIMEOUT,
        hide_parameters=True,
    )

    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute(f"PRAGMA synchronous={synchronous}")
        if mapped:
            connection.execute(READ_BY_MAP)

    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get(WRITES):
            # DEFERRED would take the lock at the first write, and fail at once if somebody wrote since the first read.
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", begin)
    return engine


def create_postgresql_engine(location: DatabaseUrl, *, like: Engine | None = None, pool_size: int = 5) -> Engine:
    """An engine of our own on PostgreSQL. Opens nothing yet.

    ``like`` is the application's engine: ours then makes its connections exactly as that one does, in
    a pool of its own, so that neither ever waits for the other's connections.
    """
    if like is not None:
        engine = create_engine(location.url, pool=like.pool.recreate(), hide_parameters=True)
        event.listen(engine, "checkout", partial(_ping, engine))
    else:
        given = location.url.query
        engine = create_engine(
            location.url,
            connect_args={} if "connect_timeout" in given else {"connect_timeout": 5},
            pool_size=pool_size,
            max_overflow=10,
            pool_timeout=BUSY_TIMEOUT,
            pool_pre_ping=True,
            hide_parameters=True,
        )
    event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _ping(engine: Engine, connection: Any, _record: object, _proxy: object) -> None:
    # What `pool_pre_ping` does, for a pool that may be made without it: a server that restarted costs nobody a request.
    try:
        alive = engine.dialect.do_ping(connection)
    except Exception as error:
        raise DisconnectionError from error
    if not alive:
        raise DisconnectionError


def _prepare_postgresql(connection: Any, _record: object) -> None:
    # A stricter default would turn two parallel `DELETE … RETURNING` into a serialization error for one of them.
    with closing(connection.cursor()) as cursor:
        cursor.execute("SET default_transaction_isolation = 'read committed'")
    connection.commit()


def prepare_sqlite_file(file: Path) -> None:
    """Make the file if it is not there, readable by its owner only, and switch it to the write-ahead log."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            # To where a link leads, as SQLite itself would follow it.
            _make_private(file.resolve())
        if not os.access(file, os.R_OK | os.W_OK):
            raise PermissionError(EACCES, os.strerror(EACCES))
    except OSError as error:
        raise misconfigured(
            "database_not_writable",
            f"the database file {file} cannot be made or written ({error.strerror})",
            "let the process write to that folder, or set OSTIARY_DATABASE_URL",
        ) from None
    with closing(sqlite3.connect(file, timeout=BUSY_TIMEOUT, isolation_level=None)) as connection:
        if connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
            return
        # The switch needs the file for itself, and does not wait for it. Where somebody writes at this moment, or the
        # file system knows no shared memory, everything works as it is, only slower.
        with file_lock(file), suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode=WAL").fetchone()


def _make_private(file: Path) -> None:
    """Make an empty file; its write-ahead log will have its permissions. Raises ``FileExistsError`` if it is there.

    SQLite's locks belong to the process, and closing any descriptor of the file drops all of them, those of other threads as
    well (its "How To Corrupt", 2.2). So a file that may be in use is never opened here, and a new one only where the system
    makes none without.
    """
    try:
        os.mknod(file, S_IFREG | 0o600)
    except (AttributeError, OSError) as error:
        # Windows has no such call, and macOS keeps it to root.
        if isinstance(error, OSError) and error.errno not in (EPERM, ENOSYS, EOPNOTSUPP):
            raise
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def detach_connection(pool: Pool) -> Any:
    """A driver's connection that belongs to the caller from now on, in autocommit."""
    borrowed = pool.connect()
    borrowed.detach()
    connection: Any = borrowed.dbapi_connection
    connection.autocommit = True
    return connection


def is_write_locked(file: Path) -> bool:
    """Whether somebody is writing to this SQLite file at this moment. Does not wait."""
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
        connection.execute("ROLLBACK")
    return False
