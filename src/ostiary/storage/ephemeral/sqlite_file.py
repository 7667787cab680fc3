"""The second SQLite file, for short-lived state: made by itself, and made anew when it cannot be read.

A file of its own keeps counters and replay windows from waiting for the disk: they commit with
``synchronous=NORMAL``, which survives a crash of the process and may lose the last moments in a power cut.
"""

import os
import sqlite3
import threading
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, event
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.exc import DatabaseError, DisconnectionError
from sqlalchemy.schema import CreateIndex, CreateTable

from ostiary.storage.database_url import sqlite_file
from ostiary.storage.engines import BUSY_TIMEOUT, create_sqlite_engine, prepare_sqlite_file
from ostiary.storage.ephemeral.statements import ephemeral
from ostiary.storage.file_lock import file_lock

# SQLite's own number for the application's use (PRAGMA user_version): this one says that the table is complete.
_COMPLETE: Final = 1
_UNREADABLE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class EphemeralFile:
    """An SQLite file with the ephemeral table. Opens nothing until ``connect``."""

    __slots__ = ("_abandoned", "_locks", "_opened", "_path")

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened: tuple[int, Engine] | None = None
        self._locks: dict[int, threading.Lock] = {}
        self._abandoned: list[Engine] = []

    @contextmanager
    def connect(self) -> Generator[Connection]:
        """A connection on which each statement is its own transaction."""
        try:
            with self._engine().connect() as connection:
                yield connection
        except DatabaseError as error:
            if _is_unreadable(error.orig):
                with file_lock(self._path):
                    _remove_if_unreadable(self._path)
            raise

    def close(self) -> None:
        """Close this process's connections."""
        opened, self._opened = self._opened, None
        if opened is not None and opened[0] == os.getpid():
            opened[1].dispose()

    def _engine(self) -> Engine:
        opened = self._opened
        if opened is not None and opened[0] == os.getpid():
            return opened[1]
        # As in Database: the lock a fork inherits may be held for ever.
        with self._locks.setdefault(os.getpid(), threading.Lock()):
            opened = self._opened
            if opened is None or opened[0] != os.getpid():
                if opened is not None:
                    self._abandoned.append(opened[1])
                opened = self._opened = (os.getpid(), self._make_engine())
            return opened[1]

    def _make_engine(self) -> Engine:
        engine = create_sqlite_engine(sqlite_file(self._path), synchronous="NORMAL")

        def before_connect(*_: object) -> None:
            make_ready(self._path)

        def connected(_connection: object, record: Any) -> None:
            record.info["inode"] = self._path.stat().st_ino

        def taken(_connection: object, record: Any, _proxy: object) -> None:
            # Removed (a cleaned temporary folder) or made anew by another process: writing on into the file that has
            # no name any more would be counting alone.
            try:
                same = self._path.stat().st_ino == record.info.get("inode")
            except OSError:
                same = False
            if not same:
                raise DisconnectionError

        event.listen(engine, "do_connect", before_connect)
        event.listen(engine, "connect", connected)
        event.listen(engine, "checkout", taken)
        return engine


def make_ready(path: Path) -> None:
    """See to it that the file is there, readable, and has the table. Safe for many processes at once."""
    if _is_complete(path):
        return
    with file_lock(path):
        if _is_complete(path):
            return
        _remove_if_unreadable(path)
    # Outside the lock, which this takes itself.
    prepare_sqlite_file(path)
    dialect = SQLiteDialect_pysqlite()
    with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        if connection.execute("PRAGMA user_version").fetchone()[0] != _COMPLETE:
            connection.execute(str(CreateTable(ephemeral).compile(dialect=dialect)))
            for index in ephemeral.indexes:
                connection.execute(str(CreateIndex(index).compile(dialect=dialect)))
            connection.execute(f"PRAGMA user_version={_COMPLETE}")
        connection.execute("COMMIT")


def _is_complete(path: Path) -> bool:
    if not path.exists():
        return False
    with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT, isolation_level=None)) as connection:
        try:
            return bool(connection.execute("PRAGMA user_version").fetchone()[0] == _COMPLETE)
        except sqlite3.DatabaseError as error:
            if _is_unreadable(error):
                return False
            raise


def _remove_if_unreadable(path: Path) -> None:
    """Remove the file if SQLite cannot make sense of it. Nothing in it is worth a rescue."""
    if not path.exists():
        return
    with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT, isolation_level=None)) as connection:
        try:
            sound = connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
        except sqlite3.DatabaseError as error:
            if not _is_unreadable(error):
                raise
            sound = False
    if not sound:
        for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
            with suppress(FileNotFoundError):
                name.unlink()


def _is_unreadable(error: BaseException | None) -> bool:
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF in _UNREADABLE
