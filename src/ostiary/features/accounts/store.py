"""The tables of accounts: accounts, their identifiers, and the identities that other systems vouch for.

What must be unique is unique in the database, and a row that would be a second one is not inserted rather
than refused: on PostgreSQL a violation would end the whole transaction, which may be the application's own.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Connection, Row, Select, Table, UniqueConstraint, select, update

from ostiary.features.accounts.account import Account, Identifier, NoSuchAccount
from ostiary.features.accounts.states import AccountState
from ostiary.kernel.clock import Millis
from ostiary.kernel.identifiers import is_id
from ostiary.storage.database import Transaction
from ostiary.storage.tables import BIGINT, ID, TEXT, id_column, metadata
from ostiary.storage.upsert import upsert

accounts: Final = Table(
    "ostiary_accounts",
    metadata,
    id_column("id", primary_key=True),
    Column("state", TEXT, nullable=False),
    Column("reason", TEXT),
    Column("attributes", TEXT, nullable=False),
    Column("created_at", BIGINT, nullable=False),
)

identifiers: Final = Table(
    "ostiary_identifiers",
    metadata,
    Column("kind", TEXT, primary_key=True),
    Column("value", ID, primary_key=True),
    id_column("account", nullable=False),
    Column("shown", TEXT, nullable=False),
    Column("skeleton", ID),
    Column("verified_at", BIGINT),
    UniqueConstraint("kind", "skeleton"),
)

upstream_identities: Final = Table(
    "ostiary_upstream_identities",
    metadata,
    Column("issuer", TEXT, primary_key=True),
    Column("subject", ID, primary_key=True),
    id_column("account", nullable=False),
    Column("linked_at", BIGINT, nullable=False),
)


# Reading


def find(connection: Connection, id: str) -> Account | None:
    """The account of an id."""
    return _read(connection, _whole().where(accounts.c.id == id))


def find_by_identifier(connection: Connection, kind: str, value: str) -> Account | None:
    """The account that a canonical identifier belongs to."""
    owner = select(identifiers.c.account).where(identifiers.c.kind == kind, identifiers.c.value == value)
    return _read(connection, _whole().where(accounts.c.id == owner.scalar_subquery()))


def is_taken(connection: Connection, one: Identifier) -> bool:
    """Whether ``claim`` would find it, or one that looks like it, in somebody's hands."""
    i = identifiers.c
    same = i.value == one.value if one.skeleton is None else (i.value == one.value) | (i.skeleton == one.skeleton)
    return connection.execute(select(i.account).where(i.kind == one.kind, same).limit(1)).first() is not None


def find_by_upstream(connection: Connection, issuer: str, subject: str) -> Account | None:
    """The account that an identity of another system is linked to."""
    owner = select(upstream_identities.c.account).where(_is_upstream(issuer, subject))
    return _read(connection, _whole().where(accounts.c.id == owner.scalar_subquery()))


def state_of(connection: Connection, id: str) -> AccountState | None:
    """The state of an account, or None when there is none."""
    state = connection.execute(select(accounts.c.state).where(accounts.c.id == id)).scalar_one_or_none()
    return None if state is None else AccountState(state)


def _whole() -> Select[Any]:
    """An account with all its identifiers in one statement, so that nothing changes between two reads."""
    i = identifiers.c
    return (
        select(accounts, i.kind, i.value, i.shown, i.verified_at)
        .select_from(accounts.outerjoin(identifiers, i.account == accounts.c.id))
        .order_by(i.kind, i.value)
    )


def _read(connection: Connection, query: Select[Any]) -> Account | None:
    rows: Sequence[Row[Any]] = connection.execute(query).all()
    if not rows:
        return None
    first = rows[0]
    return Account(
        id=first.id,
        state=AccountState(first.state),
        identifiers=tuple(
            Identifier(kind=row.kind, value=row.value, shown=row.shown, verified_at=row.verified_at)
            for row in rows
            if row.kind is not None
        ),
        attributes=json.loads(first.attributes),
        created_at=first.created_at,
    )


# Making an account


def add(tx: Transaction, id: str, *, state: AccountState, attributes: Mapping[str, Any], now: Millis) -> None:
    """A new account, with no identifier yet."""
    row = {"id": id, "state": state.value, "attributes": json.dumps(dict(attributes)), "created_at": now}
    tx.execute(accounts.insert().values(**row))


def discard(tx: Transaction, id: str) -> None:
    """Take back an account that was just inserted, with its identifiers."""
    tx.execute(accounts.delete().where(accounts.c.id == id))


def claim(tx: Transaction, account: str, one: Identifier) -> bool:
    """Give an account an identifier; False when it, or one that looks like it, is taken. Of any number at once one wins."""
    row = {
        "kind": one.kind,
        "value": one.value,
        "account": account,
        "shown": one.shown,
        "skeleton": one.skeleton,
        "verified_at": one.verified_at,
    }
    return _insert_unless_there(tx, identifiers, row)


def link(tx: Transaction, account: str, *, issuer: str, subject: str, now: Millis) -> bool:
    """Link an identity of another system to an account; False when it is linked already."""
    row = {"issuer": issuer, "subject": subject, "account": account, "linked_at": now}
    return _insert_unless_there(tx, upstream_identities, row)


def _insert_unless_there(tx: Transaction, table: Table, row: Mapping[str, Any]) -> bool:
    # Without a target: whichever of the table's unique constraints it is.
    statement = upsert(table, tx.connection.dialect.name).values(**row).on_conflict_do_nothing()
    return bool(tx.execute(statement.returning(*table.primary_key.columns)).all())


# Changing one


def get_locked(tx: Transaction, id: str) -> Account:
    """The account, which nobody else changes until this transaction ends. Raises ``NoSuchAccount``.

    SQLite has one writer anyway.
    """
    held = select(accounts.c.id).where(accounts.c.id == id).with_for_update()
    if not is_id(id) or tx.execute(held).one_or_none() is None:
        raise NoSuchAccount
    account = find(tx.connection, id)
    if account is None:
        raise NoSuchAccount
    return account


def change_state(tx: Transaction, id: str, state: AccountState, *, reason: str | None) -> None:
    """Write the new state of an account that is locked."""
    tx.execute(update(accounts).where(accounts.c.id == id).values(state=state.value, reason=reason))


def verify(tx: Transaction, account: str, *, kind: str, value: str, now: Millis) -> None:
    """Note that an identifier of an account that is locked is verified."""
    tx.execute(update(identifiers).where(_is_hers(account, kind, value)).values(verified_at=now))


def release(tx: Transaction, account: str, *, kind: str, value: str) -> None:
    """Take an identifier from an account that is locked."""
    tx.execute(identifiers.delete().where(_is_hers(account, kind, value)))


def has_upstream(tx: Transaction, account: str) -> bool:
    """Whether another system vouches for the account."""
    query = select(upstream_identities.c.issuer).where(upstream_identities.c.account == account).limit(1)
    return tx.execute(query).first() is not None


def owner_of_upstream(connection: Connection, issuer: str, subject: str) -> str | None:
    """The id of the account that an identity of another system is linked to."""
    query = select(upstream_identities.c.account).where(_is_upstream(issuer, subject))
    return connection.execute(query).scalar_one_or_none()


def _is_hers(account: str, kind: str, value: str) -> ColumnElement[bool]:
    i = identifiers.c
    return (i.account == account) & (i.kind == kind) & (i.value == value)


def _is_upstream(issuer: str, subject: str) -> ColumnElement[bool]:
    u = upstream_identities.c
    return (u.issuer == issuer) & (u.subject == subject)
