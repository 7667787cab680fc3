"""The passwords table: one hash a subject, replaced only where the old one still stands."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from ostiary.features.passwords import store
from ostiary.storage.database import Database


@pytest.fixture
def database(database_url):
    made = Database.from_url(database_url, migrates_itself=True)
    yield made
    made.close()


def _row(database: Database, subject: str = "ada"):
    with database.read() as connection:
        query = select(store.passwords).where(store.passwords.c.subject == subject)
        return connection.execute(query).one_or_none()


def test_a_hash_is_put_found_replaced_and_removed(database: Database) -> None:
    with database.write() as tx:
        store.put(tx, "ada", "one", now=1)
        store.put(tx, "bob", "other", now=1)
        store.put(tx, "ada", "two", now=2)
        assert store.find(tx.connection, "ada") == "two"
        assert store.find(tx.connection, "ned") is None
        assert not store.replace_if(tx, "ada", old="one", new="three", now=3)
        assert store.replace_if(tx, "ada", old="two", new="three", now=3)
    assert tuple(_row(database)) == ("ada", "three", 3)
    with database.write() as tx:
        assert store.delete(tx, "ada")
        assert not store.delete(tx, "ada")
    assert _row(database) is None
    assert _row(database, "bob").hash == "other"


def test_a_hash_made_anew_is_no_change_of_password(database: Database) -> None:
    with database.write() as tx:
        store.put(tx, "ada", "old", now=1)
        assert not store.renew(tx, "ada", old="another", new="new")
        assert store.renew(tx, "ada", old="old", new="new")
    assert tuple(_row(database)) == ("ada", "new", 1)


@pytest.mark.asvs("V15.4.2")
def test_of_many_that_replace_one_hash_one_does(database: Database) -> None:
    with database.write() as tx:
        store.put(tx, "ada", "old", now=1)
    barrier = threading.Barrier(8)

    def replace(number: int) -> bool:
        barrier.wait()
        with database.write() as tx:
            return store.replace_if(tx, "ada", old="old", new=f"new {number}", now=2)

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(replace, range(8)))
    assert sum(won) == 1
    assert _row(database).hash == f"new {won.index(True)}"


@pytest.mark.attack("T1")
@pytest.mark.parametrize("subject", ["' OR '1'='1", '"; DROP TABLE ostiary_passwords', "%", "_", "\\"])
def test_a_subject_is_matched_literally(database: Database, subject: str) -> None:
    with database.write() as tx:
        store.put(tx, "ada", "one", now=1)
        assert store.find(tx.connection, subject) is None
        assert not store.delete(tx, subject)
        store.put(tx, subject, "two", now=1)
        assert store.find(tx.connection, subject) == "two"
    assert _row(database).hash == "one"
