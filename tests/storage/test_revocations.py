"""The log of revocations: appended in the transaction that revokes, small without anybody's care."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from ostiary.kernel.clock import DAY, HOUR, Millis
from ostiary.storage.database import Database
from ostiary.storage.revocations import KEPT_BEYOND, SUBJECT_ROWS_LIVE, append, revocations
from ostiary.storage.subjects import raise_epoch, raise_rights, read_epoch

NOW: Millis = 1_800_000_000_000


def _append(database: Database, key: str, *, expires_at: Millis, now: Millis = NOW) -> None:
    with database.write() as tx:
        append(tx, "token", key, expires_at=expires_at, now=now)


def _rows(database: Database) -> list[Any]:
    with database.read() as connection:
        return list(connection.execute(select(revocations).order_by(revocations.c.number)))


def test_raising_a_subject_tells_the_log_in_the_same_transaction(database: Database) -> None:
    with database.write() as tx:
        raise_epoch(tx, "ada", now=NOW)
        raise_epoch(tx, "ada", now=NOW)
        raise_rights(tx, "ada", now=NOW)
    told = [(row.kind, row.key, row.value, row.made_at, row.expires_at - NOW) for row in _rows(database)]
    assert told == [
        ("epoch", "ada", 1, NOW, SUBJECT_ROWS_LIVE),
        ("epoch", "ada", 2, NOW, SUBJECT_ROWS_LIVE),
        ("rights", "ada", 1, NOW, SUBJECT_ROWS_LIVE),
    ]


def test_a_raise_that_is_rolled_back_tells_nothing(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.write() as tx:
        raise_epoch(tx, "ada", now=NOW)
        raise ZeroDivisionError
    assert _rows(database) == []
    with database.read() as connection:
        assert read_epoch(connection, "ada") == 0


def test_a_row_of_a_subject_outlives_every_access_token_and_the_sign_in_under_way() -> None:
    from ostiary.kernel.token_lifetime import LONGEST_ACCESS_TOKEN

    assert SUBJECT_ROWS_LIVE > LONGEST_ACCESS_TOKEN >= DAY


def test_where_nobody_prunes_the_log_shrinks_by_what_is_written_to_it(database: Database) -> None:
    for number in range(30):
        _append(database, f"x{number}", expires_at=NOW + HOUR)
    later = NOW + HOUR + KEPT_BEYOND
    for number in range(40):
        _append(database, f"y{number}", expires_at=later + HOUR, now=later)
        assert len(_rows(database)) == 30 + (number + 1) - min(30, 2 * (number + 1))
    assert {row.key[0] for row in _rows(database)} == {"y"}


def test_what_is_still_of_use_to_a_late_clock_is_not_tidied_away(database: Database) -> None:
    _append(database, "x", expires_at=NOW + HOUR)
    _append(database, "y", expires_at=NOW + 2 * HOUR, now=NOW + HOUR + KEPT_BEYOND - 1)
    assert [row.key for row in _rows(database)] == ["x", "y"]


def test_two_who_tidy_at_once_do_not_wait_for_each_other(postgresql_url: str) -> None:
    one, other = (Database.from_url(postgresql_url, migrates_itself=True) for _ in range(2))
    for number in range(6):
        _append(one, f"x{number}", expires_at=NOW)
    later = NOW + HOUR
    with one.write() as tx:
        append(tx, "token", "y", expires_at=later, now=later)
        # In this very thread: if it waited, it would wait for ever.
        _append(other, "z", expires_at=later, now=later)
    assert [row.key for row in _rows(one) if row.key in "yz"] == ["y", "z"]
    assert len(_rows(one)) == 4
    one.close()
    other.close()


@pytest.mark.attack("T1")
@pytest.mark.parametrize("key", ["' OR '1'='1", '"; DROP TABLE ostiary_revocations; --', "%s", ":key", "?", "ü\u202e"])
def test_a_key_is_kept_literally_whatever_it_spells(database: Database, key: str) -> None:
    _append(database, key, expires_at=NOW + HOUR)
    assert [row.key for row in _rows(database)] == [key]


@pytest.mark.asvs("V15.4.2")
def test_no_revocation_is_lost_between_processes_and_numbers_are_not_used_twice(
    database_url: str, database: Database, race: Callable[..., list[Any]]
) -> None:
    source = """
from ostiary.storage.database import Database
from ostiary.storage.revocations import append
def child(number, url):
    database = Database.from_url(url, migrates_itself=True)
    for turn in range(10):
        with database.write() as tx:
            append(tx, "token", f"{number}.{turn}", expires_at=10**13, now=1)
"""
    race(source, 4, database_url)
    with database.read() as connection:
        count, numbers, keys = connection.execute(
            select(func.count(), func.count(revocations.c.number.distinct()), func.count(revocations.c.key.distinct()))
        ).one()
    assert (count, numbers, keys) == (40, 40, 40)
