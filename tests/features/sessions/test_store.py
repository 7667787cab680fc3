"""The sessions table: one statement a verb, values never in the text, nothing plain that signs in."""

import pytest
from tests.shop import NOON

from ostiary.features.sessions import store
from ostiary.kernel.clock import DAY, HOUR
from ostiary.storage.database import Database
from ostiary.storage.guard_reads import compile_read
from ostiary.storage.subjects import raise_epoch

STRANGE = ["' OR '1'='1", "%", "_", "ada'; DROP TABLE ostiary_sessions; --", "?", ":id", "ada\u202e", "{0}"]


@pytest.fixture
def database(database_url):
    made = Database.from_url(database_url, migrates_itself=True)
    yield made
    made.close()


def _insert(database: Database, id: str, subject: str = "ada", **changes) -> None:
    row = {
        "id": id, "secret_hash": b"\0" * 32, "subject": subject, "epoch": 0, "started_at": NOON, "seen_at": NOON,
        "idle_for": DAY, "ends_at": NOON + 30 * DAY, "factors": "", "device": None, "network": None,
    }  # fmt: skip
    with database.write() as tx:
        store.insert(tx, row | changes)


def _live(database: Database, subject: str = "ada", now: int = NOON) -> list[str]:
    with database.read() as connection:
        return [row.id for row in store.live(connection, subject, now=now)]


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_the_guard_reads_a_session_its_epoch_and_its_rights_in_one_statement(dialect) -> None:
    read = compile_read(store.guard_read(), dialect)
    assert read.sql.count("SELECT") == 1
    assert "LEFT OUTER JOIN ostiary_subjects" in read.sql
    assert read.parameters == ("id",)


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_a_touch_updates_and_never_inserts(dialect) -> None:
    sql = compile_read(store.touch(), dialect).sql
    assert sql.startswith("UPDATE")
    assert "INSERT" not in sql


def test_a_session_is_alive_until_the_instant_of_either_limit(database: Database) -> None:
    _insert(database, "a")
    _insert(database, "b", ends_at=NOON + HOUR, started_at=NOON - 1)
    assert _live(database, now=NOON + HOUR - 1) == ["a", "b"]
    assert _live(database, now=NOON + HOUR) == ["a"]
    assert _live(database, now=NOON + DAY - 1) == ["a"]
    assert _live(database, now=NOON + DAY) == []


@pytest.mark.parametrize("subject", STRANGE)
def test_a_subject_is_matched_literally_whatever_it_spells(database: Database, subject: str) -> None:
    _insert(database, "a")
    _insert(database, "b", subject)
    assert _live(database, subject) == ["b"]
    with database.write() as tx:
        assert store.delete(tx, "a", subject=subject) is None
        assert store.delete_all(tx, subject) == 1
    assert _live(database) == ["a"]


def test_deleting_all_but_one_keeps_that_one(database: Database) -> None:
    for id in "abc":
        _insert(database, id)
    with database.write() as tx:
        assert store.delete_all(tx, "ada", keep="b") == 2
    assert _live(database) == ["b"]


def test_only_a_session_of_the_epoch_before_is_carried_over(database: Database) -> None:
    _insert(database, "fresh", epoch=1)
    _insert(database, "stale", epoch=0)
    _insert(database, "bobs", "bob", epoch=1)
    with database.write() as tx:
        raise_epoch(tx, "ada", now=0)
        assert raise_epoch(tx, "ada", now=0) == 2
        carried = [store.carry_over(tx, id, subject="ada", epoch=2, was=1) for id in ("fresh", "stale", "bobs", "none")]
    assert carried == [True, False, False, False]
    assert _live(database) == ["fresh"]


def test_the_epoch_and_the_end_of_a_session_are_told_of_her_own_only(database: Database) -> None:
    _insert(database, "a", epoch=4)
    with database.read() as connection:
        found = [store.standing_of(connection, "a", subject=who) for who in ("ada", "bob")]
        assert (found[0][0], found[1]) == (4, None)
        assert store.standing_of(connection, "b", subject="ada") is None


def test_the_oldest_are_too_many_and_only_those_alive_count(database: Database) -> None:
    for number, id in enumerate("abcd"):
        _insert(database, id, started_at=NOON + number)
    _insert(database, "dead", epoch=7)
    with database.write() as tx:
        assert store.oldest_beyond(tx, "ada", keep=2, now=NOON) == ["b", "a"]
        assert store.oldest_beyond(tx, "ada", keep=0, now=NOON) == ["d", "c", "b", "a"]
        assert store.oldest_beyond(tx, "ada", keep=9, now=NOON) == []


def test_ending_everybodys_tells_whose_they_were(database: Database) -> None:
    _insert(database, "a")
    _insert(database, "b", "bob")
    with database.write() as tx:
        assert sorted(store.delete_everybodys(tx)) == [("a", "ada"), ("b", "bob")]
    assert (_live(database), _live(database, "bob")) == ([], [])


@pytest.mark.attack("W1")
def test_no_column_could_hold_a_secret_in_the_plain() -> None:
    names = {column.name for column in store.sessions.columns}
    assert not names & {"secret", "token", "cookie", "csrf", "csrf_token", "password"}
    assert "secret_hash" in names


@pytest.mark.attack("U8")
def test_a_row_that_has_ended_is_pruned_and_no_other(database: Database) -> None:
    from ostiary import Sessions
    from ostiary.storage.prune import prune

    _insert(database, "dead", ends_at=NOON)
    _insert(database, "alive", ends_at=NOON + 1)
    prune(database, NOON, tables=Sessions().expiring())
    with database.read() as connection:
        assert [row.id for row in connection.execute(store.sessions.select())] == ["alive"]
