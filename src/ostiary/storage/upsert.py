"""Upsert: ``INSERT … ON CONFLICT``, in the words of whichever database it is for."""

from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy import Table

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

    Upsert: TypeAlias = postgresql.Insert | sqlite.Insert


def upsert(table: Table, dialect: str) -> "Upsert":
    """An INSERT that can say what happens to a row that is there already; ``dialect`` is SQLAlchemy's name of it."""
    # Only the database that is used: SQLAlchemy's words for PostgreSQL take 25 ms to import.
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert

        return insert(table)
    from sqlalchemy.dialects.sqlite import insert as sqlite_insert

    return sqlite_insert(table)
