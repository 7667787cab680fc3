"""Sizes on PostgreSQL: how many bytes a row takes with its indexes, of what grows with people and with time."""

from typing import Final

from sqlalchemy import Connection, text

from benchmarks import ours
from benchmarks.growth.databases import Fill, fill_table
from benchmarks.growth.fill import fill_accounts, fill_audit, fill_role_assignments, fill_sessions
from benchmarks.report import Table
from benchmarks.workplace import Workplace
from ostiary import Sessions
from ostiary.storage.database import Database

_TABLES: Final[dict[str, tuple[Fill, tuple[str, ...]]]] = {
    "a session": (fill_sessions, ("ostiary_sessions",)),
    "a row of the audit log": (fill_audit, ("ostiary_audit",)),
    "an account with an address and a password": (
        fill_accounts,
        ("ostiary_accounts", "ostiary_identifiers", "ostiary_passwords"),
    ),
    "a role assignment": (fill_role_assignments, ("ostiary_role_assignments",)),
}
# Of a table with its partitions and all indexes.
_ASKED: Final = (
    "SELECT pg_total_relation_size(CAST(:table AS regclass)) + coalesce("
    "(SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree(CAST(:table AS regclass)) WHERE isleaf AND level > 0), 0)"
)


def sizes(place: Workplace, server: str, rows: int) -> Table:
    """Fill, look, and the table."""
    app, _ = ours.application(place, "sizes", [Sessions()], place.database(server))
    runtime = app.extensions["ostiary"].runtime
    database: Database = runtime.resources[Database]
    written: list[dict[str, str]] = []
    for what, (fill, tables) in _TABLES.items():
        with database.read() as connection:
            empty = _bytes(connection, tables)
        fill_table(runtime, fill, rows)
        with database.read() as connection:
            full = _bytes(connection, tables)
        written.append({"what": what, "tables": ", ".join(tables), "bytes": f"{(full - empty) / rows:,.0f}"})
    about = f"With its indexes; of {rows:,} each, as they are when nothing was deleted yet."
    return Table(title="What a row takes on PostgreSQL", about=about, rows=written)


def _bytes(connection: Connection, tables: tuple[str, ...]) -> float:
    return sum(float(connection.execute(text(_ASKED), {"table": table}).scalar_one()) for table in tables)
