"""The database: one embedded SQLite file, or the PostgreSQL or SQLite an application gives; connections and transactions.

Building a ``Database`` opens nothing. Engine, schema check and migration come with the first use in each
process, so a server may load the application once and fork.
"""

import os
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine

from ostiary.kernel.dataclass import dataclass
from ostiary.storage.database_url import DatabaseUrl, DialectName, parse_database_url, sqlite_file
from ostiary.storage.engines import (
    BUSY_TIMEOUT,
    WRITES,
    create_postgresql_engine,
    create_sqlite_engine,
    prepare_sqlite_file,
)
from ostiary.storage.failures import unavailable_on_failure
from ostiary.storage.followers import Followers
from ostiary.storage.joining import AfterCommit, Joined, joined_transactions, own_session, refuse_open_transaction
from ostiary.storage.transaction import Act, Transaction, run_all

if TYPE_CHECKING:
    # Who has a session has imported the ORM; for everybody else it would be 40 ms of the start.
    from sqlalchemy.orm import Session, scoped_session

__all__ = ["Database", "SecondConnection", "Transaction"]

MigratesItself: TypeAlias = bool | Literal["sqlite"]
FindEngine: TypeAlias = Callable[[], Engine]
FindSession: TypeAlias = Callable[[], "Session | scoped_session[Session] | None"]
Joinable: TypeAlias = "Session | scoped_session[Session] | Connection"

_SECOND_CONNECTION: Final = (
    "this action already holds a connection, and a second one would wait for the first: pass `tx` (or the "
    "connection) on to what is called"
)


class SecondConnection(RuntimeError):
    """An action that holds a connection asked for another one. Two that do so wait for each other for ever."""


@dataclass(frozen=True, slots=True, eq=False)
class _Opened:
    """What one process has open."""

    pid: int
    engine: Engine
    location: DatabaseUrl
    # SQLite's waiting for its one writer is a lottery: some thread would draw blanks for seconds. Here they queue.
    turn: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def one_writer(self) -> Generator[None]:
        """On SQLite, let the threads of this process write one after another; elsewhere nothing."""
        if self.location.file is None:
            yield
            return
        # After that long the database itself decides, as it does between processes.
        taken = self.turn.acquire(timeout=BUSY_TIMEOUT)
        try:
            yield
        finally:
            if taken:
                self.turn.release()


# Per context (thread, task): the databases that hold a connection. An immutable value.
_busy: ContextVar[tuple["Database", ...]] = ContextVar("ostiary_busy", default=())


class Database:
    """Where everything that must not be lost is kept.

    Made by ``embedded``, ``from_url`` or ``from_engine``. ``migrates_itself`` says whether the first use
    brings the schema up to date, or only checks it; ``"sqlite"`` does so for an SQLite file, whatever it turns out to be.
    ``followers`` are told of revocations that are committed here.
    """

    __slots__ = (
        "_abandoned",
        "_find_engine",
        "_known",
        "_locate",
        "_location",
        "_locks",
        "_migrates_itself",
        "_open_session",
        "_opened",
        "_pool_size",
        "_ready",
        "followers",
    )

    def __init__(
        self,
        locate: Callable[[], DatabaseUrl],
        *,
        migrates_itself: MigratesItself,
        find_engine: FindEngine | None = None,
        open_session: FindSession | None = None,
        pool_size: int = 5,
    ) -> None:
        self._migrates_itself = migrates_itself
        self.followers = Followers()
        self._locate = locate
        self._location: DatabaseUrl | None = None
        self._find_engine = find_engine
        self._open_session = open_session
        self._pool_size = pool_size
        self._opened: _Opened | None = None
        self._ready: _Opened | None = None
        self._locks: dict[int, threading.RLock] = {}
        self._abandoned: list[_Opened] = []
        self._known: WeakKeyDictionary[Connection, AfterCommit] = WeakKeyDictionary()

    @classmethod
    def embedded(cls, path: str | os.PathLike[str]) -> "Database":
        """An SQLite file of our own, made and migrated at first use."""
        location = sqlite_file(Path(path))
        return cls(lambda: location, migrates_itself=True)

    @classmethod
    def from_url(cls, url: str, *, migrates_itself: bool = False, pool_size: int = 5) -> "Database":
        """The database of a URL; ``ConfigurationError`` at once if it cannot be one of ours."""
        location = parse_database_url(url)
        return cls(lambda: location, migrates_itself=migrates_itself, pool_size=pool_size)

    @classmethod
    def from_engine(
        cls,
        find_engine: FindEngine,
        *,
        migrates_itself: MigratesItself = False,
        open_session: FindSession | None = None,
    ) -> "Database":
        """The database of the application's engine, which is asked for at first use and never changed.

        On PostgreSQL connections are made as that engine makes them; on an SQLite file we open our own.
        ``open_session`` finds the application's present session, if it has one: it is looked at before
        a write to the same SQLite file. An engine on a database in memory is a ``ConfigurationError``,
        at first use, or earlier by ``dialect``.
        """
        return cls(
            lambda: parse_database_url(find_engine().url),
            migrates_itself=migrates_itself,
            find_engine=find_engine,
            open_session=open_session,
        )

    @classmethod
    def of(cls, given: object, *, migrates_itself: bool = False) -> "Database | None":
        """The database that a URL, an engine or a ``Database`` already is; None for anything else.

        With ``migrates_itself`` an SQLite file is brought up to date at first use; PostgreSQL never, since others use it.
        """
        if isinstance(given, Database):
            return given
        if isinstance(given, str):
            return cls.from_url(given, migrates_itself=migrates_itself and given.startswith("sqlite"))
        if isinstance(given, Engine):
            return cls.from_engine(lambda: given, migrates_itself="sqlite" if migrates_itself else False)
        return None

    @property
    def migrates_itself(self) -> bool:
        """Whether the first use brings the schema up to date."""
        return self._migrates_itself is True or (self._migrates_itself == "sqlite" and self.file is not None)

    @property
    def dialect(self) -> DialectName:
        """``"sqlite"`` or ``"postgresql"``; known without connecting."""
        return self._where().dialect

    @property
    def file(self) -> Path | None:
        """The SQLite file, or None on PostgreSQL."""
        return self._where().file

    # Connections

    @contextmanager
    def write(self) -> Generator[Transaction]:
        """A transaction that is committed at the end of the block, or rolled back if the block raises.

        Inside ``joining`` it is part of the application's transaction, and the application commits.
        Raises ``SecondConnection``, ``OpenTransaction`` (SQLite) and ``Unavailable``.
        """
        joined = self._find_joined()
        acts: list[Act] = []
        with self._one_connection(), unavailable_on_failure():
            if joined is not None:
                with joined.write() as tx:
                    yield tx
                return
            ready = self._prepared()
            self._refuse_open_transaction()
            with (
                ready.one_writer(),
                ready.engine.connect().execution_options(**{WRITES: True}) as connection,
                connection.begin(),
            ):
                tx = Transaction(connection, keep=acts.append, followers=self.followers)
                try:
                    yield tx
                    tx.flush()
                finally:
                    tx.close()
        run_all(acts)

    @contextmanager
    def read(self) -> Generator[Connection]:
        """A connection in autocommit: each statement sees the present, and no lock or snapshot is held.

        Inside ``joining`` it is the application's connection. Raises ``SecondConnection`` and ``Unavailable``.
        """
        joined = self._find_joined()
        with self._one_connection(), unavailable_on_failure():
            if joined is not None:
                yield joined.connection()
                return
            with self._autocommit() as connection:
                yield connection

    @contextmanager
    def alone(self) -> Generator[Connection]:
        """A connection in autocommit, apart from any transaction of the application: what it writes stays.

        Raises ``SecondConnection`` and ``Unavailable``.
        """
        with self._one_connection(), unavailable_on_failure(), self._autocommit() as connection:
            yield connection

    @contextmanager
    def joining(self, target: Joinable) -> Generator[None]:
        """Let the verbs inside the block join the transaction of a Session or Connection of the application.

        Raises ``ValueError`` if it belongs to another database.
        """
        self.engine()
        joined = Joined(target if isinstance(target, Connection) else own_session(target), self._known, self.followers)
        self._require_same_database(joined.connection())
        token = joined_transactions.set((*joined_transactions.get(), (self, joined)))
        try:
            yield
        finally:
            joined_transactions.reset(token)

    def in_use(self) -> bool:
        """Whether the present context holds a connection of this database."""
        return any(database is self for database in _busy.get())

    def engine(self) -> Engine:
        """The engine of this process, its schema checked or brought up to date."""
        return self._prepared().engine

    def engine_as_it_is(self) -> Engine:
        """The engine of this process, whatever state the schema is in: for migrations and for looking at it."""
        return self._open().engine

    def close(self) -> None:
        """Close this process's connections; the next use opens new ones. For tests and the ends of programs."""
        with self._lock():
            opened, self._opened, self._ready = self._opened, None, None
            if opened is not None and opened.pid == os.getpid():
                opened.engine.dispose()

    # First use

    def _where(self) -> DatabaseUrl:
        # Asked once: an application's engine can often be found only within its application context.
        if self._location is None:
            self._location = self._locate()
        return self._location

    def _lock(self) -> threading.RLock:
        # One lock for each process: the one inherited by a fork may be held by a thread that does not exist here.
        return self._locks.setdefault(os.getpid(), threading.RLock())

    def _open(self) -> _Opened:
        with self._lock():
            opened = self._opened
            if opened is not None and opened.pid == os.getpid():
                return opened
            if opened is not None:
                # Inherited by a fork. Its connections are the parent's: closing them here would end the parent's, so
                # they are kept, unused, until this process ends.
                self._abandoned.append(opened)
            location = self._where()
            if location.file is not None:
                prepare_sqlite_file(location.file)
                engine = create_sqlite_engine(location, mapped=True, pool_size=self._pool_size)
            else:
                like = self._find_engine() if self._find_engine else None
                engine = create_postgresql_engine(location, like=like, pool_size=self._pool_size)
            self._opened = _Opened(os.getpid(), engine, location)
            return self._opened

    def _prepared(self) -> _Opened:
        ready = self._ready
        if ready is None or ready.pid != os.getpid():
            with self._lock():
                ready = self._ready
                if ready is None or ready.pid != os.getpid():
                    ready = self._make_ready()
        return ready

    def _make_ready(self) -> _Opened:
        # Here, because schema is about databases and imports this module.
        from ostiary.storage import schema

        with unavailable_on_failure():
            opened = self._open()
            if not schema.is_current(opened.engine):
                if self.migrates_itself:
                    self._refuse_open_transaction()
                    schema.upgrade(self)
                else:
                    schema.require_current(self)
        self._ready = opened
        return opened

    # One connection an action, and the application's own

    @contextmanager
    def _autocommit(self) -> Generator[Connection]:
        with self.engine().connect() as connection:
            # On SQLite our connections begin nothing by themselves: that is autocommit.
            if connection.dialect.name == "postgresql":
                connection.execution_options(isolation_level="AUTOCOMMIT")
            yield connection

    @contextmanager
    def _one_connection(self) -> Generator[None]:
        held = _busy.get()
        if any(database is self for database in held):
            raise SecondConnection(_SECOND_CONNECTION)
        token = _busy.set((*held, self))
        try:
            yield
        finally:
            _busy.reset(token)

    def _find_joined(self) -> Joined | None:
        return next((joined for database, joined in reversed(joined_transactions.get()) if database is self), None)

    def _require_same_database(self, connection: Connection) -> None:
        if self._find_engine is not None and connection.engine.pool is self._find_engine().pool:
            return
        try:
            theirs = parse_database_url(connection.engine.url)
        except Exception:  # noqa: BLE001 - whatever it is, it is not ours
            theirs = None
        if theirs is None or not theirs.names_same_database(self._open().location):
            message = "the session to join belongs to another database than Ostiary's tables"
            raise ValueError(message)

    def _refuse_open_transaction(self) -> None:
        file = self._where().file
        if self._open_session is not None and file is not None:
            refuse_open_transaction(self._open_session(), file)
