"""The log of revocations: what was revoked before it expired, one row each, appended in the transaction that revokes.

Nothing is ever changed in it. Each process follows it and keeps a copy in memory
(``features/revocation``), so that asking costs no query. Numbers are drawn in another order than
transactions commit: the copy would miss a row whose number is lower than one it has seen, and which was
committed later. So every writer holds a shared lock until its commit, and a reader that finds nobody
holding it knows that no number from before is still to come (PostgreSQL; SQLite has one writer anyway).
"""

from typing import Final

from sqlalchemy import (
    ClauseElement,
    Column,
    ColumnElement,
    Select,
    Table,
    bindparam,
    delete,
    func,
    literal,
    literal_column,
    select,
)

from ostiary.kernel.clock import HOUR, MINUTE, Millis
from ostiary.kernel.token_lifetime import LONGEST_ACCESS_TOKEN
from ostiary.storage.tables import BIGINT, TEXT, metadata
from ostiary.storage.transaction import Transaction

revocations: Final = Table(
    "ostiary_revocations",
    metadata,
    Column("number", BIGINT, primary_key=True, autoincrement=True),
    Column("kind", TEXT, nullable=False),
    Column("key", TEXT, nullable=False),
    Column("value", BIGINT, nullable=False, server_default="0"),
    Column("made_at", BIGINT, nullable=False),
    Column("expires_at", BIGINT, nullable=False),
)

KEPT_BEYOND: Final[Millis] = 5 * MINUTE
"""How long a row outlives what it revokes: clocks of machines differ, and whoever verifies may allow for that."""

SUBJECT_ROWS_LIVE: Final[Millis] = LONGEST_ACCESS_TOKEN + HOUR
"""How long the rows of a subject live. The hour is for a sign-in under way, which carries the epoch it began with."""

# As many as one append takes away: more than it adds, so that the table shrinks even where nobody prunes.
_TIDIED: Final = 2

# Any constant will do, as long as nobody else takes this lock of PostgreSQL: "revoked" in ASCII.
_WRITERS: Final[ColumnElement[int]] = literal_column("32199706694870372", BIGINT)
_WRITING: Final = select(func.pg_advisory_xact_lock_shared(_WRITERS))

# A common table expression with FOR UPDATE is computed once, and what somebody else is taking away is left to him.
_EXPIRED: Final = (
    select(revocations.c.number)
    .where(revocations.c.expires_at <= bindparam("before"))
    .order_by(revocations.c.expires_at)
    .limit(_TIDIED)
    .with_for_update(skip_locked=True)
    .cte("expired")
)
_TIDY: Final = delete(revocations).where(revocations.c.number.in_(select(_EXPIRED.c.number)))


def append(tx: Transaction, kind: str, key: str, *, value: int = 0, expires_at: Millis, now: Millis) -> None:
    """Add a row; the followers of this process read it before they answer again, once it is committed."""
    if tx.connection.dialect.name == "postgresql":
        # Before the number is drawn, and until the commit. Writers do not wait for each other.
        tx.execute(_WRITING)
    row = {"kind": kind, "key": key, "value": value, "made_at": now, "expires_at": expires_at}
    tx.execute(revocations.insert().inline(), row)
    tx.execute(_TIDY, {"before": now - KEPT_BEYOND})
    tx.after_commit(tx.followers.wake)


def append_for_subjects(tx: Transaction, kind: str, values: "Select[str, int]", *, now: Millis) -> None:
    """Add a row for each subject and value of a query: one statement, however many they are."""
    if tx.connection.dialect.name == "postgresql":
        tx.execute(_WRITING)
    told = values.subquery()
    subject, value = told.c
    rows = select(literal(kind), subject, value, literal(now), literal(now + SUBJECT_ROWS_LIVE))
    columns = ["kind", "key", "value", "made_at", "expires_at"]
    tx.execute(revocations.insert().from_select(columns, rows))
    tx.after_commit(tx.followers.wake)


def append_for_subject(tx: Transaction, kind: str, subject: str, *, value: int, now: Millis) -> None:
    """Add a row that outlives every access token the subject may have, or anybody, where it is the empty one."""
    append(tx, kind, subject, value=value, expires_at=now + SUBJECT_ROWS_LIVE, now=now)


def is_quiet() -> ClauseElement:
    """PostgreSQL: whether nobody is between drawing a number and committing it. Waits for nobody."""
    return select(func.pg_try_advisory_xact_lock(_WRITERS))


def read_newest() -> Select[int]:
    """The highest number of all rows that are committed; 0 if there is none."""
    return select(func.coalesce(func.max(revocations.c.number), literal_column("0")))


def read_since() -> Select[int, str, str, int, Millis]:
    """The rows after a number that are still of use: number, kind, key, value, expiry. Parameters: ``number``, ``before``."""
    r = revocations.c
    return select(r.number, r.kind, r.key, r.value, r.expires_at).where(
        r.number > bindparam("number"), r.expires_at > bindparam("before")
    )
