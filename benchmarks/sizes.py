"""``python -m benchmarks.sizes``: how many bytes a row takes with its indexes, for what grows with people and with time."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, text

from benchmarks import ours
from benchmarks.growth import fill_audit, fill_sessions
from benchmarks.workplace import open_workplace
from ostiary import Sessions

TABLE: Final = Path("benchmarks/results/sizes.table.json")
_ROWS: Final = 200_000
_TABLES: Final[tuple[tuple[str, Callable[[Connection, int, int, int], None]], ...]] = (
    ("ostiary_sessions", fill_sessions),
    ("ostiary_audit", fill_audit),
)


def _partitions(connection: Connection, table: str) -> float:
    """Bytes of a table of PostgreSQL with its partitions and all indexes."""
    asked = (
        "SELECT pg_total_relation_size(CAST(:table AS regclass)) + coalesce("
        "(SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree(CAST(:table AS regclass)) WHERE isleaf AND level > 0), 0)"
    )
    return float(connection.execute(text(asked), {"table": table}).scalar_one())


def main() -> None:
    """Fill, look, and write the table."""
    rows = []
    with open_workplace() as place:
        if place.postgresql is None:
            message = "sizes are those of PostgreSQL: set BENCH_POSTGRESQL_URL"
            raise SystemExit(message)
        app, _ = ours.application(place, "sizes", [Sessions()], place.database(place.postgresql))
        runtime = app.extensions["ostiary"].runtime
        now = runtime.clock.now()
        for table, fill in _TABLES:
            with runtime.database.read() as connection:
                empty = _partitions(connection, table)
            with runtime.database.write() as tx:
                fill(tx.connection, 1, _ROWS, now)
            with runtime.database.read() as connection:
                full = _partitions(connection, table)
            rows.append({"table": table, "bytes a row, with indexes": f"{(full - empty) / _ROWS:.0f}"})
            print(rows[-1])
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    TABLE.write_text(json.dumps({"title": "Size on PostgreSQL", "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
