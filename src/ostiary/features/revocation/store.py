"""Reading the log of revocations: on a connection that is kept, and only when there may be something new.

SQLite says whether anybody, in any process, has committed since this connection last looked
(``PRAGMA data_version``): two microseconds, and no row is read. PostgreSQL is asked for the rows.
"""

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from ostiary.kernel.clock import Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.storage.database import Database
from ostiary.storage.failures import unavailable_on_failure
from ostiary.storage.guard_reads import CompiledRead, GuardReads
from ostiary.storage.revocations import is_quiet, read_newest, read_since

Row: TypeAlias = tuple[int, str, str, int, Millis]
"""Number, kind, key, value, expiry."""

_DATA_VERSION: Final = "PRAGMA data_version"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far the log was read.

    ``newest`` is the highest number seen. Up to ``settled`` nothing can appear any more; above it, transactions that
    were under way may still commit lower numbers than ``newest``, so everything above it is read again.
    """

    newest: int
    settled: int


class LogReader:
    """One process's reader of the log. Used by one thread at a time; opens nothing until it is used."""

    __slots__ = ("_cursor", "_newest", "_quiet", "_reads", "_since", "_version")

    def __init__(self, database: Database, reads: GuardReads) -> None:
        self._reads = reads
        self._newest, self._since = reads.compile(read_newest()), reads.compile(read_since())
        # None on SQLite, where there is nothing to ask: see `_read_file`.
        self._quiet = None if database.dialect == "sqlite" else reads.compile(is_quiet())
        self._cursor: Any = None
        self._version: int | None = None

    def has_changed(self) -> bool:
        """SQLite: whether anything was committed since ``read`` began the last time; also true if it cannot be said."""
        if self._cursor is None:
            return True
        try:
            self._cursor.execute(_DATA_VERSION)
            version: int = self._cursor.fetchone()[0]
        except Exception:  # noqa: BLE001 - `read` finds out what is wrong, on a fresh connection
            self._drop()
            return True
        return version != self._version

    def read(self, position: Position | None, *, before: Millis) -> tuple[Position, Sequence[Row]]:
        """What came after a position (None: everything), except for what ended ``before``, and the new position.

        Raises ``Unavailable``.
        """
        if self._cursor is not None:
            try:
                return self._read(position, before)
            except Exception:  # noqa: BLE001 - a server that restarted took the connection along: a fresh one tells
                self._drop()
            except BaseException:
                # Interrupted in the middle of an answer, which the next question would take for its own.
                self._drop()
                raise
        self._cursor = self._reads.keep_cursor()
        try:
            with unavailable_on_failure():
                return self._read(position, before)
        except BaseException:
            self._drop()
            raise

    def _read(self, position: Position | None, before: Millis) -> tuple[Position, Sequence[Row]]:
        return self._read_file(position, before) if self._quiet is None else self._read_server(position, before)

    def _read_file(self, position: Position | None, before: Millis) -> tuple[Position, Sequence[Row]]:
        # The version first: what commits between the two is read now, and makes the next question read again.
        version: int = self._fetch(_DATA_VERSION)[0][0]
        known = 0 if position is None else position.newest
        rows = self._rows_after(known, before)
        self._version = version
        newest = max((row[0] for row in rows), default=known)
        # One writer at a time: numbers come in the order of commits.
        return Position(newest=newest, settled=newest), rows

    def _read_server(self, position: Position | None, before: Millis) -> tuple[Position, Sequence[Row]]:
        # The order is what makes it complete. First which number is the newest; then whether nobody who drew an earlier
        # one is still to commit; then the rows. Whoever begins in between draws a higher number.
        if position is None:
            position = Position(newest=self._fetch(self._newest.sql)[0][0], settled=0)
        quiet = self._quiet is not None and bool(self._fetch(self._quiet.sql)[0][0])
        rows = self._rows_after(position.settled, before)
        newest = max((row[0] for row in rows), default=position.newest)
        settled = position.newest if quiet else position.settled
        return Position(newest=max(newest, position.newest), settled=settled), rows

    def _rows_after(self, number: int, before: Millis) -> list[Row]:
        return self._fetch(self._since.sql, _in_order(self._since, number=number, before=before))

    def _fetch(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[Any]:
        self._cursor.execute(sql, parameters)
        rows: list[Any] = self._cursor.fetchall()
        return rows

    def _drop(self) -> None:
        cursor, self._cursor, self._version = self._cursor, None, None
        self._reads.let_go(cursor)


def _in_order(read: CompiledRead, **values: Any) -> tuple[Any, ...]:
    return tuple(values[name] for name in read.parameters)
