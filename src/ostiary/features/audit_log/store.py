"""The audit table: rows are only ever added, and removed when they are old."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import Column, Connection, Table, select

from ostiary.kernel.clock import Millis
from ostiary.storage.database import Transaction
from ostiary.storage.tables import BIGINT, TEXT, id_column, metadata

audit = Table(
    "ostiary_audit",
    metadata,
    id_column("id", primary_key=True),
    Column("at", BIGINT, nullable=False),
    Column("event", TEXT, nullable=False),
    Column("subject", TEXT),
    Column("actor", TEXT),
    Column("detail", TEXT, nullable=False),
)


# Made once: to build a statement takes longer than to run it, and this one is part of everything that happens.
_INSERT: Final = audit.insert()


def insert(tx: Transaction, *, id: str, at: Millis, event: str, subject: str | None, detail: str) -> None:
    """Add one row."""
    tx.execute(_INSERT, {"id": id, "at": at, "event": event, "subject": subject, "detail": detail})


def newest(
    connection: Connection, *, subject: str | None, events: Collection[str] | None, since: Millis | None, limit: int
) -> list[tuple[str, Millis, str, str | None, str]]:
    """The newest rows that match, newest first: (id, at, event, subject, detail)."""
    query = select(audit.c.id, audit.c.at, audit.c.event, audit.c.subject, audit.c.detail)
    if subject is not None:
        query = query.where(audit.c.subject == subject)
    if events is not None:
        query = query.where(audit.c.event.in_(events))
    if since is not None:
        query = query.where(audit.c.at >= since)
    rows = connection.execute(query.order_by(audit.c.id.desc()).limit(limit))
    return [(row.id, row.at, row.event, row.subject, row.detail) for row in rows]
