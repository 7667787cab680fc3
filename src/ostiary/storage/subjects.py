"""Epoch and rights version of a subject: two numbers that end every credential, or every remembered right, at once.

A subject has a row only once something was raised; without one both numbers are 0. Credentials carry
the epoch they were made under, and the guard compares (DESIGN: one epoch per subject). Access tokens
are checked without a query, so a raise is told to the log of revocations, too.

Tokens answer to a second epoch, that of everybody: no list of them could be ended one by one. It is kept in the row
of the subject that nobody is, the empty one.
"""

from typing import Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    Table,
    bindparam,
    func,
    literal,
    literal_column,
    select,
)

from ostiary.kernel.clock import Millis
from ostiary.kernel.joint_epoch import SUBJECTS_OWN, joint_epoch
from ostiary.storage.revocations import append_for_subject, append_for_subjects
from ostiary.storage.tables import BIGINT, TEXT, metadata
from ostiary.storage.transaction import Transaction
from ostiary.storage.upsert import upsert

subjects: Final = Table(
    "ostiary_subjects",
    metadata,
    Column("subject", TEXT, primary_key=True),
    Column("epoch", BIGINT, nullable=False, server_default="0"),
    Column("rights", BIGINT, nullable=False, server_default="0"),
)

_EVERYBODY: Final = ""
_ZERO: Final[ColumnElement[int]] = literal_column("0")

_EPOCH: Final = select(subjects.c.epoch).where(subjects.c.subject == bindparam("subject"))


def read_epoch(connection: Connection, subject: str) -> int:
    """The subject's epoch now; 0 if nothing was ever raised."""
    return connection.execute(_EPOCH, {"subject": subject}).scalar_one_or_none() or 0


def raise_epoch(tx: Transaction, subject: str, *, now: Millis) -> int:
    """End every credential of the subject that exists or is being made; the answer is the new epoch."""
    return _raise(tx, _named(subject), "epoch", now)


def read_everybodys_epoch(connection: Connection) -> int:
    """How many times everybody's tokens were ended."""
    return read_epoch(connection, _EVERYBODY)


def raise_everybodys_epoch(tx: Transaction, *, now: Millis) -> int:
    """End every access token and every family of refresh tokens that exists; the answer is the new epoch of everybody."""
    return _raise(tx, _EVERYBODY, "epoch", now)


def joint_epoch_of(subject: ColumnElement[str]) -> ColumnElement[int]:
    """The joint epoch of the subject in a column, as it is now; see ``kernel/joint_epoch.py``."""
    own, everybody = subjects.alias(), subjects.alias()
    # An aggregate answers also where there is no row.
    ones = select(func.coalesce(func.max(own.c.epoch), _ZERO)).where(own.c.subject == subject)
    all_ = select(func.coalesce(func.max(everybody.c.epoch), _ZERO)).where(everybody.c.subject == _EVERYBODY)
    return ones.scalar_subquery() + all_.scalar_subquery() * SUBJECTS_OWN


def raise_rights(tx: Transaction, subject: str, *, now: Millis) -> int:
    """Make every process forget what the subject may do; the answer is the new version."""
    return _raise(tx, _named(subject), "rights", now)


def _named(subject: str) -> str:
    if subject == _EVERYBODY:
        message = "a subject is text that is not empty"
        raise ValueError(message)
    return subject


def raise_rights_of(tx: Transaction, chosen: "Select[str]", *, now: Millis) -> None:
    """Make every process forget what each of these subjects may do. One statement, however many they are.

    ``chosen`` is a query for subjects that answers the same until the end of the transaction.
    """
    (subject,) = chosen.subquery().c
    # In one order everywhere, so that two changes that concern the same subjects wait for each other, and never both.
    # SQLite takes ON CONFLICT after a SELECT only where that has a WHERE (its manual, "UPSERT", "Parsing Ambiguity").
    rows = select(subject, literal(1)).where(subject != _EVERYBODY).distinct().order_by(subject)
    statement = upsert(subjects, tx.connection.dialect.name).from_select(["subject", "rights"], rows)
    tx.execute(
        statement.on_conflict_do_update(index_elements=[subjects.c.subject], set_={"rights": subjects.c.rights + 1})
    )
    raised = select(subjects.c.subject, subjects.c.rights).where(subjects.c.subject.in_(chosen))
    append_for_subjects(tx, "rights", raised, now=now)


def _raise(tx: Transaction, subject: str, column: str, now: Millis) -> int:
    # One statement: two that raise at once give two different numbers, and none is lost.
    raised = subjects.c[column] + 1
    statement = (
        upsert(subjects, tx.connection.dialect.name)
        .values(subject=subject, **{column: 1})
        .on_conflict_do_update(index_elements=[subjects.c.subject], set_={column: raised})
        .returning(subjects.c[column])
    )
    version = int(tx.execute(statement).scalar_one())
    # Access tokens carry both numbers and are verified without a query: their verifiers follow the log. Written whether
    # or not anybody issues tokens here: another application on this database may, or this one after its next start.
    if subject == _EVERYBODY:
        append_for_subject(tx, "everybody", subject, value=joint_epoch(version, 0), now=now)
    else:
        append_for_subject(tx, column, subject, value=version, now=now)
    return version
