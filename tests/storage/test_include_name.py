"""The application's Alembic leaves Ostiary's tables alone."""

import pytest

from ostiary.storage import include_name


@pytest.mark.parametrize("name", ["ostiary_sessions", "ostiary_alembic_version", "ostiary_audit_2025_01"])
def test_ostiarys_tables_are_hidden_from_the_applications_migrations(name: str) -> None:
    assert not include_name(name, "table", {"schema_name": None})


@pytest.mark.parametrize(("name", "type_"), [("orders", "table"), (None, "schema"), ("ostiary_hint", "column")])
def test_everything_else_stays_visible(name: str | None, type_: str) -> None:
    assert include_name(name, type_, {})
