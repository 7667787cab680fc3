"""A database that has just been made: nobody is in it, and nothing in it asks for a hint or a secret question."""

import re
from importlib import import_module
from pathlib import Path

import pytest
from sqlalchemy import MetaData, Table, func, select

import ostiary
from ostiary.kernel.feature import Feature
from ostiary.storage.database import Database
from ostiary.storage.migrations import VERSION_TABLE

PACKAGE = Path(ostiary.__file__).parent
KNOWLEDGE = re.compile(r"hint|question|mother|maiden|secret_answer|birthplace|first_pet", re.IGNORECASE)


@pytest.fixture
def tables(database: Database) -> dict[str, Table]:
    """Every table of ours, as the database has it."""
    found = MetaData()
    with database.read() as connection:
        found.reflect(connection)
    return {name: table for name, table in found.tables.items() if name.startswith("ostiary_")}


@pytest.mark.asvs("V6.3.2")
def test_there_are_no_accounts_to_begin_with(database: Database, tables: dict[str, Table]) -> None:
    with database.read() as connection:
        counted = {
            name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in tables.items()
            if name != VERSION_TABLE
        }
    assert len(counted) >= 4
    assert set(counted.values()) == {0}


@pytest.mark.asvs("V6.4.2")
@pytest.mark.must("63B-3.1.1.2-7/8")
def test_there_is_no_place_for_a_hint_or_a_secret_question(tables: dict[str, Table]) -> None:
    columns = {f"{name}.{column.name}" for name, table in tables.items() for column in table.columns}
    assert "ostiary_sessions.secret_hash" in columns
    assert not [name for name in columns if KNOWLEDGE.search(name)]


@pytest.mark.asvs("V6.4.2")
@pytest.mark.must("63B-3.1.1.2-7/8")
def test_no_setting_and_no_form_asks_for_one() -> None:
    for folder in (PACKAGE / "features").glob("*/__init__.py"):
        module = import_module(f"ostiary.features.{folder.parent.name}")
        for kind in (getattr(module, name) for name in module.__all__):
            if isinstance(kind, type) and issubclass(kind, Feature):
                assert not [name for name in kind.__dataclass_fields__ if KNOWLEDGE.search(name)]
    for page in (PACKAGE / "ui").rglob("*.html"):
        fields = re.findall(r"<(?:input|textarea|select)[^>]*name=\"([^\"]*)\"", page.read_text("utf-8"))
        assert not [name for name in fields if KNOWLEDGE.search(name)], page.name
