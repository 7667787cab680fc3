"""What a command works on: an application, or only the database that the environment names."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.errors import misconfigured
from ostiary.kernel.settings import Sources, Unreadable
from ostiary.runtime.assembly import every_feature

if TYPE_CHECKING:
    from ostiary.kernel.decision import Decision
    from ostiary.kernel.feature import Feature
    from ostiary.kernel.principal import Principal
    from ostiary.runtime.advice import Examination
    from ostiary.runtime.mail_delivery import MailDelivery
    from ostiary.runtime.runtime import Runtime
    from ostiary.storage.database import Database


class Decisions(Protocol):
    """The policies of an application, for an operator."""

    def about(self, principal: "Principal", action: str, resource: str, *, network: str | None) -> "Decision":
        """The decision about what ``article:42`` names, with every ground. Raises ``ValidationFailed`` for what is not there."""
        ...

    def matrix_as_json(self) -> dict[str, Any]:
        """Every rule there is, ready for JSON."""
        ...

    def matrix_lines(self) -> Iterable[str]:
        """Every rule there is, for people."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """What a command works on. Without an application, what belongs to one is None.

    ``sources``       where settings stand
    ``examine``       what is wrong, and what could be better; given True, as production would see it
    ``find_runtime``  the application, ready to serve
    ``templates``     the folder of the application's own templates
    ``decisions``     its policies
    ``key_folder``    where the secret key is kept that nobody set; None in production
    """

    find_database: "Callable[[], Database]"
    sources: Sources
    features: "tuple[Feature, ...]" = ()
    examine: "Callable[[bool], Examination] | None" = None
    find_runtime: "Callable[[], Runtime] | None" = None
    mail: "Callable[[], MailDelivery] | None" = None
    templates: Path | None = None
    decisions: "Callable[[], Decisions] | None" = None
    key_folder: Path | None = None

    @property
    def database(self) -> "Database":
        """The database. Raises ``ConfigurationError`` where there is none."""
        return self.find_database()

    @property
    def runtime(self) -> "Runtime":
        """The application, ready to serve. Ends the command with the cure where there is none."""
        if self.find_runtime is None:
            raise no_application()
        return self.find_runtime()


def no_application() -> click.ClickException:
    """The refusal of a command that works for an application, where there is only a database."""
    words = " ".join(click.get_current_context().command_path.split()[1:])
    return click.ClickException(
        f"This is about an application, not only its database:\n"
        f"    -> run `flask ostiary {words} …`, or `ostiary --app MODULE:APP {words} …`"
    )


def operator_of_environment(url: str | None) -> Operator:
    """The operator of ``ostiary --database URL …`` or of ``OSTIARY_DATABASE_URL``."""
    sources = Sources(config={}, environment=os.environ)

    def find() -> "Database":
        from ostiary.storage.database import Database  # SQLAlchemy only when a command needs it

        try:
            found = url or (sources.find("DATABASE_URL") or ("", None))[1]
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

    return Operator(find_database=find, sources=sources, features=every_feature())
