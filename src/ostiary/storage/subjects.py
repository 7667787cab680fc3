"""Epoch and rights version of a subject: two numbers that end every credential, or every remembered right, at once.

A subject has a row only once something was raised; without one both numbers are 0. Credentials carry
the epoch they were made under, and the guard compares (DESIGN: one epoch per subject). Access tokens
are checked without a query, so a raise is told to the log of revocations, too.
"""

from typing import Final

from sqlalchemy import Column, Connection, Select, Table, bindparam, literal, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from ostiary.kernel.clock import Millis
from ostiary.storage.revocations import append_for_subject, append_for_subjects
from ostiary.storage.tables import BIGINT, TEXT, metadata
from ostiary.storage.transaction import Transaction

subjects: Final = Table(
    "ostiary_subjects",
    metadata,
    Column("subject", TEXT, primary_key=True),
    Column("epoch", BIGINT, nullable=False, server_default="0"),
    Column("rights", BIGINT, nullable=False, server_default="0"),
)

_EPOCH: Final = select(subjects.c.epoch).where(subjects.c.subject == bindparam("subject"))


def read_epoch(connection: Connection, subject: str) -> int:
    """The subject's epoch now; 0 if nothing was ever raised."""
    return connection.execute(_EPOCH, {"subject": subject}).scalar_one_or_none() or 0


def raise_epoch(tx: Transaction, subject: str, *, now: Millis) -> int:
    """End every credential of the subject that exists or is being made; the answer is the new epoch."""
    return _raise(tx, subject, "epoch", now)


def raise_rights(tx: Transaction, subject: str, *, now: Millis) -> int:
    """Make every process forget what the subject may do; the answer is the new version."""
    return _raise(tx, subject, "rights", now)


def raise_rights_of(tx: Transaction, chosen: "Select[str]", *, now: Millis) -> None:
    """Make every process forget what each of these subjects may do. One statement, however many they are.

    ``chosen`` is a query for subjects that answers the same until the end of the transaction.
    """
    insert = postgresql_insert if tx.connection.dialect.name == "postgresql" else sqlite_insert
    (subject,) = chosen.subquery().c
    # In one order everywhere, so that two changes that concern the same subjects wait for each other, and never both.
    # SQLite takes ON CONFLICT after a SELECT only where that has a WHERE (its manual, "UPSERT", "Parsing Ambiguity").
    rows = select(subject, literal(1)).where(subject != "").distinct().order_by(subject)
    statement = insert(subjects).from_select(["subject", "rights"], rows)
    tx.execute(
        statement.on_conflict_do_update(index_elements=[subjects.c.subject], set_={"rights": subjects.c.rights + 1})
    )
    raised = select(subjects.c.subject, subjects.c.rights).where(subjects.c.subject.in_(chosen))
    append_for_subjects(tx, "rights", raised, now=now)


def _raise(tx: Transaction, subject: str, column: str, now: Millis) -> int:
    # One statement: two that raise at once give two different numbers, and none is lost.
    insert = postgresql_insert if tx.connection.dialect.name == "postgresql" else sqlite_insert
    raised = subjects.c[column] + 1
    statement = (
        insert(subjects)
        .values(subject=subject, **{column: 1})
        .on_conflict_do_update(index_elements=[subjects.c.subject], set_={column: raised})
        .returning(subjects.c[column])
    )
    version = int(tx.execute(statement).scalar_one())
    # Access tokens carry both numbers and are verified without a query: their verifiers follow the log. Written whether
    # or not anybody issues tokens here: another application on this database may, or this one after its next start.
    append_for_subject(tx, column, subject, value=version, now=now)
    return version
