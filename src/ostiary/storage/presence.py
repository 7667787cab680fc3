"""Whether there is a database: asked without importing what only a database needs."""

import sys
from typing import TYPE_CHECKING

from ostiary.kernel.resources import Resources

if TYPE_CHECKING:
    from ostiary.storage.database import Database


def find_database(resources: Resources) -> "Database | None":
    """The database of an application that has one. Where nothing is stored, SQLAlchemy is not imported by asking."""
    # Whoever makes a database imports its module: where nobody has, there is none.
    if "ostiary.storage.database" not in sys.modules:
        return None
    from ostiary.storage.database import Database

    return resources.find(Database)
