"""The outbox: sealed mail that waits in the database from the action it tells of until it has left.

A mail is put in by the transaction of the action. Whoever sends claims it for a while, by moving
``due_at`` ahead; a sender that dies gives it back by that alone. So a mail leaves at least once, and
never twice while every sender lives.
"""

from typing import Final

from sqlalchemy import Column, Connection, Table, bindparam, delete, func, select, update

from ostiary.kernel.clock import Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.storage.tables import BIGINT, BYTES, id_column, metadata
from ostiary.storage.transaction import Transaction

outbox: Final = Table(
    "ostiary_outbox",
    metadata,
    id_column("id", primary_key=True),
    Column("sealed", BYTES, nullable=False),
    Column("attempts", BIGINT, nullable=False, server_default="0"),
    Column("due_at", BIGINT, nullable=False),
    Column("created_at", BIGINT, nullable=False),
    Column("expires_at", BIGINT, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A mail in one sender's hands until ``until``. ``attempts`` counts this one, and tells its claim from others."""

    id: str
    sealed: bytes
    attempts: int
    created_at: Millis
    expires_at: Millis
    until: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What waits: how many, how many of them are due, since when the oldest, and when the next is due."""

    count: int
    due: int
    oldest: Millis | None
    next_due: Millis | None


def put(tx: Transaction, *, id: str, sealed: bytes, now: Millis, expires_at: Millis) -> None:
    """Add a mail, due at once."""
    values = {"id": id, "sealed": sealed, "due_at": now, "created_at": now, "expires_at": expires_at}
    tx.execute(outbox.insert(), values)


def take_back(tx: Transaction, id: str) -> None:
    """Remove a mail in the transaction that has put it in: nobody ever sees it."""
    tx.execute(outbox.delete().where(outbox.c.id == id))


# A common table expression with FOR UPDATE is computed once; as a subquery it might run again for each row and lock
# more of them than the limit says. On SQLite, which has one writer, the same statement is simply atomic.
_DUE: Final = (
    select(outbox.c.id)
    .where(outbox.c.due_at <= bindparam("now"))
    .order_by(outbox.c.due_at, outbox.c.id)
    .limit(bindparam("at_most"))
    .with_for_update(skip_locked=True)
    .cte("due")
)
_CLAIM: Final = (
    update(outbox)
    .where(outbox.c.id.in_(select(_DUE.c.id)))
    .values(due_at=bindparam("until"), attempts=outbox.c.attempts + 1)
    .returning(outbox.c.id, outbox.c.sealed, outbox.c.attempts, outbox.c.created_at, outbox.c.expires_at)
)


def claim(tx: Transaction, *, now: Millis, until: Millis, at_most: int) -> list[Claimed]:
    """Take what is due into one's hands until ``until``, the oldest first; what others have is left out.

    What has expired comes as well: whoever has it gives it up.
    """
    rows = tx.execute(_CLAIM, {"now": now, "until": until, "at_most": at_most})
    found = [
        Claimed(
            id=row.id,
            sealed=bytes(row.sealed),
            attempts=row.attempts,
            created_at=row.created_at,
            expires_at=row.expires_at,
            until=until,
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: one.id)


def done(tx: Transaction, claimed: Claimed) -> None:
    """Remove a mail that left, or never will. Also if somebody else has it by now: it needs no second try."""
    tx.execute(delete(outbox).where(outbox.c.id == claimed.id))


def retry(tx: Transaction, claimed: Claimed, *, due_at: Millis) -> bool:
    """Let a claim go, due again at ``due_at``. False if it lapsed, and the mail is in other hands."""
    return _let_go(tx, claimed, due_at=due_at, attempts=claimed.attempts)


def give_back(tx: Transaction, claimed: Claimed, *, due_at: Millis) -> bool:
    """Let a claim go that was not tried: it counts as no attempt."""
    return _let_go(tx, claimed, due_at=due_at, attempts=claimed.attempts - 1)


def _let_go(tx: Transaction, claimed: Claimed, *, due_at: Millis, attempts: int) -> bool:
    statement = (
        update(outbox)
        .where(outbox.c.id == claimed.id, outbox.c.attempts == claimed.attempts, outbox.c.due_at == claimed.until)
        .values(due_at=due_at, attempts=attempts)
    )
    return tx.execute(statement).rowcount == 1


def find_next_due(connection: Connection) -> Millis | None:
    """When the next mail is due, be it to be sent or to be given up; None where nothing waits."""
    due_at: Millis | None = connection.execute(select(func.min(outbox.c.due_at))).scalar_one()
    return due_at


def read_waiting(connection: Connection, *, now: Millis) -> Waiting:
    """What waits."""
    due = func.count().filter(outbox.c.due_at <= now)
    query = select(func.count(), due, func.min(outbox.c.created_at), func.min(outbox.c.due_at)).select_from(outbox)
    count, due_now, oldest, next_due = connection.execute(query).one()
    return Waiting(count=count, due=due_now, oldest=oldest, next_due=next_due)
