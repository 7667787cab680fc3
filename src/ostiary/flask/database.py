"""``Auth(database=…)``: a URL, an engine, a Flask-SQLAlchemy extension, or nothing, as a ``Database``."""

from typing import TYPE_CHECKING, Any

from flask import Flask

from ostiary.kernel.errors import misconfigured

if TYPE_CHECKING:
    from ostiary.storage.database import Database


def database_of(given: object, app: Flask, *, development: bool) -> "Database | None":
    """The database an application gave, or None when it gave none. Opens nothing."""
    if given is None:
        return None
    from ostiary.storage.database import Database  # SQLAlchemy only where a database is given

    known = Database.of(given, migrates_itself=development)
    if known is not None:
        return known
    extension: Any = given
    if hasattr(extension, "session") and hasattr(extension, "init_app"):
        return Database.from_engine(
            lambda: _engine_of(extension, app),
            open_session=lambda: extension.session() if extension.session.registry.has() else None,
            # PostgreSQL is brought up to date by `flask ostiary db upgrade` alone, also on a developer's machine.
            migrates_itself="sqlite" if development else False,
        )
    raise misconfigured(
        "not_a_database",
        f"Auth(database={type(given).__name__}) is no database",
        "give it a URL, a SQLAlchemy Engine, or your Flask-SQLAlchemy object",
    )


def _engine_of(extension: Any, app: Flask) -> Any:  # Flask-SQLAlchemy is not a dependency
    with app.app_context():
        return extension.engine
