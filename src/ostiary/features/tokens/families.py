"""Families of refresh tokens: begun by a sign-in, rotated at each use, ended by theft, sign-out, revocation and the epoch.

Rotation is one guarded statement, so that of twenty that present one token at once, one rotates it; the others are
answered with the same successor, which is derived and can be computed again. Law: RFC 9700 §4.14.2.
"""

import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ostiary.features.tokens import store
from ostiary.features.tokens.events import EverybodysTokensRevoked
from ostiary.features.tokens.family_list import ListedFamily, listed
from ostiary.features.tokens.grant_errors import InvalidGrant
from ostiary.features.tokens.refresh_token_rotation import NotGood, RefreshStanding, check_refresh
from ostiary.kernel.client import ClientSource
from ostiary.kernel.clock import MINUTE, Clock, Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.errors import Unavailable
from ostiary.kernel.event_bus import EventBus, Listeners
from ostiary.kernel.events import (
    CredentialRejected,
    CredentialsRevoked,
    EverybodySignedOut,
    RefreshFamilyEnded,
    RefreshTokenReused,
    SessionEnded,
    SignedOut,
)
from ostiary.kernel.identifiers import new_id
from ostiary.kernel.rotating_token import (
    SALT_BYTES,
    ReplayedWithinGrace,
    ReuseDetected,
    Rotate,
    RotatingTokens,
    parse_rotating_token,
)
from ostiary.storage.database import Database, Transaction
from ostiary.storage.subjects import raise_epoch, raise_everybodys_epoch

if TYPE_CHECKING:
    from ostiary.features.revocation import Revocations

Families: TypeAlias = list[ListedFamily]

# Whoever is overtaken reads again, and finds what the other made. More often than this is no accident.
_TRIES: Final = 4
# What a client says of itself is a header a stranger writes; a row keeps this much of it.
_LONGEST_DEVICE: Final = 300
# A session that another one of the same browser replaces ends nothing: its families follow (``session_replaced``).
_FAMILIES_STAY: Final = frozenset({"replaced"})


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFamily:
    """A family that is about to begin: its row, and its first token's text."""

    id: str
    ends_at: Millis
    row: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """A token that is ours, of a family that is alive; ``outcome`` is what presenting it comes to."""

    family: store.RefreshFamily
    outcome: Rotate | ReplayedWithinGrace | ReuseDetected


class RefreshFamilies:
    """Begins, rotates and ends families."""

    __slots__ = (
        "_bus",
        "_client",
        "_clock",
        "_database",
        "_grace",
        "_idle",
        "_lifetime",
        "_longest",
        "_revocations",
        "_tokens",
    )

    def __init__(
        self,
        *,
        tokens: RotatingTokens,
        lifetime: Millis,
        idle: Millis,
        grace: Millis,
        longest_access: Millis,
        revocations: "Revocations",
        database: Database,
        bus: EventBus,
        clock: Clock,
        client: ClientSource,
    ) -> None:
        self._tokens = tokens
        self._lifetime = lifetime
        self._idle = idle
        self._grace = grace
        self._longest = longest_access
        self._revocations = revocations
        self._database = database
        self._bus = bus
        self._clock = clock
        self._client = client

    # --- beginning ----------------------------------------------------------------------------------------

    def prepare(
        self,
        *,
        subject: str,
        epoch: int,
        factors: str,
        now: Millis,
        lifetime: Millis | None,
        ends_by: Millis | None,
        session: str | None,
        **bounds: Any,
    ) -> NewFamily:
        """A family to be. ``bounds`` are the columns that keep what its tokens are narrowed to."""
        client = self._client()
        id = new_id(now, secrets.token_bytes(10))
        ends_at = now + (self._lifetime if lifetime is None else lifetime)
        ends_at = ends_at if ends_by is None else min(ends_at, ends_by)
        row = {
            "id": id,
            "subject": subject,
            "epoch": epoch,
            "generation": 1,
            "salt": secrets.token_bytes(SALT_BYTES),
            "started_at": now,
            "rotated_at": now,
            "idle_for": self._idle,
            "ends_at": ends_at,
            "session": session,
            "factors": factors,
            "device": client.device[:_LONGEST_DEVICE] if client.device else None,
            "network": client.network,
            **bounds,
        }
        return NewFamily(id=id, ends_at=ends_at, row=row)

    def begin(self, tx: Transaction, family: NewFamily) -> str:
        """Begin it, in the transaction of the sign-in; the answer is its first token."""
        store.begin_family(tx, family.row)
        return self._tokens.write(family.id, 1, family.row["salt"])

    # --- presenting and rotating --------------------------------------------------------------------------

    def recognise(self, text: str, now: Millis) -> Recognised | NotGood:
        """What a text comes to. Reads and changes nothing; never raises for what a stranger wrote."""
        token = parse_rotating_token(text)
        if token is None:
            return NotGood("malformed")
        with self._database.read() as connection:
            family = store.find_family(connection, token.id)
        if family is None:
            return NotGood("unknown")
        standing = RefreshStanding(
            family=family.rotating,
            epoch=family.epoch,
            current_epoch=family.current_epoch,
            idle_for=family.idle_for,
        )
        genuine = self._tokens.is_genuine(token, family.salt)
        outcome = check_refresh(token, standing, genuine=genuine, grace=self._grace, now=now)
        return outcome if isinstance(outcome, NotGood) else Recognised(family=family, outcome=outcome)

    def rotate(self, text: str, now: Millis) -> tuple[store.RefreshFamily, str]:
        """Exchange a token for its successor: the family as it was read, and the successor's text.

        Raises ``InvalidGrant``; a copy ends its family.
        """
        for _ in range(_TRIES):
            found = self.recognise(text, now)
            if isinstance(found, NotGood):
                raise self._refused(found.reason, now)
            family, outcome = found.family, found.outcome
            if isinstance(outcome, ReuseDetected):
                if self._end_reused(family, now):
                    raise InvalidGrant(detail="reused")
            elif isinstance(outcome, ReplayedWithinGrace) or self._advance(family, now):
                return family, self._tokens.write(family.id, outcome.generation, family.salt)
        raise Unavailable(detail="a family of refresh tokens changed at every look")

    def _advance(self, family: store.RefreshFamily, now: Millis) -> bool:
        with self._database.write() as tx:
            return store.rotate_family(tx, family.id, generation=family.generation, now=now)

    def _refused(self, reason: str, now: Millis) -> InvalidGrant:
        network = self._client().network
        self._bus.announce(CredentialRejected(at=now, network=network, kind="refresh", reason=reason))
        return InvalidGrant(detail=reason)

    # --- ending -------------------------------------------------------------------------------------------

    def _end_reused(self, family: store.RefreshFamily, now: Millis) -> bool:
        """Somebody has a copy: end the family and its access tokens. False: it is no longer as it was read."""
        with self._database.write() as tx:
            if store.delete_family(tx, family.id, generation=family.generation) is None:
                return False
            self._revoke(tx, (family.id,), now)
            network = self._client().network
            event = RefreshTokenReused(at=now, subject=family.subject, network=network, family=family.id)
            self._bus.emit(event, tx)
        return True

    def end_by_token(self, text: str, now: Millis) -> bool:
        """End the family of a token that is ours, whichever of its generations. False: it is nobody's.

        An older one ends it as well: whoever signs out with it means it, and a thief gains nothing by it.
        """
        token = parse_rotating_token(text)
        if token is None:
            return False
        with self._database.read() as connection:
            family = store.find_family(connection, token.id)
        if family is None or token.generation > family.generation or not self._tokens.is_genuine(token, family.salt):
            return False
        return self.end(family.id, reason="revoked", now=now)

    def list(self, subject: str, *, current: str | None, now: Millis) -> Families:
        """The families of a subject that are alive, the newest first; ``current`` is the id of the present one."""
        with self._database.read() as connection:
            return [listed(row, current=current) for row in store.live_families(connection, subject, now=now)]

    def end(self, id: str, *, reason: str, now: Millis, owner: str | None = None) -> bool:
        """End one family and its access tokens. With ``owner``, only hers. False: there was none."""
        with self._database.write() as tx:
            return self.end_in(tx, id, reason=reason, now=now, owner=owner)

    def end_in(self, tx: Transaction, id: str, *, reason: str, now: Millis, owner: str | None = None) -> bool:
        """End one family in a transaction. False: there was none."""
        subject = store.delete_family(tx, id, subject=owner)
        if subject is None:
            return False
        self._revoke(tx, (id,), now)
        network = self._client().network
        event = RefreshFamilyEnded(at=now, subject=subject, network=network, family=id, reason=reason)
        self._bus.emit(event, tx)
        return True

    def revoke_access(self, jti: str, *, expires_at: Millis, now: Millis) -> None:
        """End one access token for the rest of its time."""
        with self._database.write() as tx:
            self._revocations.revoke(tx, "token", jti, expires_at=expires_at + MINUTE, now=now)

    def end_all(self, subject: str, *, reason: str, now: Millis, keep: str | None = None) -> int:
        """End everything a subject is signed in with, but for the family ``keep``: her epoch goes up. How many ended."""
        with self._database.write() as tx:
            epoch = raise_epoch(tx, subject, now=now)
            ended = store.delete_families_of(tx, subject, keep_session=None, keep=keep)
            if keep is not None:
                store.carry_families_over(tx, subject, keep_session=None, keep=keep)
            network = self._client().network
            event = CredentialsRevoked(
                at=now, subject=subject, network=network, reason=reason, epoch=epoch, kept_family=keep
            )
            self._bus.emit(event, tx)
        return ended

    def end_everybodys(self, *, reason: str, now: Millis) -> int:
        """End every family and every access token there is; how many families there were."""
        with self._database.write() as tx:
            raise_everybodys_epoch(tx, now=now)
            ended = store.delete_everybodys_families(tx)
            network = self._client().network
            self._bus.emit(EverybodysTokensRevoked(at=now, network=network, reason=reason, families=ended), tx)
        return ended

    def session_replaced(self, tx: Transaction, subject: str, *, was: str, session: str) -> None:
        """The browser has another session: the families beside the old one follow it, if they are of the same subject."""
        store.follow_session(tx, subject, was=was, session=session)
        self._revoke(tx, store.delete_families_of_session(tx, was, but_of=subject), self._clock.now())

    def _revoke(self, tx: Transaction, families: Iterable[str], now: Millis) -> None:
        # A minute more: a token signed from a family read just before is as old as that reading.
        expires_at = now + self._longest + MINUTE
        for family in families:
            self._revocations.revoke(tx, "family", family, expires_at=expires_at, now=now)

    # --- listening ----------------------------------------------------------------------------------------

    def listeners(self) -> Listeners:
        """What ends families, in the transaction of what happened."""
        found = Listeners()
        found.during(SessionEnded, self._session_ended)
        found.during(SignedOut, self._signed_out)
        found.during(CredentialsRevoked, self._credentials_revoked)
        found.during(EverybodySignedOut, self._everybody_signed_out)
        return found

    def _session_ended(self, event: SessionEnded, tx: Any) -> None:
        if event.reason not in _FAMILIES_STAY:
            self._revoke(tx, store.delete_families_of_session(tx, event.session), event.at)

    def _signed_out(self, event: SignedOut, tx: Any) -> None:
        self._revoke(tx, store.delete_families_of_session(tx, event.session), event.at)

    def _credentials_revoked(self, event: CredentialsRevoked, tx: Any) -> None:
        # The epoch ended them and their access tokens; removing the rows is housekeeping.
        if event.subject is None or event.kept_family is not None:
            return
        store.delete_families_of(tx, event.subject, keep_session=event.kept, keep=None)
        if event.kept is not None:
            store.carry_families_over(tx, event.subject, keep_session=event.kept, keep=None)

    @staticmethod
    def _everybody_signed_out(_event: EverybodySignedOut, tx: Any) -> None:
        # As above: everybody's epoch ended them.
        store.delete_everybodys_families(tx)
