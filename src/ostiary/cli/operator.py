"""What a command works on: the database of an application, or the one that the environment names."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from ostiary.kernel.errors import ConfigurationError, misconfigured
from ostiary.kernel.settings import Sources, Unreadable
from ostiary.runtime.assembly import every_feature

if TYPE_CHECKING:
    from ostiary.features.sessions.end import SessionActions
    from ostiary.features.sign_in import SignInActions
    from ostiary.kernel.errors import Problem
    from ostiary.kernel.feature import Feature
    from ostiary.storage.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """The application a command works for: its database, its features, and what is wrong with it.

    ``check`` answers every problem of a start in production; without an application there is none to check.
    """

    find_database: "Callable[[], Database]"
    features: "tuple[Feature, ...]" = ()
    check: "Callable[[], list[Problem]] | None" = None
    sessions: "Callable[[], SessionActions] | None" = None
    sign_in: "Callable[[], SignInActions] | None" = None

    @property
    def database(self) -> "Database":
        """The database; every problem of finding it is told as it should be, without a traceback."""
        try:
            return self.find_database()
        except ConfigurationError as error:
            raise click.ClickException(str(error)) from error


def operator_of_environment(url: str | None) -> Operator:
    """The operator of ``ostiary --database URL …`` or of ``OSTIARY_DATABASE_URL``."""

    def find() -> "Database":
        from ostiary.storage.database import Database  # SQLAlchemy only when a command needs it

        try:
            found = url or (Sources(config={}, environment=os.environ).find("DATABASE_URL") or ("", None))[1]
        except Unreadable as error:
            raise misconfigured("unreadable_setting", "OSTIARY_DATABASE_URL cannot be read", str(error)) from error
        if not found:
            raise misconfigured(
                "no_database_url",
                "which database is not said",
                "set OSTIARY_DATABASE_URL, pass --database, or run it inside the application: flask ostiary …",
            )
        database = Database.from_url(str(found))
        click.get_current_context().find_root().call_on_close(database.close)
        return database

    return Operator(find_database=find, features=every_feature())
