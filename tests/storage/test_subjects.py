"""One epoch and one rights version a subject."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import literal, select, union_all

from ostiary.storage.database import Database
from ostiary.storage.revocations import revocations
from ostiary.storage.subjects import (
    raise_epoch,
    raise_everybodys_epoch,
    raise_rights,
    raise_rights_of,
    read_epoch,
    read_everybodys_epoch,
    subjects,
)

STRANGE = [
    "' OR '1'='1",
    '"; DROP TABLE ostiary_subjects; --',
    "%",
    "_",
    "\\",
    "%s",
    ":subject",
    "?",
    "{0.__class__}",
    "ü\u202e",
]


def _epoch(database: Database, subject: str) -> int:
    with database.read() as connection:
        return read_epoch(connection, subject)


def test_a_subject_begins_at_epoch_zero(database: Database) -> None:
    assert _epoch(database, "ada") == 0


def test_raising_counts_up_from_zero_and_touches_nobody_else(database: Database) -> None:
    with database.write() as tx:
        assert [
            raise_epoch(tx, "ada", now=0),
            raise_epoch(tx, "ada", now=0),
            raise_rights(tx, "ada", now=0),
            raise_rights(tx, "bob", now=0),
        ] == [
            1,
            2,
            1,
            1,
        ]
    assert (_epoch(database, "ada"), _epoch(database, "bob")) == (2, 0)


def test_everybodys_epoch_is_nobodys_own(database: Database) -> None:
    with database.write() as tx:
        raise_epoch(tx, "ada", now=0)
        assert [raise_everybodys_epoch(tx, now=0), raise_everybodys_epoch(tx, now=0)] == [1, 2]
    with database.read() as connection:
        assert read_everybodys_epoch(connection) == 2
    assert (_epoch(database, "ada"), _epoch(database, "bob")) == (1, 0)


@pytest.mark.parametrize("raise_", [raise_epoch, raise_rights])
def test_whoever_names_no_subject_ends_nobody(database: Database, raise_: Callable[..., int]) -> None:
    with pytest.raises(ValueError, match="not empty"), database.write() as tx:
        raise_(tx, "", now=0)
    with database.read() as connection:
        assert read_everybodys_epoch(connection) == 0


@pytest.mark.attack("T1")
@pytest.mark.parametrize("subject", STRANGE)
def test_a_subject_is_matched_literally_whatever_it_spells(database: Database, subject: str) -> None:
    with database.write() as tx:
        raise_epoch(tx, "ada", now=0)
        raise_epoch(tx, subject, now=0)
        raise_epoch(tx, subject, now=0)
    assert (_epoch(database, "ada"), _epoch(database, subject)) == (1, 2)


@pytest.mark.asvs("V15.4.2")
def test_no_raise_is_lost_between_processes(
    database_url: str, database: Database, race: Callable[..., list[Any]]
) -> None:
    source = """
from ostiary.storage.database import Database
from ostiary.storage.subjects import raise_epoch
def child(number, url):
    database = Database.from_url(url, migrates_itself=True)
    given = []
    for _ in range(10):
        with database.write() as tx:
            given.append(raise_epoch(tx, "ada", now=0))
    return given
"""
    given = [epoch for child in race(source, 5, database_url) for epoch in child]
    assert sorted(given) == list(range(1, 51))
    assert _epoch(database, "ada") == 50


def _rights(database: Database) -> dict[str, int]:
    with database.read() as connection:
        rows = connection.execute(select(subjects.c.subject, subjects.c.rights).order_by(subjects.c.subject))
        return {row.subject: row.rights for row in rows}


def test_the_rights_of_many_are_raised_in_one_statement_and_told_to_the_log(database: Database) -> None:
    with database.write() as tx:
        raise_rights(tx, "ada", now=0)
        raise_epoch(tx, "eve", now=0)
        raise_epoch(tx, "kim", now=0)
    with database.write() as tx:
        chosen = union_all(*(select(literal(name)) for name in ("ada", "bob", "eve", "bob"))).subquery()
        raise_rights_of(tx, select(*chosen.c), now=5)
    assert _rights(database) == {"ada": 2, "bob": 1, "eve": 1, "kim": 0}
    with database.read() as connection:
        told = connection.execute(select(revocations.c.key, revocations.c.value).where(revocations.c.made_at == 5))
        assert sorted((row.key, row.value) for row in told) == [("ada", 2), ("bob", 1), ("eve", 1)]


def test_raising_the_rights_of_nobody_is_nothing(database: Database) -> None:
    with database.write() as tx:
        raise_rights_of(tx, select(subjects.c.subject).where(subjects.c.subject == "nobody"), now=5)
        raise_rights_of(tx, select(literal("")), now=5)
    assert _rights(database) == {}
