"""The table of API keys: one row a key, one function a thing that may happen to it.

The row holds the SHA-256 of the key's secret. Revoking a key deletes its row, so that nothing that is still under way
can bring it back: rotating and touching are UPDATEs, and find nothing.
"""

from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import (
    ClauseElement,
    Column,
    ColumnElement,
    Connection,
    Select,
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

api_keys: Final = Table(
    "ostiary_api_keys",
    metadata,
    id_column("id", primary_key=True),
    Column("secret_hash", BYTES, nullable=False),
    Column("subject", TEXT, nullable=False),
    Column("epoch", BIGINT, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("scope", TEXT),
    Column("tenant", TEXT),
    Column("of_member", BIGINT, nullable=False, server_default="0"),
    Column("allowance", TEXT),
    Column("created_at", BIGINT, nullable=False),
    Column("expires_at", BIGINT, nullable=False),
    Column("used_at", BIGINT, nullable=False, server_default="0"),
    Column("used_from", TEXT),
    id_column("successor"),
)

_K: Final = api_keys.c
_U: Final = subjects.c
# Written into the statement: the guard's read has one parameter, the id.
_ZERO: Final[ColumnElement[int]] = literal_column("0")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """A key as its owner may see it. Times are milliseconds since the Unix epoch; ``used_at`` is 0 for never.

    ``of_member``  1: its owner belonged to the place it is bound to when it was made, and it is good while she does
    """

    id: str
    subject: str
    epoch: int
    name: str
    scope: str | None
    tenant: str | None
    of_member: int
    allowance: str | None
    created_at: Millis
    expires_at: Millis
    used_at: Millis
    used_from: str | None
    successor: str | None


_SHOWN: Final = tuple(
    _K[name]
    for name in (
        "id",
        "subject",
        "epoch",
        "name",
        "scope",
        "tenant",
        "of_member",
        "allowance",
        "created_at",
        "expires_at",
        "used_at",
        "used_from",
        "successor",
    )
)


def guard_read() -> ClauseElement:
    """The guard's one statement: a key with its owner's epoch and rights. Parameter: ``id``."""
    return (
        select(
            _K.secret_hash,
            _K.subject,
            _K.epoch,
            _K.scope,
            _K.tenant,
            _K.of_member,
            _K.allowance,
            _K.expires_at,
            _K.used_at,
            func.coalesce(_U.epoch, _ZERO),
            func.coalesce(_U.rights, _ZERO),
        )
        .select_from(api_keys.outerjoin(subjects, _U.subject == _K.subject))
        .where(_K.id == bindparam("id"))
    )


def touch() -> Update:
    """Note when and from where a key was used, forward only. Parameters: ``now``, ``network``, ``key``."""
    return (
        update(api_keys)
        .where(_K.id == bindparam("key"), _K.used_at < bindparam("now"))
        .values(used_at=bindparam("now"), used_from=bindparam("network"))
    )


def standing_of(connection: Connection, subject: str) -> tuple[int, int]:
    """The epoch and the rights version of a subject now; 0 for what was never raised."""
    row = connection.execute(select(_U.epoch, _U.rights).where(_U.subject == subject)).one_or_none()
    return (0, 0) if row is None else (row.epoch, row.rights)


def add(tx: Transaction, row: KeyRow, *, secret_hash: bytes) -> None:
    """A new key."""
    tx.execute(api_keys.insert().values(secret_hash=secret_hash, **asdict(row)))


def serialise(tx: Transaction, subject: str) -> None:
    """Let nobody else count this owner's keys until this transaction ends.

    SQLite has one writer anyway. PostgreSQL: an advisory lock, since there may be no row to lock yet.
    """
    if tx.connection.dialect.name == "postgresql":
        tx.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:subject, 0))"), {"subject": f"api_keys:{subject}"}
        )


def count_current(tx: Transaction, subject: str, *, now: Millis) -> int:
    """How many keys an owner has that are good and have no successor."""
    query = _live(select(func.count()), now).where(_K.subject == subject, _K.successor.is_(None))
    return int(tx.execute(query).scalar_one())


def live_of(connection: Connection, subject: str, *, now: Millis) -> list[KeyRow]:
    """The keys of an owner that would pass the guard now, the newest first."""
    query = _live(select(*_SHOWN), now).where(_K.subject == subject)
    found = connection.execute(query.order_by(_K.created_at.desc(), _K.id.desc()))
    return [KeyRow(**row) for row in found.mappings()]


def find_live(connection: Connection, id: str, *, now: Millis, subject: str | None = None) -> KeyRow | None:
    """One key that would pass the guard now; with ``subject``, only if it is hers."""
    query = _live(select(*_SHOWN), now).where(_K.id == id)
    if subject is not None:
        query = query.where(_K.subject == subject)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else KeyRow(**row)


def supersede(tx: Transaction, id: str, *, subject: str, successor: str, ends_at: Millis, now: Millis) -> bool:
    """Give a key its one successor, and its end. False when it has one, has ended, or is not hers."""
    statement = (
        update(api_keys)
        .where(_K.id == id, _K.subject == subject, _K.successor.is_(None), _K.expires_at > now)
        .values(successor=successor, expires_at=ends_at)
    )
    return tx.execute(statement.returning(_K.id)).scalar_one_or_none() is not None


def delete(tx: Transaction, id: str, *, subject: str) -> str | None:
    """End a key, if it is hers. The answer is what it was called, or None if there was none."""
    statement = api_keys.delete().where(_K.id == id, _K.subject == subject)
    return tx.execute(statement.returning(_K.name)).scalar_one_or_none()


def _live(query: Select[Any], now: Millis) -> Select[Any]:
    """What the guard lets through: not expired, and made under the owner's present epoch."""
    joined = query.select_from(api_keys.outerjoin(subjects, _U.subject == _K.subject))
    return joined.where(_K.epoch == func.coalesce(_U.epoch, 0), _K.expires_at > now)
