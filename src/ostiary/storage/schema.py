"""Schema version: is the database up to date, bring it up to date, or say which command does.

An embedded file migrates itself at its first use. A database that was given is migrated by its
operator, with ``ostiary db upgrade`` or ``flask ostiary db upgrade``. Alembic is imported only when
something is to be migrated.
"""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Engine, text

from ostiary.kernel.clock import SystemClock
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.errors import ConfigurationError, misconfigured
from ostiary.storage.audit_partitions import extend_audit_partitions
from ostiary.storage.database import Database
from ostiary.storage.engines import WRITES
from ostiary.storage.file_lock import file_lock
from ostiary.storage.migrations import HEAD, TABLES, VERSION_TABLE

if TYPE_CHECKING:
    from alembic.config import Config

UPGRADE_COMMAND: Final = "`ostiary db upgrade` (or `flask ostiary db upgrade`)"

# Any constant will do, as long as nobody else takes this lock of PostgreSQL: "ostiary" in ASCII.
_ADVISORY_LOCK: Final = int.from_bytes(b"ostiary", "big")


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaStatus:
    """``current`` is the revision of the database (None: empty), ``head`` the newest; ``pending`` what is to be done.

    ``damage`` says in a sentence why an upgrade would not help, or is None.
    """

    current: str | None
    head: str
    pending: tuple[str, ...]
    damage: str | None


def status(database: Database) -> SchemaStatus:
    """Where the schema of a database stands."""
    with database.engine_as_it_is().connect() as connection:
        return _status(connection)


def is_current(engine: Engine) -> bool:
    """Whether every table of the newest revision is there, and nothing but it."""
    with engine.connect() as connection:
        revisions, tables = _found(connection)
    return revisions == [HEAD] and tables >= TABLES


def require_current(database: Database) -> None:
    """Raise ``ConfigurationError``, naming the command to run, unless the schema is up to date."""
    found = status(database)
    if found.damage is not None:
        raise _damaged(found.damage)
    if found.pending:
        where = "is empty" if found.current is None else f"is at revision {found.current}, not at {found.head}"
        raise misconfigured("schema_not_current", f"the schema of the database {where}", f"run {UPGRADE_COMMAND}")


def upgrade(database: Database) -> SchemaStatus:
    """Bring the schema up to date, once, however many ask at the same time; the answer is the status before.

    All of it is one transaction. Raises ``ConfigurationError`` if the database is not at a revision we know.
    """
    engine = database.engine_as_it_is()
    file = database.file
    with (
        nullcontext() if file is None else file_lock(file),
        engine.connect().execution_options(**{WRITES: True}) as connection,
        connection.begin(),
    ):
        if file is None:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ADVISORY_LOCK})
        before = _status(connection)
        if before.damage is not None:
            raise _damaged(before.damage)
        if before.pending:
            _run_migrations(connection)
        extend_audit_partitions(connection, SystemClock().now())
    return before


def _run_migrations(connection: Connection) -> None:
    # Here, because it costs a fifth of a second and is rarely needed.
    from alembic import command

    config = _alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _alembic_config() -> "Config":
    from alembic.config import Config

    config = Config()
    # configparser would read a % in the path as the beginning of a reference.
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    return config


def _status(connection: Connection) -> SchemaStatus:
    revisions, tables = _found(connection)
    current = revisions[0] if revisions else None
    if current == HEAD and len(revisions) == 1:
        missing = sorted(TABLES - tables)
        damage = f"the database says it is up to date, but lacks {', '.join(missing)}" if missing else None
        return SchemaStatus(current=current, head=HEAD, pending=(), damage=damage)
    pending, damage = _pending(revisions, tables)
    return SchemaStatus(current=current, head=HEAD, pending=pending, damage=damage)


def _pending(revisions: list[str], tables: frozenset[str]) -> tuple[tuple[str, ...], str | None]:
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(_alembic_config())
    history = [revision.revision for revision in script.walk_revisions()][::-1]
    if len(revisions) > 1:
        return (), f"the database says it is at {len(revisions)} revisions at once: {', '.join(sorted(revisions))}"
    if not revisions:
        half = sorted(tables - {VERSION_TABLE})
        if half:
            return (), f"the database has {', '.join(half)}, but does not say at which revision it is"
        return tuple(history), None
    if revisions[0] not in history:
        return (), f"the database is at revision {revisions[0]}, which this version of Ostiary does not know"
    return tuple(history[history.index(revisions[0]) + 1 :]), None


def _found(connection: Connection) -> tuple[list[str], frozenset[str]]:
    """The revisions the database says it is at, and the names of our tables in it."""
    if connection.dialect.name == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'ostiary%'"
    else:
        # What the search path shows, as our statements will see it.
        query = (
            "SELECT relname FROM pg_class WHERE relname LIKE 'ostiary%' AND relkind IN ('r', 'p') "
            "AND pg_table_is_visible(oid)"
        )
    ours = (*TABLES, VERSION_TABLE)
    tables = frozenset(name for (name,) in connection.execute(text(query)) if name in ours)
    if VERSION_TABLE not in tables:
        return [], tables
    revisions = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608 - a constant
    return [revision for (revision,) in revisions], tables


def _damaged(damage: str) -> ConfigurationError:
    return misconfigured(
        "schema_damaged",
        damage,
        "install the version of Ostiary that migrated it, or restore the database from a backup",
    )
