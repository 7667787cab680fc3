"""The schema: it migrates itself once, or names the command; damage is told and never migrated over."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import BigInteger, LargeBinary, Text, inspect, text

from ostiary.features.audit_log.store import audit
from ostiary.features.sessions.store import sessions
from ostiary.kernel.errors import ConfigurationError
from ostiary.storage import migrations, schema
from ostiary.storage.database import Database
from ostiary.storage.ephemeral.statements import ephemeral
from ostiary.storage.subjects import subjects


@pytest.fixture
def given(database_url: str) -> Database:
    """A database that was given: its operator migrates it."""
    return Database.from_url(database_url)


def _execute(database: Database, *statements: str) -> None:
    with database.engine_as_it_is().begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_the_constants_say_what_the_history_says(database: Database) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_heads() == [migrations.HEAD]
    tables = inspect(database.engine()).get_table_names()
    ours = {name for name in tables if not name.startswith("ostiary_audit_")}
    assert ours == migrations.TABLES | {migrations.VERSION_TABLE}


def test_the_tables_have_the_columns_the_features_write(database: Database) -> None:
    for table in (subjects, sessions, audit, ephemeral):
        found = {column["name"]: column for column in inspect(database.engine()).get_columns(table.name)}
        assert set(found) == set(table.columns.keys())
        for column in table.columns:
            stored = str(found[column.name]["type"]).split()[0]
            assert (
                stored in {Text: ("TEXT",), BigInteger: ("BIGINT",), LargeBinary: ("BLOB", "BYTEA")}[type(column.type)]
            )
            assert found[column.name]["nullable"] == column.nullable, column


def test_when_a_session_was_seen_is_not_indexed(database: Database) -> None:
    indexes = inspect(database.engine()).get_indexes("ostiary_sessions")
    assert sorted(index["column_names"] for index in indexes) == [["ends_at"], ["subject"]]


def test_ids_sort_as_bytes_on_postgresql(postgresql_url: str) -> None:
    database = Database.from_url(postgresql_url, migrates_itself=True)
    with database.read() as connection:
        query = "SELECT attcollation::regcollation::text FROM pg_attribute WHERE attrelid = 'ostiary_sessions'::regclass AND attname = 'id'"
        assert connection.execute(text(query)).scalar_one() == '"C"'
        unlogged = "SELECT relpersistence FROM pg_class WHERE oid = 'ostiary_ephemeral'::regclass"
        assert connection.execute(text(unlogged)).scalar_one() == "u"
    database.close()


def test_building_a_database_opens_nothing(tmp_path: Path) -> None:
    database = Database.embedded(tmp_path / "deep" / "ostiary.sqlite3")
    assert database.dialect == "sqlite"
    assert list(tmp_path.iterdir()) == []
    unreachable = Database.from_url("postgresql://nobody@127.0.0.1:1/none")
    assert unreachable.dialect == "postgresql"


def test_the_embedded_file_is_made_at_first_use_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "ostiary.sqlite3"
    database = Database.embedded(file)
    with database.read():
        pass
    assert all(path.stat().st_mode & 0o077 == 0 for path in file.parent.iterdir())
    database.close()


def test_a_given_database_is_not_migrated_and_the_command_is_named(given: Database) -> None:
    with pytest.raises(ConfigurationError, match="flask ostiary db upgrade") as refused, given.read():
        pass
    assert refused.value.problems[0].code == "schema_not_current"
    assert inspect(given.engine_as_it_is()).get_table_names() == []
    given.close()


def test_upgrading_brings_a_given_database_up_to_date_and_may_be_repeated(given: Database) -> None:
    assert schema.upgrade(given).current is None
    assert schema.status(given) == schema.SchemaStatus(
        current=migrations.HEAD, head=migrations.HEAD, pending=(), damage=None
    )
    assert schema.upgrade(given).pending == ()
    with given.read():
        pass
    given.close()


@pytest.mark.attack("X6")
@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (["DROP TABLE ostiary_sessions"], "lacks ostiary_sessions"),
        (["UPDATE ostiary_alembic_version SET version_num = '9999'"], "9999, which this version"),
        (["DELETE FROM ostiary_alembic_version"], "does not say at which revision"),
        (["DROP TABLE ostiary_alembic_version"], "does not say at which revision"),
        (["INSERT INTO ostiary_alembic_version VALUES ('0001')"], "2 revisions at once: 0001, 0005"),
    ],
)
def test_a_half_migrated_database_is_told_and_left_alone(database_url: str, statements: list[str], said: str) -> None:
    first = Database.from_url(database_url)
    schema.upgrade(first)
    _execute(first, *statements)
    first.close()
    for migrates_itself in (False, True):
        database = Database.from_url(database_url, migrates_itself=migrates_itself)
        with pytest.raises(ConfigurationError, match=said) as refused, database.read():
            pass
        assert refused.value.problems[0].code == "schema_damaged"
        database.close()


@pytest.mark.attack("S27")
def test_a_migration_that_fails_leaves_nothing(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        message = "power cut"
        raise RuntimeError(message)

    database = Database.from_url(database_url, migrates_itself=True)
    monkeypatch.setattr(schema, "extend_audit_partitions", fail)
    with pytest.raises(RuntimeError, match="power cut"), database.read():
        pass
    assert inspect(database.engine_as_it_is()).get_table_names() == []
    monkeypatch.undo()
    with database.read():
        pass
    database.close()


def test_eight_processes_that_come_first_at_once_migrate_once(
    tmp_path: Path, database_url: str, race: Callable[..., list[Any]]
) -> None:
    source = """
from ostiary.storage.database import Database
from ostiary.storage.subjects import raise_epoch
def child(number, url):
    with Database.from_url(url, migrates_itself=True).write() as tx:
        return raise_epoch(tx, "ada", now=0)
"""
    assert sorted(race(source, 8, database_url)) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_schema_that_is_up_to_date_costs_no_alembic(tmp_path: Path) -> None:
    file = tmp_path / "ostiary.sqlite3"
    database = Database.embedded(file)
    with database.read():
        pass
    database.close()
    source = (
        "import sys; from ostiary.storage.database import Database; d = Database.embedded(sys.argv[1])\n"
        "with d.read(): pass\n"
        "assert 'alembic' not in sys.modules and 'flask' not in sys.modules and 'werkzeug' not in sys.modules"
    )
    environment = {"PYTHONPATH": ":".join(sys.path)}
    subprocess.run([sys.executable, "-c", source, str(file)], check=True, env=environment)
