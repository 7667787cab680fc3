"""The tables of tokens: signing keys, and families of refresh tokens; one function a thing that may happen to a row.

A family's row holds no secret and no digest of one: its tokens are derived from it with the key ring.
"""

from dataclasses import field
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Connection, Table, func, literal_column, or_, select, text, update

from ostiary.kernel.clock import Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.rotating_token import TokenFamily
from ostiary.storage.subjects import joint_epoch_of, read_everybodys_epoch, subjects
from ostiary.storage.tables import BIGINT, BYTES, ID, TEXT, id_column, metadata
from ostiary.storage.transaction import Transaction

# ------------------------------------------------------------------------------------------- families of refresh tokens

refresh_families: Final = Table(
    "ostiary_refresh_families",
    metadata,
    id_column("id", primary_key=True),
    Column("subject", TEXT, nullable=False),
    Column("client", TEXT),
    Column("epoch", BIGINT, nullable=False),
    Column("generation", BIGINT, nullable=False),
    Column("salt", BYTES, nullable=False),
    Column("started_at", BIGINT, nullable=False),
    Column("rotated_at", BIGINT, nullable=False),
    Column("idle_for", BIGINT, nullable=False),
    Column("ends_at", BIGINT, nullable=False),
    id_column("session"),
    Column("factors", TEXT, nullable=False),
    Column("scope", TEXT),
    Column("tenant", TEXT),
    Column("audience", TEXT),
    Column("access_for", BIGINT),
    Column("claims", TEXT),
    Column("device", TEXT),
    Column("network", TEXT),
)

_ZERO: Final[ColumnElement[int]] = literal_column("0")
_F: Final = refresh_families.c


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshFamily:
    """A family as it was read. Times are milliseconds since the Unix epoch.

    ``epoch`` is the joint epoch when it was begun, ``current_epoch`` and ``rights`` the subject's now. ``access_for`` is how
    long its access tokens live, None as long as the settings say.
    """

    id: str
    subject: str
    client: str | None
    epoch: int
    current_epoch: int
    rights: int
    generation: int
    salt: bytes
    rotated_at: Millis
    idle_for: Millis
    ends_at: Millis
    factors: str
    scope: str | None
    tenant: str | None
    audience: str | None
    access_for: Millis | None
    claims: str | None

    @property
    def rotating(self) -> TokenFamily:
        """What the rule of rotation looks at."""
        return TokenFamily(
            id=self.id,
            generation=self.generation,
            salt=self.salt,
            rotated_at=self.rotated_at,
            ends_at=self.ends_at,
        )


def find_family(connection: Connection, id: str) -> RefreshFamily | None:
    """A family with its subject's epoch and rights as they are now."""
    query = (
        select(
            _F.id,
            _F.subject,
            _F.client,
            _F.epoch,
            joint_epoch_of(_F.subject).label("current_epoch"),
            func.coalesce(subjects.c.rights, _ZERO).label("rights"),
            _F.generation,
            _F.salt,
            _F.rotated_at,
            _F.idle_for,
            _F.ends_at,
            _F.factors,
            _F.scope,
            _F.tenant,
            _F.audience,
            _F.access_for,
            _F.claims,
        )
        .select_from(refresh_families.outerjoin(subjects, subjects.c.subject == _F.subject))
        .where(_F.id == id)
    )
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    members: dict[str, Any] = {**row, "salt": bytes(row["salt"])}
    return RefreshFamily(**members)


def read_standing(connection: Connection, subject: str) -> tuple[int, int]:
    """The subject's rights version now, 0 if her roles never changed; and the epoch of everybody."""
    query = select(subjects.c.rights).where(subjects.c.subject == subject)
    return connection.execute(query).scalar_one_or_none() or 0, read_everybodys_epoch(connection)


def begin_family(tx: Transaction, row: dict[str, Any]) -> None:
    """A new family."""
    tx.execute(refresh_families.insert().values(**row))


def rotate_family(tx: Transaction, id: str, *, generation: int, now: Millis) -> bool:
    """Exchange a generation for the next one: of any number at once, one succeeds, and none once an epoch was raised."""
    statement = (
        update(refresh_families)
        .where(_F.id == id, _F.generation == generation, _F.epoch == joint_epoch_of(_F.subject))
        .values(generation=generation + 1, rotated_at=now)
    )
    return bool(tx.execute(statement.returning(_F.id)).all())


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyRow:
    """A family as its owner may see it. Times are milliseconds since the Unix epoch."""

    id: str
    subject: str
    client: str | None
    started_at: Millis
    rotated_at: Millis
    idle_for: Millis
    ends_at: Millis
    session: str | None
    factors: str
    scope: str | None
    tenant: str | None
    device: str | None
    network: str | None


_SHOWN: Final = tuple(_F[name] for name in FamilyRow.__dataclass_fields__)


def live_families(connection: Connection, subject: str, *, now: Millis) -> list[FamilyRow]:
    """The families of a subject whose token would be exchanged now, the newest first."""
    query = (
        select(*_SHOWN)
        .where(
            _F.subject == subject,
            _F.epoch == joint_epoch_of(_F.subject),
            _F.ends_at > now,
            _F.rotated_at + _F.idle_for > now,
        )
        .order_by(_F.started_at.desc(), _F.id.desc())
    )
    return [FamilyRow(**row) for row in connection.execute(query).mappings()]


def delete_family(tx: Transaction, id: str, *, generation: int | None = None, subject: str | None = None) -> str | None:
    """End one family; its subject, or None if there was none.

    With ``generation`` only if that is still its newest, with ``subject`` only if it is hers.
    """
    statement = refresh_families.delete().where(_F.id == id)
    if generation is not None:
        statement = statement.where(_F.generation == generation)
    if subject is not None:
        statement = statement.where(_F.subject == subject)
    return tx.execute(statement.returning(_F.subject)).scalar_one_or_none()


def delete_families_of_session(tx: Transaction, session: str, *, but_of: str | None = None) -> list[str]:
    """End the families beside a session, but those of one subject; their ids."""
    statement = refresh_families.delete().where(_F.session == session)
    if but_of is not None:
        statement = statement.where(_F.subject != but_of)
    return [row.id for row in tx.execute(statement.returning(_F.id))]


def follow_session(tx: Transaction, subject: str, *, was: str, session: str) -> None:
    """Note that the browser whose session a family stands beside has another one now."""
    statement = update(refresh_families).where(_F.session == was, _F.subject == subject)
    tx.execute(statement.values(session=session))


def delete_families_of(tx: Transaction, subject: str, *, keep_session: str | None, keep: str | None) -> int:
    """Remove the rows of a subject, but the family ``keep`` and those beside a session. Her epoch is what ends them.

    The answer is how many there were.
    """
    statement = refresh_families.delete().where(_F.subject == subject)
    if keep_session is not None:
        statement = statement.where(_F.session.is_distinct_from(keep_session))
    if keep is not None:
        statement = statement.where(_F.id != keep)
    return len(tx.execute(statement.returning(_F.id)).all())


def delete_everybodys_families(tx: Transaction) -> int:
    """Remove every row; everybody's epoch is what ends them. How many there were."""
    return len(tx.execute(refresh_families.delete().returning(_F.id)).all())


def carry_families_over(tx: Transaction, subject: str, *, keep_session: str | None, keep: str | None) -> None:
    """Let one family, or those beside one session, outlive the raise of her epoch that this transaction has made.

    Only what was alive under the epoch before.
    """
    chosen = (_F.session == keep_session) if keep_session is not None else (_F.id == keep)
    now = joint_epoch_of(_F.subject)
    statement = update(refresh_families).where(_F.subject == subject, chosen, _F.epoch == now - 1)
    tx.execute(statement.values(epoch=now))


# ------------------------------------------------------------------------------------------------------- signing keys

signing_keys: Final = Table(
    "ostiary_signing_keys",
    metadata,
    Column("kid", ID, primary_key=True),
    Column("algorithm", TEXT, nullable=False),
    Column("public", TEXT, nullable=False),
    Column("sealed", BYTES),
    Column("created_at", BIGINT, nullable=False),
    Column("signs_from", BIGINT, nullable=False),
    Column("signs_until", BIGINT),
    Column("verifies_until", BIGINT),
)

_K: Final = signing_keys.c


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """A signing key as it is stored. ``public`` is a JWK; ``sealed`` the whole key, None where only the public half is known."""

    kid: str
    algorithm: str
    public: str
    sealed: bytes | None = field(repr=False)
    created_at: Millis
    signs_from: Millis
    signs_until: Millis | None
    verifies_until: Millis | None


def list_keys(connection: Connection) -> list[KeyRow]:
    """Every signing key, in the order they sign."""
    rows = connection.execute(select(signing_keys).order_by(_K.signs_from, _K.kid)).mappings()
    return [_key_row(dict(row)) for row in rows]


def _key_row(row: dict[str, Any]) -> KeyRow:
    sealed = row.pop("sealed")
    return KeyRow(**row, sealed=None if sealed is None else bytes(sealed))


def serialise_keys(tx: Transaction) -> None:
    """Let nobody else change the signing keys until this transaction ends.

    SQLite has one writer anyway. PostgreSQL: an advisory lock, since there may be no row to lock yet.
    """
    if tx.connection.dialect.name == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('ostiary_signing_keys', 0))"))


def insert_key(tx: Transaction, row: KeyRow) -> None:
    """A new signing key."""
    tx.execute(
        signing_keys.insert().values({column.name: getattr(row, column.name) for column in signing_keys.columns})
    )


def end_signing(tx: Transaction, kid: str, *, signs_until: Millis, verifies_until: Millis) -> None:
    """Let a key sign and verify until then."""
    statement = update(signing_keys).where(_K.kid == kid)
    tx.execute(statement.values(signs_until=signs_until, verifies_until=verifies_until))


def retire_key(tx: Transaction, kid: str, *, now: Millis) -> bool:
    """Believe a key no longer, from now on, and forget its private half. False: there is none, or it was retired before."""
    believed = or_(_K.verifies_until.is_(None), _K.verifies_until > now)
    statement = update(signing_keys).where(_K.kid == kid, believed)
    ended = statement.values(signs_until=now, verifies_until=now, sealed=None)
    return bool(tx.execute(ended.returning(_K.kid)).all())


def begin_signing(tx: Transaction, kid: str, *, now: Millis) -> bool:
    """Let a key that was to sign later do so from now on."""
    statement = update(signing_keys).where(_K.kid == kid, _K.signs_from > now).values(signs_from=now)
    return bool(tx.execute(statement.returning(_K.kid)).all())
