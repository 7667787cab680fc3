"""Pruning: removing what has expired, in batches small enough that nobody waits for them."""

from collections.abc import Callable, Iterable
from typing import TypeAlias

from sqlalchemy import Table, bindparam, delete, select, tuple_

from ostiary.kernel.clock import Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.storage.audit_partitions import extend_audit_partitions
from ostiary.storage.database import Database
from ostiary.storage.ephemeral.store import EphemeralStore

Progress: TypeAlias = Callable[[str, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiring:
    """A table whose rows may go once ``column`` (milliseconds since the epoch) is ``keep`` milliseconds past."""

    table: Table
    column: str
    keep: Millis = 0


def prune(
    database: Database,
    now: Millis,
    *,
    tables: Iterable[Expiring],
    ephemeral: EphemeralStore | None = None,
    batch: int = 1000,
    progress: Progress | None = None,
) -> dict[str, int]:
    """Remove expired rows; the answer is how many of each table.

    Each batch is a transaction of its own; ``progress(table, removed so far)`` is told after each. On
    PostgreSQL the audit partitions of the coming months are made as well. Raises ``Unavailable``.
    """
    removed: dict[str, int] = {}
    for expiring in tables:
        removed[expiring.table.name] = _prune_table(database, expiring, now, batch, progress)
    if ephemeral is not None:
        count = removed["ostiary_ephemeral"] = ephemeral.prune(now=now, batch=batch)
        if progress is not None and count:
            progress("ostiary_ephemeral", count)
    if database.dialect == "postgresql":
        with database.write() as tx:
            extend_audit_partitions(tx.connection, now)
    return removed


def _prune_table(database: Database, expiring: Expiring, now: Millis, batch: int, progress: Progress | None) -> int:
    table, column = expiring.table, expiring.table.c[expiring.column]
    expired = column <= bindparam("before")
    # By primary key: on a partitioned table the place of a row (ctid) is not unique. Rows that somebody holds are
    # left for the next time.
    some = select(*table.primary_key.columns).where(expired).limit(batch).with_for_update(skip_locked=True)
    statement = delete(table).where(tuple_(*table.primary_key.columns).in_(some), expired)
    total = 0
    while True:
        with database.write() as tx:
            count = tx.execute(statement, {"before": now - expiring.keep}).rowcount
        total += count
        if progress is not None and count:
            progress(table.name, total)
        if count < batch:
            return total
