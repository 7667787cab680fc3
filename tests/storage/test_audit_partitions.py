"""The audit table's months: made ahead on PostgreSQL, and never in the way of a row."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from ostiary.kernel.identifiers import first_id_at, new_id
from ostiary.storage.audit_partitions import extend_audit_partitions, months_from
from ostiary.storage.database import Database, Transaction


def _at(*date: int) -> int:
    return int(datetime(*date, tzinfo=UTC).timestamp() * 1000)  # type: ignore[arg-type, misc]


def _insert(tx: Transaction, at: int) -> None:
    row = {"id": new_id(at, bytes(10)), "at": at}
    tx.execute(text("INSERT INTO ostiary_audit (id, at, event, detail) VALUES (:id, :at, 'x', '{}')"), row)


def test_months_touch_each_other_also_over_the_end_of_a_year() -> None:
    months = months_from(_at(2025, 11, 30, 23, 59))
    assert [name for name, _, _ in months] == ["2025_11", "2025_12", "2026_01"]
    assert months[0][1] == _at(2025, 11, 1)
    assert [ends for _, _, ends in months[:-1]] == [begins for _, begins, _ in months[1:]]


def test_the_bounds_of_a_month_hold_its_first_and_last_identifier() -> None:
    _, begins, ends = months_from(_at(2025, 2, 10))[0]
    assert first_id_at(begins) <= new_id(begins, bytes(10))
    assert new_id(ends - 1, b"\xff" * 10) < first_id_at(ends)


@pytest.mark.postgresql
def test_rows_find_their_month_and_those_of_the_default_move_to_it(postgresql_url: str) -> None:
    database = Database.from_url(postgresql_url, migrates_itself=True)
    far = _at(2091, 5, 3)
    with database.write() as tx:
        _insert(tx, far)
        _insert(tx, _at(2092, 1, 1))
    where = text("SELECT tableoid::regclass::text FROM ostiary_audit ORDER BY id")
    with database.write() as tx:
        assert tx.execute(where).scalars().all() == ["ostiary_audit_default"] * 2
        assert extend_audit_partitions(tx.connection, far) == 3
        assert extend_audit_partitions(tx.connection, far) == 0
        _insert(tx, far + 1)
        assert tx.execute(where).scalars().all() == ["ostiary_audit_2091_05"] * 2 + ["ostiary_audit_default"]
    database.close()


@pytest.mark.postgresql
def test_a_fresh_database_has_this_month_and_the_next_two(postgresql_url: str) -> None:
    database = Database.from_url(postgresql_url, migrates_itself=True)
    with database.read() as connection:
        query = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'ostiary_audit'::regclass"
        assert connection.execute(text(query)).scalar_one() == 4
    database.close()


def test_sqlite_has_no_partitions_and_loses_no_row(sqlite_url: str) -> None:
    database = Database.from_url(sqlite_url, migrates_itself=True)
    with database.write() as tx:
        assert extend_audit_partitions(tx.connection, _at(2091, 5, 3)) == 0
        _insert(tx, _at(2091, 5, 3))
    database.close()
