"""The tables of groups: which there are and who is in each; one function for each thing that may happen.

What groups hold is in ``store.py``, as what subjects hold. Whoever changes a group holds the lock of its row.
"""

from typing import Final

from sqlalchemy import Column, Connection, Table, delete, func, select

from ostiary.features.roles.holder import Membership
from ostiary.kernel.clock import Millis
from ostiary.storage.database import Transaction
from ostiary.storage.subjects import raise_rights_of
from ostiary.storage.tables import BIGINT, ID, TEXT, metadata
from ostiary.storage.upsert import upsert

groups: Final = Table(
    "ostiary_groups",
    metadata,
    Column("name", ID, primary_key=True),
    Column("made_at", BIGINT, nullable=False),
    Column("made_by", TEXT),
)

group_members: Final = Table(
    "ostiary_group_members",
    metadata,
    Column("group_name", ID, primary_key=True),
    Column("subject", ID, primary_key=True),
    Column("added_at", BIGINT, nullable=False),
    Column("added_by", TEXT),
)

_M: Final = group_members.c


def lock_group(tx: Transaction, name: str) -> bool:
    """Let nobody change a group, its members or what it holds, until this transaction ends. False: there is none."""
    query = select(groups.c.name).where(groups.c.name == name).with_for_update()
    return tx.execute(query).first() is not None


def create_group(tx: Transaction, name: str, *, now: Millis, by: str | None) -> bool:
    """Make a group. False: there is one of this name."""
    statement = (
        upsert(groups, tx.connection.dialect.name).values(name=name, made_at=now, made_by=by).on_conflict_do_nothing()
    )
    return tx.execute(statement.returning(groups.c.name)).first() is not None


def delete_group(tx: Transaction, name: str) -> int:
    """Remove a group that is locked, with its memberships; the answer is how many there were."""
    tx.execute(delete(groups).where(groups.c.name == name))
    return len(tx.execute(delete(group_members).where(_M.group_name == name).returning(_M.subject)).all())


def add_member(tx: Transaction, group: str, subject: str, *, now: Millis, by: str | None) -> bool:
    """Put a subject into a group that is locked. False: she is in it already."""
    row = {"group_name": group, "subject": subject, "added_at": now, "added_by": by}
    statement = upsert(group_members, tx.connection.dialect.name).values(**row).on_conflict_do_nothing()
    return tx.execute(statement.returning(_M.subject)).first() is not None


def remove_member(tx: Transaction, group: str, subject: str) -> bool:
    """Take a subject out of a group. False: she was not in it."""
    statement = delete(group_members).where(_M.group_name == group, _M.subject == subject)
    return tx.execute(statement.returning(_M.subject)).first() is not None


def leave_all(tx: Transaction, subject: str) -> int:
    """Take a subject out of every group; the answer is out of how many."""
    return len(tx.execute(delete(group_members).where(_M.subject == subject).returning(_M.group_name)).all())


def groups_of(connection: Connection, subject: str) -> list[str]:
    """The groups a subject is in, in order."""
    rows = connection.execute(select(_M.group_name).where(_M.subject == subject).order_by(_M.group_name))
    return [row.group_name for row in rows]


def members_of(connection: Connection, group: str, *, after: str, limit: int) -> list[Membership]:
    """The members of a group, in order, after one."""
    query = select(group_members).where(_M.group_name == group, _M.subject > after).order_by(_M.subject).limit(limit)
    return [
        Membership(subject=row.subject, added_at=row.added_at, added_by=row.added_by)
        for row in connection.execute(query)
    ]


def count_members(connection: Connection, group: str) -> int:
    """How many are in a group."""
    return connection.execute(select(func.count()).where(_M.group_name == group)).scalar_one()


def all_groups(connection: Connection, *, after: str, limit: int) -> list[tuple[str, int]]:
    """The groups there are with the number of their members, in order, after one."""
    query = (
        select(groups.c.name, func.count(_M.subject).label("members"))
        .select_from(groups.outerjoin(group_members, _M.group_name == groups.c.name))
        .where(groups.c.name > after)
        .group_by(groups.c.name)
        .order_by(groups.c.name)
        .limit(limit)
    )
    return [(row.name, row.members) for row in connection.execute(query)]


def group_exists(connection: Connection, name: str) -> bool:
    """Whether there is a group of this name."""
    return connection.execute(select(groups.c.name).where(groups.c.name == name)).first() is not None


def raise_rights_of_members(tx: Transaction, group: str, *, now: Millis) -> None:
    """Raise the rights of every member of a group that is locked."""
    raise_rights_of(tx, select(_M.subject).where(_M.group_name == group), now=now)
