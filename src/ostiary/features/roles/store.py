"""The tables of roles: definitions, and assignments with what they come to; one function for each thing that may happen.

Groups and their members are in ``group_store.py``.

Whoever changes what somebody holds raises her rights in the same transaction. So that nobody is missed, whoever
changes what *many* hold keeps everybody else from changing who they are: a definition is changed, and an organisation
made or removed, under an exclusive lock that every other change shares, and a group under a lock of its row
(PostgreSQL; SQLite has one writer).
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    func,
    literal_column,
    or_,
    select,
    union,
    union_all,
)

from ostiary.features.roles.definitions import Entries
from ostiary.features.roles.group_store import group_members
from ostiary.features.roles.held import Holding, holding_of
from ostiary.features.roles.holder import Assignment, Holder
from ostiary.kernel.clock import Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.principal import decode_place
from ostiary.storage.database import Transaction
from ostiary.storage.subjects import raise_rights_of, subjects
from ostiary.storage.tables import BIGINT, ID, TEXT, metadata
from ostiary.storage.upsert import upsert

roles: Final = Table(
    "ostiary_roles",
    metadata,
    Column("name", ID, primary_key=True),
    Column("changed_at", BIGINT, nullable=False),
    Column("changed_by", TEXT),
)

role_grants: Final = Table(
    "ostiary_role_grants",
    metadata,
    Column("role", ID, primary_key=True),
    Column("entry", ID, primary_key=True),
)

role_assignments: Final = Table(
    "ostiary_role_assignments",
    metadata,
    Column("holder_kind", TEXT, primary_key=True),
    Column("holder", ID, primary_key=True),
    Column("role", ID, primary_key=True),
    Column("place", ID, primary_key=True),
    Column("ends_at", BIGINT),
    Column("given_at", BIGINT, nullable=False),
    Column("given_by", TEXT),
)

_A: Final = role_assignments.c
_G: Final = role_grants.c
_M: Final = group_members.c

# Written into the statement: the lookup has one parameter, the subject.
_SUBJECT: Final[ColumnElement[str]] = literal_column("'subject'", TEXT)
_GROUP: Final[ColumnElement[str]] = literal_column("'group'", TEXT)
_NOTHING: Final[ColumnElement[str]] = literal_column("''", TEXT)
_ZERO: Final[ColumnElement[int]] = literal_column("0", BIGINT)

# Any constant will do, as long as nobody else takes this lock of PostgreSQL: "roles" in ASCII.
_ROLES: Final[ColumnElement[int]] = literal_column("491260994931", BIGINT)


# --- the lookup ---------------------------------------------------------------------------------------------


def lookup() -> CompoundSelect[str, Any, Any, Any, Any]:
    """All that a subject's rights are made of, in one statement. Parameter: ``subject``.

    Rows of (what, text, text, number, text): ``held``, role, place, end, group; ``member``, group; ``grants``, role, entry;
    ``version``, and the version. One statement, so that all of it is of one instant.
    """
    subject = bindparam("subject", type_=TEXT)
    own = select(_A.role, _A.place, _A.ends_at, _NOTHING.label("group_name")).where(
        _A.holder_kind == _SUBJECT, _A.holder == subject
    )
    by_group = (
        select(_A.role, _A.place, _A.ends_at, _M.group_name)
        .select_from(group_members.join(role_assignments, and_(_A.holder_kind == _GROUP, _A.holder == _M.group_name)))
        .where(_M.subject == subject)
    )
    held = union_all(own, by_group).cte("held")
    reached = select(held.c.role.label("role")).cte("reached", recursive=True)
    # UNION, not UNION ALL: what was reached before is not walked again, so that even a circle would come to an end.
    reached = reached.union(select(_G.entry).where(_G.role == reached.c.role))
    version = select(subjects.c.rights).where(subjects.c.subject == subject).scalar_subquery()
    h = held.c
    return union_all(
        select(literal_column("'held'", TEXT), h.role, h.place, func.coalesce(h.ends_at, _ZERO), h.group_name),
        select(literal_column("'member'", TEXT), _M.group_name, _NOTHING, _ZERO, _NOTHING).where(_M.subject == subject),
        select(literal_column("'grants'", TEXT), _G.role, _G.entry, _ZERO, _NOTHING).where(_G.role == reached.c.role),
        select(literal_column("'version'", TEXT), _NOTHING, _NOTHING, func.coalesce(version, _ZERO), _NOTHING),
    )


def read_rows(connection: Connection, subject: str) -> Sequence[Sequence[Any]]:
    """The rows of ``lookup`` on a connection: within a transaction, as it has them."""
    return connection.execute(_LOOKUP, {"subject": subject}).all()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """What ``lookup`` found: what she holds, the groups she is in, definitions of the database, the version of the rights."""

    holdings: list[Holding]
    groups: list[str]
    grants: Entries
    version: int


def read_lookup(rows: Iterable[Sequence[Any]]) -> Lookup:
    """The rows of ``lookup``, read."""
    holdings: list[Holding] = []
    groups_: list[str] = []
    grants: dict[str, set[str]] = {}
    version = 0
    for what, first, second, number, group in rows:
        if what == "held":
            holdings.append(holding_of(first, second, number, group))
        elif what == "member":
            groups_.append(first)
        elif what == "grants":
            grants.setdefault(first, set()).add(second)
        else:
            version = int(number)
    entries = {role: frozenset(found) for role, found in grants.items()}
    return Lookup(holdings=holdings, groups=sorted(groups_), grants=entries, version=version)


_LOOKUP: Final = lookup()


# --- locks --------------------------------------------------------------------------------------------------


def share_roles(tx: Transaction) -> None:
    """Let nobody take ``lock_roles`` until this transaction ends. Others who share it do not wait."""
    if tx.connection.dialect.name == "postgresql":
        tx.execute(select(func.pg_advisory_xact_lock_shared(_ROLES)))


def lock_roles(tx: Transaction) -> None:
    """Let nobody change anything about roles until this transaction ends."""
    if tx.connection.dialect.name == "postgresql":
        tx.execute(select(func.pg_advisory_xact_lock(_ROLES)))


def lock_rights(tx: Transaction, subjects_: Collection[str], *, members_of: str | None = None) -> None:
    """Let nobody change the rights of these subjects until this transaction ends, as far as they ever changed.

    With ``members_of`` those of everybody in a group that is locked as well.
    """
    if tx.connection.dialect.name == "postgresql" and (subjects_ or members_of is not None):
        chosen: ColumnElement[bool] = subjects.c.subject.in_(sorted(subjects_))
        if members_of is not None:
            chosen = or_(chosen, subjects.c.subject.in_(select(_M.subject).where(_M.group_name == members_of)))
        query = select(subjects.c.subject).where(chosen)
        tx.execute(query.order_by(subjects.c.subject).with_for_update())


# --- assignments --------------------------------------------------------------------------------------------


def assign(
    tx: Transaction, holder: Holder, role: str, place: str, *, ends_at: Millis | None, now: Millis, by: str | None
) -> bool:
    """Give a role, or change when it ends. False if it is held exactly so already."""
    row = {
        "holder_kind": holder.kind,
        "holder": holder.name,
        "role": role,
        "place": place,
        "ends_at": ends_at,
        "given_at": now,
        "given_by": by,
    }
    statement = upsert(role_assignments, tx.connection.dialect.name).values(**row)
    given = statement.excluded
    changed = statement.on_conflict_do_update(
        index_elements=[_A.holder_kind, _A.holder, _A.role, _A.place],
        set_={"ends_at": given.ends_at, "given_at": given.given_at, "given_by": given.given_by},
        where=_A.ends_at.is_distinct_from(given.ends_at),
    )
    return tx.execute(changed.returning(_A.role)).first() is not None


def revoke(tx: Transaction, holder: Holder, role: str, place: str) -> bool:
    """Take a role. False if it was not held so."""
    statement = delete(role_assignments).where(
        _A.holder_kind == holder.kind, _A.holder == holder.name, _A.role == role, _A.place == place
    )
    return tx.execute(statement.returning(_A.role)).first() is not None


def revoke_all(tx: Transaction, holder: Holder) -> int:
    """Take everything a holder holds; the answer is how much it was."""
    statement = delete(role_assignments).where(_A.holder_kind == holder.kind, _A.holder == holder.name)
    return len(tx.execute(statement.returning(_A.role)).all())


def find_assignments(
    connection: Connection,
    *,
    holder: Holder | None = None,
    role: str | None = None,
    place: str | None = None,
    now: Millis,
    limit: int | None = None,
) -> list[Assignment]:
    """The assignments that hold now and match, in the order of their key."""
    query = select(role_assignments).where(or_(_A.ends_at.is_(None), _A.ends_at > now))
    if holder is not None:
        query = query.where(_A.holder_kind == holder.kind, _A.holder == holder.name)
    if role is not None:
        query = query.where(_A.role == role)
    if place is not None:
        query = query.where(_A.place == place)
    query = query.order_by(_A.holder_kind, _A.holder, _A.role, _A.place)
    if limit is not None:
        query = query.limit(limit)
    return [_assignment_of(row) for row in connection.execute(query)]


def roles_given_at(connection: Connection, place: str, *, now: Millis) -> list[str]:
    """The roles that anybody was given on exactly this place, and that hold now."""
    query = select(_A.role).where(_A.place == place, or_(_A.ends_at.is_(None), _A.ends_at > now))
    return [row.role for row in connection.execute(query.distinct().order_by(_A.role))]


def revoke_all_at(tx: Transaction, place: str) -> list[Assignment]:
    """Take everything that anybody was given on exactly this place; the answer is what it was."""
    rows = tx.execute(delete(role_assignments).where(_A.place == place).returning(*_A)).all()
    return [_assignment_of(row) for row in sorted(rows, key=lambda row: (row.holder_kind, row.holder, row.role))]


def _assignment_of(row: Any) -> Assignment:
    return Assignment(
        subject=row.holder if row.holder_kind == "subject" else None,
        group=row.holder if row.holder_kind == "group" else None,
        role=row.role,
        on=decode_place(row.place or None),
        until=row.ends_at,
        given_at=row.given_at,
        given_by=row.given_by,
    )


def holders_of(
    connection: Connection, names: Collection[str], places: Collection[str], *, now: Millis, after: str, limit: int
) -> list[str]:
    """The subjects who hold one of these roles at one of these places now, themselves or by a group; in order, after one."""
    holds = and_(_A.role.in_(names), _A.place.in_(places), or_(_A.ends_at.is_(None), _A.ends_at > now))
    own = select(_A.holder.label("subject")).where(_A.holder_kind == "subject", _A.holder > after, holds)
    by_group = _members_of_holders(holds).where(_M.subject > after)
    found = union(own, by_group).subquery()
    rows = connection.execute(select(found.c.subject).order_by(found.c.subject).limit(limit))
    return [row.subject for row in rows]


def _members_of_holders(holds: ColumnElement[bool]) -> Select[str]:
    return (
        select(_M.subject.label("subject"))
        .select_from(group_members.join(role_assignments, and_(_A.holder_kind == "group", _A.holder == _M.group_name)))
        .where(holds)
    )


# --- who is concerned by a change ---------------------------------------------------------------------------


def raise_rights_at(tx: Transaction, place: str, *, now: Millis) -> None:
    """Raise the rights of everybody who was given something on exactly this place, or is in a group that was.

    Under the lock of roles.
    """
    own = select(_A.holder.label("subject")).where(_A.holder_kind == "subject", _A.place == place)
    everybody = union(own, _members_of_holders(_A.place == place)).subquery()
    raise_rights_of(tx, select(everybody.c.subject), now=now)


def raise_rights_of_holders(tx: Transaction, names: Collection[str], *, now: Millis) -> None:
    """Raise the rights of everybody who holds one of these roles anywhere. Under the lock of roles."""
    holds = _A.role.in_(sorted(names))
    own = select(_A.holder.label("subject")).where(_A.holder_kind == "subject", holds)
    everybody = union(own, _members_of_holders(holds)).subquery()
    raise_rights_of(tx, select(everybody.c.subject), now=now)


# --- definitions --------------------------------------------------------------------------------------------


def define(tx: Transaction, name: str, entries: Collection[str], *, now: Millis, by: str | None) -> None:
    """Write what a role grants, whatever it granted before. Under the lock of roles."""
    changed = {"changed_at": now, "changed_by": by}
    statement = upsert(roles, tx.connection.dialect.name).values(name=name, **changed)
    tx.execute(statement.on_conflict_do_update(index_elements=[roles.c.name], set_=changed))
    tx.execute(delete(role_grants).where(_G.role == name))
    if entries:
        tx.execute(role_grants.insert(), [{"role": name, "entry": entry} for entry in sorted(entries)])


def undefine(tx: Transaction, name: str) -> bool:
    """Remove a role from the database. False: it was not there."""
    tx.execute(delete(role_grants).where(_G.role == name))
    return tx.execute(delete(roles).where(roles.c.name == name).returning(roles.c.name)).first() is not None


def read_definitions(connection: Connection) -> dict[str, frozenset[str]]:
    """Every role of the database with what it grants."""
    found: dict[str, set[str]] = {}
    rows = connection.execute(
        select(roles.c.name, _G.entry).select_from(roles.outerjoin(role_grants, _G.role == roles.c.name))
    )
    for name, entry in rows:
        entries = found.setdefault(name, set())
        if entry is not None:
            entries.add(entry)
    return {name: frozenset(entries) for name, entries in found.items()}


def is_defined(connection: Connection, name: str) -> bool:
    """Whether the database defines a role."""
    return connection.execute(select(roles.c.name).where(roles.c.name == name)).first() is not None


def assigned_roles(connection: Connection) -> dict[str, int]:
    """Every role that anybody was given, with how many assignments there are."""
    rows = connection.execute(select(_A.role, func.count()).group_by(_A.role).order_by(_A.role))
    return {role: count for role, count in rows}  # noqa: C416 - a row is no pair to a type checker
