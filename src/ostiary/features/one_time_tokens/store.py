"""The one-time tokens table: one row a token that may still be spent. Spending deletes the row, and the row is the right.

The row holds the SHA-256 of the secret, so that a copy of the table redeems nothing.
"""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Column, Connection, Row, Table, select

from ostiary.kernel.clock import Millis
from ostiary.storage.database import Transaction
from ostiary.storage.tables import BIGINT, BYTES, TEXT, id_column, metadata

one_time_tokens: Final = Table(
    "ostiary_one_time_tokens",
    metadata,
    id_column("id", primary_key=True),
    Column("purpose", TEXT, nullable=False),
    Column("secret_hash", BYTES, nullable=False),
    Column("binding_hash", BYTES),
    Column("subject", TEXT),
    Column("epoch", BIGINT, nullable=False),
    Column("payload", BYTES),
    Column("created_at", BIGINT, nullable=False),
    Column("expires_at", BIGINT, nullable=False),
)


def add(tx: Transaction, row: Mapping[str, Any]) -> None:
    """A new token."""
    tx.execute(one_time_tokens.insert().values(**row))


def find(connection: Connection, id: str) -> Row[Any] | None:
    """The row of a token, whatever its secret, purpose and age."""
    return connection.execute(select(one_time_tokens).where(one_time_tokens.c.id == id)).one_or_none()


def spend(tx: Transaction, id: str, *, presented: bytes, purpose: str, now: Millis) -> Row[Any] | None:
    """Take a token out if everything about it is right: one statement, so of any number at once one gets it.

    ``presented`` is a digest: where the database finds that it differs says nothing about the secret.
    """
    row = one_time_tokens.c
    statement = one_time_tokens.delete().where(
        row.id == id, row["secret_hash"] == presented, row.purpose == purpose, row.expires_at > now
    )
    return tx.execute(statement.returning(*row)).one_or_none()


def delete(tx: Transaction, id: str, *, purpose: str) -> bool:
    """Remove one token; False if there is none for this purpose."""
    row = one_time_tokens.c
    statement = one_time_tokens.delete().where(row.id == id, row.purpose == purpose)
    return tx.execute(statement.returning(row.id)).one_or_none() is not None


def delete_all(tx: Transaction, *, subject: str, purpose: str | None) -> int:
    """Remove the tokens of a subject, all or those for one purpose; the answer is how many."""
    statement = one_time_tokens.delete().where(one_time_tokens.c.subject == subject)
    if purpose is not None:
        statement = statement.where(one_time_tokens.c.purpose == purpose)
    return len(tx.execute(statement.returning(one_time_tokens.c.id)).all())
