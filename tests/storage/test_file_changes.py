"""Changes of a file: every commit of anybody is noticed once, whoever asks."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from ostiary.storage.database import Database
from ostiary.storage.file_changes import FileChanges
from ostiary.storage.guard_reads import GuardReads


class _Asked(FileChanges):
    """It, and the mark that was answered last."""

    last: object = None

    def since_last_asked(self) -> bool:
        before, self.last = self.last, self.mark()
        return self.last is not before


@pytest.fixture
def database(sqlite_url):
    made = Database.from_url(sqlite_url, migrates_itself=True)
    made.engine()
    yield made
    made.close()


@pytest.fixture
def reads(database):
    made = GuardReads(database)
    yield made
    made.close()


@pytest.fixture
def elsewhere(database):
    connection = sqlite3.connect(database.file, isolation_level=None)
    connection.execute("CREATE TABLE elsewhere (number INTEGER)")
    yield connection
    connection.close()


def test_every_commit_is_noticed_once(reads, elsewhere) -> None:
    changes = _Asked(reads)
    assert changes.since_last_asked(), "nobody knows what was before the first question"
    assert not changes.since_last_asked()
    for number in range(3):
        elsewhere.execute("INSERT INTO elsewhere VALUES (?)", (number,))
        assert changes.since_last_asked()
        assert not changes.since_last_asked()


def test_what_is_not_committed_is_no_change(reads, elsewhere) -> None:
    changes = _Asked(reads)
    changes.since_last_asked()
    elsewhere.execute("BEGIN IMMEDIATE")
    elsewhere.execute("INSERT INTO elsewhere VALUES (1)")
    assert not changes.since_last_asked()
    elsewhere.execute("ROLLBACK")
    assert not changes.since_last_asked()


def test_threads_that_ask_at_once_miss_nothing(reads, elsewhere) -> None:
    changes = _Asked(reads)
    with ThreadPoolExecutor(8) as threads:
        for number in range(50):
            list(threads.map(lambda _: changes.since_last_asked(), range(8)))
            elsewhere.execute("INSERT INTO elsewhere VALUES (?)", (number,))
            assert threads.submit(changes.since_last_asked).result()


def test_a_connection_that_broke_counts_as_a_change(reads, elsewhere) -> None:
    changes = _Asked(reads)
    changes.since_last_asked()
    reads.close()
    assert changes.since_last_asked()
    assert changes.since_last_asked()
    assert not changes.since_last_asked()


def test_a_fork_asks_on_a_connection_of_its_own(reads, monkeypatch) -> None:
    changes = _Asked(reads)
    changes.since_last_asked()
    (entry,) = changes._stash
    monkeypatch.setattr("ostiary.storage.file_changes.os.getpid", lambda: -1)
    assert changes.since_last_asked()
    assert entry not in changes._stash
