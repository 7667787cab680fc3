"""Database URLs: which can be used, and what is said of the others."""

from pathlib import Path

import pytest

from ostiary.kernel.errors import ConfigurationError
from ostiary.storage.database_url import parse_database_url, sqlite_file


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_is_read_with_psycopg_3_however_it_is_spelt(scheme: str) -> None:
    found = parse_database_url(f"{scheme}://me:pw@host/app")
    assert (found.dialect, found.url.drivername, found.url.password) == ("postgresql", "postgresql+psycopg", "pw")


def test_psycopg_2_is_kept_where_it_is_asked_for() -> None:
    assert parse_database_url("postgresql+psycopg2://host/app").url.drivername == "postgresql+psycopg2"


def test_an_sqlite_url_is_an_absolute_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert parse_database_url("sqlite:///app.db").file == tmp_path.resolve() / "app.db"
    assert parse_database_url("sqlite:///file:app.db?uri=true").file == tmp_path.resolve() / "app.db"


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file::memory:?cache=shared&uri=true",
        "sqlite:///file:x?mode=memory&uri=true",
    ],
)
def test_a_database_in_memory_is_refused_with_the_cure(url: str) -> None:
    with pytest.raises(ConfigurationError, match="use a file") as refused:
        parse_database_url(url)
    assert refused.value.problems[0].code == "database_in_memory"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("mysql://me:hunter2@host/app", "database_unsupported"),
        ("postgresql+asyncpg://me:hunter2@host/app", "database_driver_unsupported"),
        ("hunter2", "database_url_unreadable"),
        ("postgresql://me:hunter2@host:port/app", "database_url_unreadable"),
    ],
)
@pytest.mark.asvs("V16.2.5")
def test_what_cannot_be_used_is_refused_without_showing_the_password(url: str, code: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse_database_url(url)
    assert refused.value.problems[0].code == code
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_the_same_database_is_known_by_place_and_not_by_user() -> None:
    one = parse_database_url("postgresql://a:x@localhost:5432/app")
    assert one.names_same_database(parse_database_url("postgresql+psycopg2://b@localhost/app"))
    assert not one.names_same_database(parse_database_url("postgresql://a:x@localhost/other"))
    assert not one.names_same_database(sqlite_file(Path("app.db")))


def test_a_path_with_every_odd_character_is_one_file(tmp_path: Path) -> None:
    odd = tmp_path / "50% off?#a b&c.sqlite3"
    assert sqlite_file(odd).file == odd.resolve()
