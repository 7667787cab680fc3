"""The table of remembered browsers: one row a series for its whole life, one function a thing that may happen to it.

The row holds no secret and no digest of one: a token is derived from it with the key ring. Whoever changes a
session and its series in one transaction changes the session first, so that no two wait for each other.
"""

from typing import Any, Final

from sqlalchemy import (
    ClauseElement,
    Column,
    ColumnElement,
    Connection,
    Table,
    bindparam,
    func,
    literal_column,
    select,
    update,
)

from ostiary.kernel.clock import Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.rotating_token import TokenFamily
from ostiary.storage.database import Transaction
from ostiary.storage.subjects import subjects
from ostiary.storage.tables import BIGINT, BYTES, TEXT, id_column, metadata

remember_series: Final = Table(
    "ostiary_remember_series",
    metadata,
    id_column("id", primary_key=True),
    Column("subject", TEXT, nullable=False),
    Column("epoch", BIGINT, nullable=False),
    Column("generation", BIGINT, nullable=False),
    Column("salt", BYTES, nullable=False),
    Column("started_at", BIGINT, nullable=False),
    Column("rotated_at", BIGINT, nullable=False),
    Column("ends_at", BIGINT, nullable=False),
    id_column("session"),
    Column("device", TEXT),
    Column("network", TEXT),
)

_ZERO: Final[ColumnElement[int]] = literal_column("0")
_S: Final = remember_series.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A series as it was read. Times are milliseconds since the Unix epoch.

    ``session`` is the session that this browser has, or had last; ``epoch`` the subject's when it was begun, and
    ``current_epoch`` the one now.
    """

    id: str
    subject: str
    epoch: int
    current_epoch: int
    generation: int
    salt: bytes
    rotated_at: Millis
    ends_at: Millis
    session: str

    @property
    def family(self) -> TokenFamily:
        """What the rule of rotation looks at."""
        return TokenFamily(
            id=self.id,
            generation=self.generation,
            salt=self.salt,
            rotated_at=self.rotated_at,
            ends_at=self.ends_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesRow:
    """A series as its owner may see it."""

    id: str
    subject: str
    started_at: Millis
    rotated_at: Millis
    ends_at: Millis
    session: str
    device: str | None
    network: str | None


def guard_read() -> ClauseElement:
    """A series with its subject's epoch, for the guard. Parameter: ``id``."""
    return (
        select(
            _S.subject,
            _S.epoch,
            func.coalesce(subjects.c.epoch, _ZERO),
            _S.generation,
            _S.salt,
            _S.rotated_at,
            _S.ends_at,
            _S.session,
        )
        .select_from(remember_series.outerjoin(subjects, subjects.c.subject == _S.subject))
        .where(_S.id == bindparam("id"))
    )


def series_of(id: str, row: tuple[Any, ...]) -> Series:
    """The row of ``guard_read``, as the driver gives it."""
    subject, epoch, current_epoch, generation, salt, rotated_at, ends_at, session = row
    return Series(
        id=id,
        subject=subject,
        epoch=epoch,
        current_epoch=current_epoch,
        generation=generation,
        salt=bytes(salt),
        rotated_at=rotated_at,
        ends_at=ends_at,
        session=session,
    )


def begin(tx: Transaction, row: dict[str, Any]) -> None:
    """A new series."""
    tx.execute(remember_series.insert().values(**row))


def generation_of(tx: Transaction, id: str) -> int | None:
    """The newest generation, or None if the series has ended."""
    return tx.execute(select(_S.generation).where(_S.id == id)).scalar_one_or_none()


def advance(tx: Transaction, id: str, *, generation: int, session: str, now: Millis) -> bool:
    """Exchange a generation for the next one, and for a session: of any number at once, one succeeds."""
    statement = (
        update(remember_series)
        .where(_S.id == id, _S.generation == generation)
        .values(generation=generation + 1, rotated_at=now, session=session)
    )
    return bool(tx.execute(statement.returning(_S.id)).all())


def follow(tx: Transaction, id: str, *, session: str) -> None:
    """Note that this browser has another session now."""
    tx.execute(update(remember_series).where(_S.id == id).values(session=session))


def follow_session(tx: Transaction, subject: str, *, was: str, session: str) -> None:
    """Note that the browser that had one session has another one now."""
    statement = update(remember_series).where(_S.subject == subject, _S.session == was)
    tx.execute(statement.values(session=session))


def delete(tx: Transaction, id: str, *, session: str | None = None) -> bool:
    """End one series; with ``session``, only if that is still the session of its browser."""
    statement = remember_series.delete().where(_S.id == id)
    if session is not None:
        statement = statement.where(_S.session == session)
    return bool(tx.execute(statement.returning(_S.id)).all())


def delete_of_session(tx: Transaction, subject: str, session: str) -> None:
    """End the series of the browser that has this session."""
    tx.execute(remember_series.delete().where(_S.subject == subject, _S.session == session))


def delete_all(tx: Transaction, subject: str, *, keep: str | None) -> None:
    """Remove the rows of a subject, but for the browser with the session ``keep``. Her epoch is what ends them."""
    statement = remember_series.delete().where(_S.subject == subject)
    if keep is not None:
        statement = statement.where(_S.session != keep)
    tx.execute(statement)


def delete_everybodys(tx: Transaction) -> None:
    """End every series there is."""
    tx.execute(remember_series.delete())


def carry_over(tx: Transaction, subject: str, *, session: str, epoch: int, was: int) -> None:
    """Let the series of one browser live on under a new epoch, if it was alive under the one before."""
    statement = update(remember_series).where(_S.subject == subject, _S.session == session, _S.epoch == was)
    tx.execute(statement.values(epoch=epoch))


def session_of(tx: Transaction, id: str, *, subject: str | None) -> tuple[str, str] | None:
    """The (subject, session) of a series; with ``subject``, only if it is hers."""
    query = select(_S.subject, _S.session).where(_S.id == id)
    if subject is not None:
        query = query.where(_S.subject == subject)
    row = tx.execute(query).one_or_none()
    return None if row is None else (row.subject, row.session)


def live(connection: Connection, subject: str, *, now: Millis) -> list[SeriesRow]:
    """The series of a subject that would be let in now, the newest first."""
    epoch = select(func.coalesce(func.max(subjects.c.epoch), 0)).where(subjects.c.subject == subject).scalar_subquery()
    query = (
        select(_S.id, _S.subject, _S.started_at, _S.rotated_at, _S.ends_at, _S.session, _S.device, _S.network)
        .where(_S.subject == subject, _S.epoch == epoch, _S.ends_at > now)
        .order_by(_S.started_at.desc(), _S.id.desc())
    )
    return [SeriesRow(**row) for row in connection.execute(query).mappings()]
