"""Partitions of the audit table on PostgreSQL: one a month, made ahead, so that old months can be dropped as a whole.

Ids begin with their time, so a month is a range of ids. SQLite has no partitions, and needs none.
"""

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, text

from ostiary.kernel.clock import Millis
from ostiary.kernel.identifiers import first_id_at

# This month and the two after it: whoever prunes at least every other month never writes to the default partition.
MONTHS_AHEAD: Final = 2


def months_from(now: Millis, ahead: int = MONTHS_AHEAD) -> list[tuple[str, Millis, Millis]]:
    """The present month and those ahead: (``"2025_01"``, its first millisecond, the first of the next month), UTC."""
    moment = datetime.fromtimestamp(now / 1000, UTC)
    count = moment.year * 12 + moment.month - 1
    return [
        (f"{month // 12:04}_{month % 12 + 1:02}", _first_of(month), _first_of(month + 1))
        for month in range(count, count + ahead + 1)
    ]


def extend_audit_partitions(connection: Connection, now: Millis) -> int:
    """Make the partitions that are missing, within the caller's transaction; the answer is how many were made.

    Rows that are in the default partition already move to the new one.
    """
    if connection.dialect.name != "postgresql":
        return 0
    made = 0
    for month, begins, ends in months_from(now):
        name = f"ostiary_audit_{month}"
        if connection.execute(text("SELECT to_regclass(:name)"), {"name": name}).scalar_one() is None:
            _make_partition(connection, name, first_id_at(begins), first_id_at(ends))
            made += 1
    return made


def _make_partition(connection: Connection, name: str, first: str, end: str) -> None:
    # A partition cannot be created over rows that the default one holds; filled first, it can be attached. The bounds
    # are identifiers of ours, 26 letters and digits: DDL takes no parameters.
    within = f"id >= '{first}' AND id < '{end}'"
    for statement in (
        "LOCK TABLE ostiary_audit_default IN SHARE ROW EXCLUSIVE MODE",
        f"CREATE TABLE {name} (LIKE ostiary_audit INCLUDING ALL)",
        f"INSERT INTO {name} SELECT * FROM ostiary_audit_default WHERE {within}",  # noqa: S608 - see above
        f"DELETE FROM ostiary_audit_default WHERE {within}",  # noqa: S608 - see above
        f"ALTER TABLE ostiary_audit ATTACH PARTITION {name} FOR VALUES FROM ('{first}') TO ('{end}')",
    ):
        connection.exec_driver_sql(statement)


def _first_of(month: int) -> Millis:
    return int(datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp()) * 1000
