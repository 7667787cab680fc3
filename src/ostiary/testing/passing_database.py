"""A passing database: an SQLite file of a test's own, there in a millisecond, and gone afterwards.

Migrating an empty file takes a tenth of a second. So one file is migrated in each process, at its first test, and
every test begins with a copy of it.
"""

import atexit
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from ostiary.storage.database import Database

_FILE = "ostiary.sqlite3"


@contextmanager
def passing_database() -> Generator[Database]:
    """A fresh, migrated database; its file goes with the end of the block."""
    with tempfile.TemporaryDirectory(prefix="ostiary-test-", ignore_cleanup_errors=True) as folder:
        file = Path(folder) / _FILE
        shutil.copyfile(_template(), file)
        database = Database.embedded(file)
        try:
            yield database
        finally:
            database.close()


@cache
def _template() -> Path:
    """The file that is copied, made at its first use in this process and removed at its end."""
    folder = tempfile.mkdtemp(prefix="ostiary-test-template-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    file = Path(folder) / _FILE
    database = Database.embedded(file)
    database.engine()
    # With its last connection SQLite writes the log back: what is copied is the whole database.
    database.close()
    return file
