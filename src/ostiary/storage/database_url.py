"""Database URLs: which databases Ostiary can use, and what to write instead of those it cannot."""

from pathlib import Path
from typing import Final, Literal, TypeAlias

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.errors import misconfigured

DialectName: TypeAlias = Literal["sqlite", "postgresql"]

_CURE: Final = "write sqlite:////absolute/path/to/file.sqlite3 or postgresql://user:password@host/name"
# The drivers whose connections our guard can read from. Both are synchronous.
_POSTGRESQL_DRIVERS: Final = ("psycopg", "psycopg2")


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseUrl:
    """A database that can be used. ``file`` is the absolute path of an SQLite file, None on PostgreSQL."""

    url: URL
    dialect: DialectName
    file: Path | None

    def names_same_database(self, other: "DatabaseUrl") -> bool:
        """Whether both lead to one database, whoever signs in to it."""
        if self.file is not None or other.file is not None:
            return self.file == other.file
        return _server(self.url) == _server(other.url)


def parse_database_url(given: str | URL) -> DatabaseUrl:
    """Read a database URL: ``sqlite:///…``, ``postgresql://…`` or ``postgres://…``.

    Raises ``ConfigurationError`` with the cure for everything else: another database, an asynchronous
    driver, an SQLite database in memory. The message never shows the URL, which may hold a password.
    """
    try:
        # Platforms hand out `postgres://`, which SQLAlchemy no longer knows.
        url = make_url("postgresql" + given[8:] if isinstance(given, str) and given[:11] == "postgres://" else given)
    except (ArgumentError, ValueError):
        raise misconfigured("database_url_unreadable", "the database URL cannot be read", _CURE) from None
    backend, _, driver = url.drivername.partition("+")
    if backend == "sqlite":
        return sqlite_file(_path_of(url))
    if backend == "postgresql":
        if driver and driver not in _POSTGRESQL_DRIVERS:
            what = f"the database driver {driver} cannot be used here"
            raise misconfigured("database_driver_unsupported", what, "write postgresql+psycopg:// (psycopg 3)")
        url = url if driver else url.set(drivername="postgresql+psycopg")
        return DatabaseUrl(url=url, dialect="postgresql", file=None)
    raise misconfigured("database_unsupported", f"databases of the kind {backend} cannot be used", _CURE)


def sqlite_file(path: Path) -> DatabaseUrl:
    """The database in an SQLite file, whatever characters its path has."""
    file = path.resolve()
    return DatabaseUrl(url=URL.create("sqlite+pysqlite", database=str(file)), dialect="sqlite", file=file)


def _path_of(url: URL) -> Path:
    database = url.database or ""
    in_memory = (
        database in ("", ":memory:") or database.startswith("file::memory:") or url.query.get("mode") == "memory"
    )
    if in_memory or (database.startswith("file:") and "mode=memory" in database):
        raise misconfigured(
            "database_in_memory",
            "an SQLite database in memory belongs to one connection, and Ostiary needs connections of its own",
            "use a file, such as sqlite:////tmp/app.sqlite3 (in tests: a file in a temporary directory)",
        )
    if database.startswith("file:"):
        database = database[5:].split("?", 1)[0]
    return Path(database)


def _server(url: URL) -> tuple[object, ...]:
    # RFC 3986 leaves host and port to a default; libpq also takes them from the query.
    host = url.host or url.query.get("host") or "localhost"
    port = url.port or int(str(url.query.get("port") or 5432))
    return (host, port, url.database or url.query.get("dbname") or url.username)
