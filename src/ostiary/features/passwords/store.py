"""The passwords table: one hash a subject, one function for each thing that may happen to it."""

from typing import Final

from sqlalchemy import Column, Connection, Table, select, update

from ostiary.kernel.clock import Millis
from ostiary.storage.database import Transaction
from ostiary.storage.tables import BIGINT, TEXT, metadata
from ostiary.storage.upsert import upsert

passwords: Final = Table(
    "ostiary_passwords",
    metadata,
    Column("subject", TEXT, primary_key=True),
    Column("hash", TEXT, nullable=False),
    Column("changed_at", BIGINT, nullable=False),
)


def find(connection: Connection, subject: str) -> str | None:
    """The stored hash of a subject, or None if she has no password."""
    return connection.execute(select(passwords.c.hash).where(passwords.c.subject == subject)).scalar_one_or_none()


def put(tx: Transaction, subject: str, hashed: str, *, now: Millis) -> None:
    """Store a hash, whatever was there."""
    row = upsert(passwords, tx.connection.dialect.name).values(subject=subject, hash=hashed, changed_at=now)
    replaced = {"hash": row.excluded.hash, "changed_at": row.excluded.changed_at}
    tx.execute(row.on_conflict_do_update(index_elements=[passwords.c.subject], set_=replaced))


def replace_if(tx: Transaction, subject: str, *, old: str, new: str, now: Millis) -> bool:
    """Store a new password if the hash is still ``old``. Of any number at once, one gets True."""
    return _replace(tx, subject, old, {"hash": new, "changed_at": now})


def renew(tx: Transaction, subject: str, *, old: str, new: str) -> bool:
    """Store the same password under newer parameters, if the hash is still ``old``: no change of password."""
    return _replace(tx, subject, old, {"hash": new})


def _replace(tx: Transaction, subject: str, old: str, values: dict[str, str | Millis]) -> bool:
    # The database compares what was just read from it: nobody can send an ``old``, so its time tells nothing.
    still = passwords.c["hash"] == old
    statement = update(passwords).where(passwords.c.subject == subject, still).values(**values)
    return bool(tx.execute(statement.returning(passwords.c.subject)).all())


def delete(tx: Transaction, subject: str) -> bool:
    """Remove a password; False when there was none."""
    statement = passwords.delete().where(passwords.c.subject == subject)
    return bool(tx.execute(statement.returning(passwords.c.subject)).all())
