"""A transaction: the one connection an action writes through, and what happens once it is committed."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import Connection, CursorResult, Executable

from ostiary.storage.followers import Followers

if TYPE_CHECKING:
    # Who has a session has imported the ORM; for everybody else it would be 40 ms of the start.
    from sqlalchemy.orm import Session

Act: TypeAlias = Callable[[], None]

_log = logging.getLogger("ostiary.storage")


class Transaction:
    """What an action writes through. Handed to ``during`` listeners as ``tx``.

    ``connection`` is SQLAlchemy's Connection, in a transaction that its owner commits: never commit it.
    ``followers`` are those of the database it writes to.
    """

    __slots__ = ("_keep", "_own_session", "_session", "connection", "followers")

    def __init__(
        self,
        connection: Connection,
        *,
        keep: Callable[[Act], None],
        followers: Followers,
        session: "Session | None" = None,
    ) -> None:
        self.connection = connection
        self.followers = followers
        self._keep = keep
        self._session = session
        self._own_session = session is None

    def execute(
        self, statement: Executable, parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[Any]:
        """Execute a Core statement."""
        return self.connection.execute(statement, parameters)

    def session(self) -> "Session":
        """An ORM session on this transaction: the same one each time, flushed before the commit.

        Inside ``joining(session)`` it is the application's own session.
        """
        if self._session is None:
            # rollback_only: `session.commit()` in a listener flushes and commits nothing; a rollback ends everything.
            from sqlalchemy.orm import Session

            self._session = Session(bind=self.connection, join_transaction_mode="rollback_only")
        return self._session

    def after_commit(self, act: Act) -> None:
        """Run ``act`` once everything is committed, outside the transaction; never if it is rolled back."""
        self._keep(act)

    def flush(self) -> None:
        """Write what the ORM session still holds."""
        if self._session is not None:
            self._session.flush()

    def close(self) -> None:
        """Let the ORM session go, if it is ours."""
        if self._session is not None and self._own_session:
            self._session.close()


def run_all(acts: Sequence[Act]) -> None:
    """Run what was kept for after the commit. The commit stands, so a failure is logged and never raised."""
    for act in acts:
        try:
            act()
        except Exception:  # noqa: BLE001 - see above
            _log.exception("something to be done after a commit failed")
