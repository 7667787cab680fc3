"""The second SQLite file: it makes itself, and makes itself anew."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ostiary.kernel.errors import Unavailable
from ostiary.storage.database import Database
from ostiary.storage.ephemeral.sql import SqlEphemeralStore, ephemeral_file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ostiary-ephemeral.sqlite3"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlEphemeralStore]:
    made = SqlEphemeralStore(Database.embedded(tmp_path / "ostiary.sqlite3"))
    yield made
    made.close()


def test_it_lies_beside_the_database() -> None:
    assert ephemeral_file(Path("/x/app.db")) == Path("/x/app-ephemeral.sqlite3")


def test_it_is_made_at_first_use_for_its_owner_only_and_without_the_database(
    store: SqlEphemeralStore, file: Path, tmp_path: Path
) -> None:
    assert not file.exists()
    store.put("k", b"1", expires_at=2, now=1)
    assert file.stat().st_mode & 0o077 == 0
    assert not (tmp_path / "ostiary.sqlite3").exists()


def test_it_is_made_anew_when_somebody_removed_it(store: SqlEphemeralStore, file: Path, tmp_path: Path) -> None:
    store.put("k", b"1", expires_at=2, now=1)
    for path in tmp_path.iterdir():
        path.unlink()
    assert store.add("k", b"2", expires_at=2, now=1)
    other = SqlEphemeralStore(Database.embedded(tmp_path / "ostiary.sqlite3"))
    assert other.get("k", now=1) == b"2"
    other.close()


def test_it_is_made_anew_when_it_cannot_be_read(store: SqlEphemeralStore, file: Path) -> None:
    file.write_bytes(b"this is no database at all" * 500)
    store.put("k", b"1", expires_at=2, now=1)
    assert store.get("k", now=1) == b"1"


def test_damage_under_way_is_unavailable_once_and_then_mended(store: SqlEphemeralStore, file: Path) -> None:
    for number in range(200):
        store.put(f"k{number}", b"x" * 100, expires_at=2, now=1)
    store.close()
    whole = file.read_bytes()
    # The first page, which says what the file is, stays good.
    file.write_bytes(whole[:4096] + b"\xa5" * (len(whole) - 4096))
    with pytest.raises(Unavailable):
        for number in range(200):
            store.get(f"k{number}", now=1)
    store.put("k", b"1", expires_at=2, now=1)
    assert store.get("k", now=1) == b"1"


def test_eight_processes_that_come_first_make_one_file(tmp_path: Path, race: Callable[..., list[Any]]) -> None:
    source = """
from ostiary.storage.database import Database
from ostiary.storage.ephemeral.sql import SqlEphemeralStore
def child(number, file):
    return SqlEphemeralStore(Database.embedded(file)).count("k", expires_at=2, now=1)
"""
    assert sorted(race(source, 8, str(tmp_path / "ostiary.sqlite3"))) == [1, 2, 3, 4, 5, 6, 7, 8]


@pytest.mark.attack("K13")
def test_what_has_expired_is_tidied_away_while_the_store_is_used(store: SqlEphemeralStore) -> None:
    for number in range(600):
        store.add(f"k{number}", b"", expires_at=number + 1, now=number)
    assert store.prune(now=10_000) < 300
