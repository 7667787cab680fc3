"""Filling tables with a thousand rows, or millions: the database makes them itself, set by set."""

from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection, text

from ostiary.kernel.clock import Millis

SECRET: Final = "A" * 43
"""The secret of every session here."""

_DAY: Final = 86_400_000
_MOST_AT_ONCE: Final = 1_000_000
# As long as one that the defaults make.
_HASH: Final = "$argon2id$v=19$m=65536,t=3,p=4$" + "A" * 22 + "$" + "A" * 43


def numbered(number: int) -> str:
    """The id of a row: 26 characters, as all ids here; those of today come behind all of them."""
    return f"{number:026d}"


def _insert(connection: Connection, table: str, values: dict[str, str], first: int, last: int, **given: Any) -> None:
    """Rows of the numbers ``i`` from ``first`` to ``last``; ``values`` are expressions, in which ``{id}`` is the number as an id."""
    if connection.dialect.name == "postgresql":
        numbers, id_ = (
            "n(i) AS (SELECT generate_series(CAST(:first AS BIGINT), CAST(:last AS BIGINT)))",
            "lpad(CAST(i AS TEXT), 26, '0')",
        )
    else:
        numbers = "RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last)"
        id_ = "printf('%026d', i)"
    written = ", ".join(value.replace("{id}", id_) for value in values.values())
    statement = text(f"INSERT INTO {table} ({', '.join(values)}) WITH {numbers} SELECT {written} FROM n")
    for start in range(first, last + 1, _MOST_AT_ONCE):
        connection.execute(statement, {**given, "first": start, "last": min(last, start + _MOST_AT_ONCE - 1)})


def fill_sessions(connection: Connection, first: int, last: int, now: Millis) -> None:
    """Sessions of as many people, all with one secret; every tenth person's epoch was raised once."""
    columns = {
        "id": "{id}",
        "secret_hash": ":hash",
        "subject": "'user' || i",
        "epoch": "CASE WHEN i % 10 = 0 THEN 1 ELSE 0 END",
        "started_at": ":now",
        "seen_at": ":now",
        "idle_for": ":idle",
        "ends_at": ":ends",
        "factors": ":factors",
    }
    given = {"hash": sha256(SECRET.encode()).digest(), "now": now, "idle": 14 * _DAY, "ends": now + 30 * _DAY}
    _insert(connection, "ostiary_sessions", columns, first, last, **given, factors=f"password@{now}")
    every_tenth = {"subject": "'user' || (i * 10)", "epoch": "1", "rights": "0"}
    _insert(connection, "ostiary_subjects", every_tenth, (first + 9) // 10, last // 10)


def fill_audit(connection: Connection, first: int, last: int, now: Millis) -> None:
    """Rows of the audit log, ten milliseconds apart, the newest now."""
    columns = {
        "id": "{id}",
        "at": "CAST(:now AS BIGINT) - (CAST(:newest AS BIGINT) - i) * 10",
        "event": "'signed_in'",
        "subject": "'user' || (i % 100000)",
        "detail": "'{}'",
    }
    _insert(connection, "ostiary_audit", columns, first, last, now=now, newest=last)


def fill_accounts(connection: Connection, first: int, last: int, now: Millis) -> None:
    """Accounts with an address that is proven, and a password."""
    account = {"id": "{id}", "state": "'active'", "attributes": "'{}'", "created_at": ":now"}
    _insert(connection, "ostiary_accounts", account, first, last, now=now)
    address = "'user' || i || '@shop.example'"
    identifier = {"kind": "'email'", "value": address, "account": "{id}", "shown": address, "verified_at": ":now"}
    _insert(connection, "ostiary_identifiers", identifier, first, last, now=now)
    password = {"subject": "{id}", "hash": ":hash", "changed_at": ":now"}
    _insert(connection, "ostiary_passwords", password, first, last, now=now, hash=_HASH)


EACH: Final = 4
"""How many role assignments one subject has; the number of subjects grows with the table."""


def fill_role_assignments(connection: Connection, first: int, last: int, now: Millis) -> None:
    """Role assignments in a thousand organisations, ``EACH`` of every subject."""
    columns = {
        "holder_kind": "'subject'",
        "holder": f"'subject-' || ((i - 1) / {EACH})",
        "role": "CASE i % 3 WHEN 0 THEN 'owner' WHEN 1 THEN 'editor' ELSE 'reader' END",
        "place": f"'org:' || (i % {EACH}) || '-' || (i / {EACH} % 1000)",
        "given_at": ":now",
    }
    _insert(connection, "ostiary_role_assignments", columns, first, last, now=now)


def analyse(connection: Connection) -> None:
    """Let the database look at what it has, as it does by itself after a while."""
    connection.execute(text("ANALYZE"))
