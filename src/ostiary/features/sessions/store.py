"""The sessions table: one row a signed-in browser, one function a thing that may happen to it.

The row holds the SHA-256 of the cookie's secret. Ending a session deletes its row, so that nothing
that is still under way can bring it back: the touch is an UPDATE, and finds nothing.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    ClauseElement,
    Column,
    ColumnElement,
    Connection,
    Table,
    Update,
    bindparam,
    func,
    literal_column,
    select,
    text,
    update,
)

from ostiary.kernel.clock import Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.storage.database import Transaction
from ostiary.storage.subjects import subjects
from ostiary.storage.tables import BIGINT, BYTES, TEXT, id_column, metadata

sessions: Final = Table(
    "ostiary_sessions",
    metadata,
    id_column("id", primary_key=True),
    Column("secret_hash", BYTES, nullable=False),
    Column("subject", TEXT, nullable=False),
    Column("epoch", BIGINT, nullable=False),
    Column("started_at", BIGINT, nullable=False),
    Column("seen_at", BIGINT, nullable=False),
    Column("idle_for", BIGINT, nullable=False),
    Column("ends_at", BIGINT, nullable=False),
    Column("factors", TEXT, nullable=False),
    Column("actor", TEXT),
    Column("tenant", TEXT),
    Column("device", TEXT),
    Column("network", TEXT),
)


# Written into the statement: the guard's read has one parameter, the id.
_ZERO: Final[ColumnElement[int]] = literal_column("0")


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """A session as its owner may see it. Times are milliseconds since the Unix epoch."""

    id: str
    subject: str
    epoch: int
    started_at: Millis
    seen_at: Millis
    idle_for: Millis
    ends_at: Millis
    factors: str
    device: str | None
    network: str | None


_SHOWN = tuple(
    sessions.c[name]
    for name in (
        "id",
        "subject",
        "epoch",
        "started_at",
        "seen_at",
        "idle_for",
        "ends_at",
        "factors",
        "device",
        "network",
    )
)


def guard_read() -> ClauseElement:
    """The guard's one statement: a session with its subject's epoch and rights. Parameter: ``id``."""
    s, u = sessions.c, subjects.c
    return (
        select(
            s.secret_hash,
            s.subject,
            s.epoch,
            s.started_at,
            s.seen_at,
            s.idle_for,
            s.ends_at,
            s.factors,
            s.actor,
            s.tenant,
            func.coalesce(u.epoch, _ZERO),
            func.coalesce(u.rights, _ZERO),
        )
        .select_from(sessions.outerjoin(subjects, u.subject == s.subject))
        .where(s.id == bindparam("id"))
    )


def touch() -> Update:
    """Move ``seen_at`` forward, never back. Parameters: ``now``, ``session``."""
    return (
        update(sessions)
        .where(sessions.c.id == bindparam("session"), sessions.c.seen_at < bindparam("now"))
        .values(seen_at=bindparam("now"))
    )


# Made once: every sign-in runs them, and to build a statement takes longer than to run it.
_INSERT: Final = sessions.insert()
_OF_OWNER: Final = (sessions.c.id == bindparam("session"), sessions.c.subject == bindparam("owner"))
_TENANT: Final = select(sessions.c.tenant).where(*_OF_OWNER)
_STANDING: Final = select(sessions.c.epoch, sessions.c.ends_at).where(*_OF_OWNER)
_DELETE: Final = sessions.delete().where(sessions.c.id == bindparam("session")).returning(sessions.c.subject)


def insert(tx: Transaction, row: dict[str, Any]) -> None:
    """A new session."""
    tx.execute(_INSERT, row)


def _tell(tx: Transaction) -> None:
    """Have those in this process who remember sessions forget them, once it is committed that one ended or changed."""
    tx.after_commit(tx.followers.wake)


def delete(tx: Transaction, id: str, *, subject: str | None = None) -> str | None:
    """End one session; with ``subject``, only if it is hers. The answer is whose it was, or None."""
    statement = _DELETE if subject is None else _DELETE.where(sessions.c.subject == subject)
    _tell(tx)
    return tx.execute(statement, {"session": id}).scalar_one_or_none()


def delete_all(tx: Transaction, subject: str, *, keep: str | None = None) -> int:
    """Remove the rows of a subject. Her epoch is what ends them; this keeps the table small."""
    statement = sessions.delete().where(sessions.c.subject == subject)
    if keep is not None:
        statement = statement.where(sessions.c.id != keep)
    _tell(tx)
    return len(tx.execute(statement.returning(sessions.c.id)).all())


def delete_everybodys(tx: Transaction) -> list[tuple[str, str]]:
    """End every session there is: the (id, subject) of each."""
    _tell(tx)
    ended = tx.execute(sessions.delete().returning(sessions.c.id, sessions.c.subject))
    return [(row.id, row.subject) for row in ended]


def carry_over(tx: Transaction, id: str, *, subject: str, epoch: int, was: int) -> bool:
    """Let one session live on under a new epoch, if it was alive under the one before."""
    statement = (
        update(sessions)
        .where(sessions.c.id == id, sessions.c.subject == subject, sessions.c.epoch == was)
        .values(epoch=epoch)
    )
    return bool(tx.execute(statement.returning(sessions.c.id)).all())


def bind(tx: Transaction, id: str, *, subject: str, tenant: str | None) -> bool:
    """Bind one session to a place, or to none."""
    statement = update(sessions).where(sessions.c.id == id, sessions.c.subject == subject).values(tenant=tenant)
    _tell(tx)
    return bool(tx.execute(statement.returning(sessions.c.id)).all())


def tenant_of(tx: Transaction, id: str, *, subject: str) -> str | None:
    """The place that one session of a subject is bound to, if there is such a session and such a place."""
    return tx.execute(_TENANT, {"session": id, "owner": subject}).scalar_one_or_none()


def standing_of(connection: Connection, id: str, *, subject: str) -> tuple[int, Millis] | None:
    """The epoch and the absolute end of one session, or None if she has no such session."""
    row = connection.execute(_STANDING, {"session": id, "owner": subject}).one_or_none()
    return None if row is None else (row.epoch, row.ends_at)


def live(connection: Connection, subject: str, *, now: Millis) -> list[SessionRow]:
    """The sessions of a subject that would pass the guard now, the newest first."""
    epoch = select(func.coalesce(func.max(subjects.c.epoch), 0)).where(subjects.c.subject == subject).scalar_subquery()
    query = (
        select(*_SHOWN)
        .where(
            sessions.c.subject == subject,
            sessions.c.epoch == epoch,
            sessions.c.ends_at > now,
            sessions.c.seen_at + sessions.c.idle_for > now,
        )
        .order_by(sessions.c.started_at.desc(), sessions.c.id.desc())
    )
    return [SessionRow(**row) for row in connection.execute(query).mappings()]


def serialise(tx: Transaction, subject: str) -> None:
    """Let nobody else count this subject's sessions until this transaction ends.

    SQLite has one writer anyway. PostgreSQL: an advisory lock, since there may be no row to lock yet.
    """
    if tx.connection.dialect.name == "postgresql":
        tx.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:subject, 0))"), {"subject": f"sessions:{subject}"}
        )


def oldest_beyond(tx: Transaction, subject: str, *, keep: int, now: Millis) -> Sequence[str]:
    """The ids of the live sessions that are too many, when only the ``keep`` newest may stay."""
    return [row.id for row in live(tx.connection, subject, now=now)[keep:]]
