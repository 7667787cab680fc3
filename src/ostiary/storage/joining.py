"""Joining the application's own transaction: our statements, its commit.

A verb inside ``joining`` writes through the application's connection, within a savepoint: if the verb
fails, nothing of it remains, and the application may go on. What waits for the commit runs after the
application's commit, and is forgotten with its rollback, or with the rollback of the savepoint it was in.
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, event
from sqlalchemy.sql.elements import SavepointClause

from ostiary.kernel.errors import OpenTransaction
from ostiary.storage.engines import is_write_locked
from ostiary.storage.followers import Followers
from ostiary.storage.transaction import Act, Transaction, run_all

if TYPE_CHECKING:
    # Who hands us a session has imported the ORM; for everybody else it would be 40 ms of the start.
    from sqlalchemy.orm import Session, scoped_session

_KEY: Final = "ostiary_after_commit"

_OPEN_TRANSACTION: Final = (
    "the application's session has unsaved or uncommitted changes in this SQLite database, which takes one writer "
    "at a time: write `with auth.joining(db.session):` around this call to make it part of that transaction, or "
    "commit first"
)

# Per context (thread, task): the transactions of the application that verbs join, each with the database that it is
# of. An immutable value.
joined_transactions: "ContextVar[tuple[tuple[object, Joined], ...]]" = ContextVar("ostiary_joined", default=())


class AfterCommit:
    """What is to be done after the commit of one connection's transaction, aware of savepoints."""

    __slots__ = ("__weakref__", "_acts", "_savepoints")

    def __init__(self, connection: Connection) -> None:
        self._acts: list[tuple[int, Act]] = []
        self._savepoints: list[str] = []
        event.listen(connection, "after_execute", self._executed)
        event.listen(connection, "release_savepoint", self._released)
        event.listen(connection, "rollback_savepoint", self._rolled_back_to)
        event.listen(connection, "rollback", self._rolled_back)

    def keep(self, act: Act) -> None:
        """Keep it until the commit."""
        self._acts.append((len(self._savepoints), act))

    def take(self) -> list[Act]:
        """What has been kept, which is then forgotten."""
        acts = [act for _, act in self._acts]
        self._acts.clear()
        self._savepoints.clear()
        return acts

    def _executed(self, _connection: Connection, statement: object, *_: object) -> None:
        # The "savepoint" event comes before the savepoint has a name; its statement has it.
        if isinstance(statement, SavepointClause):
            name: Any = statement.ident
            self._savepoints.append(name)

    def _released(self, _connection: Connection, name: str, _context: object) -> None:
        if name in self._savepoints:
            depth = self._savepoints.index(name)
            del self._savepoints[depth:]
            self._acts = [(min(at, depth), act) for at, act in self._acts]

    def _rolled_back_to(self, _connection: Connection, name: str, _context: object) -> None:
        # A name we never saw was opened before us, so everything of ours lies inside it.
        depth = self._savepoints.index(name) if name in self._savepoints else -1
        del self._savepoints[max(depth, 0) :]
        self._acts = [(at, act) for at, act in self._acts if at <= depth]

    def _rolled_back(self, _connection: Connection) -> None:
        self.take()


class Joined:
    """The application's session or connection, as long as its verbs join it."""

    __slots__ = ("_followers", "_known", "_target")

    def __init__(
        self,
        target: "Session | Connection",
        known: "WeakKeyDictionary[Connection, AfterCommit]",
        followers: Followers,
    ) -> None:
        self._target = target
        self._known = known
        self._followers = followers

    def connection(self) -> Connection:
        """The connection the application's transaction runs on."""
        return self._target if isinstance(self._target, Connection) else self._target.connection()

    @contextmanager
    def write(self) -> Generator[Transaction]:
        """One verb inside the application's transaction."""
        connection = self.connection()
        session = None if isinstance(self._target, Connection) else self._target
        if session is not None:
            session.flush()
        waiting = self._waiting(connection)
        _begin(connection)
        with connection.begin_nested():
            tx = Transaction(connection, keep=waiting.keep, followers=self._followers, session=session)
            try:
                yield tx
                tx.flush()
            finally:
                tx.close()

    def _waiting(self, connection: Connection) -> AfterCommit:
        waiting = self._known.get(connection)
        if waiting is None:
            waiting = self._known[connection] = AfterCommit(connection)
            if connection is self._target:
                event.listen(connection, "commit", self._connection_commits)
        if not isinstance(self._target, Connection):
            if _KEY not in self._target.info:
                event.listen(self._target, "after_commit", _session_committed)
            self._target.info[_KEY] = waiting
        return waiting

    def _connection_commits(self, connection: Connection) -> None:
        # SQLAlchemy tells of a connection's commit only just before it. So it is done here, through the
        # dialect's public verb, and SQLAlchemy's own then finds nothing left to commit.
        connection.dialect.do_commit(connection.connection)
        _run_apart(self._known[connection].take())


def own_session(found: "Session | scoped_session[Session]") -> "Session":
    """The session behind a ``scoped_session``; a session is itself."""
    from sqlalchemy.orm import scoped_session

    return found() if isinstance(found, scoped_session) else found


def _session_committed(session: "Session") -> None:
    # Also called when a savepoint of the session is released, which commits nothing.
    waiting: AfterCommit | None = session.info.get(_KEY)
    if waiting is not None and not session.in_nested_transaction():
        _run_apart(waiting.take())


def _run_apart(acts: Sequence[Act]) -> None:
    # The transaction they waited for is over, even where the block that joined it is not.
    token = joined_transactions.set(())
    try:
        run_all(acts)
    finally:
        joined_transactions.reset(token)


def _begin(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    driver: Any = connection.connection.dbapi_connection
    if not driver.in_transaction:
        # The sqlite3 module begins a transaction before the first INSERT, not before a savepoint; and releasing a
        # savepoint without a transaction around it commits.
        if not connection.in_transaction():
            connection.begin()
        if not driver.in_transaction:
            connection.exec_driver_sql("BEGIN IMMEDIATE")


def refuse_open_transaction(found: "Session | scoped_session[Session] | None", file: Path) -> None:
    """Raise ``OpenTransaction`` where waiting for the application's own writes would be waiting for ourselves.

    ``found`` is the application's present session, and ``file`` the SQLite file we are about to write to.
    """
    session = None if found is None else own_session(found)
    if session is None or not session.in_transaction() or not session.is_active:
        return
    if session.new or session.dirty or session.deleted:
        raise OpenTransaction(_OPEN_TRANSACTION)
    driver: Any = session.connection().connection.dbapi_connection
    # An engine that says BEGIN itself is in a transaction after a mere read, and then nothing is locked.
    if getattr(driver, "in_transaction", False) and is_write_locked(file):
        raise OpenTransaction(_OPEN_TRANSACTION)
