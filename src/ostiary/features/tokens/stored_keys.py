"""Signing keys in the database: made at first use, sealed, rotated on a schedule, read again by every process.

Of two workers that find no key, one makes it and the other reads it. Each process keeps a copy that is seconds old at
most; a key that somebody retired is believed nowhere after that, and a token of a key that is not in the copy has it read again.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from itertools import count
from types import MappingProxyType
from typing import Final

from ostiary.features.tokens import store
from ostiary.features.tokens.events import SigningKeyMade, SigningKeyRetired
from ostiary.features.tokens.signing_key_life import (
    PUBLISHED_AHEAD,
    KeyLife,
    KeyState,
    Succession,
    due_succession,
    signer_of,
    succession,
    verifies_after,
)
from ostiary.features.tokens.signing_keys import generate_key
from ostiary.kernel.clock import MINUTE, SECOND, Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.errors import AuthError, misconfigured
from ostiary.kernel.event_bus import EventBus
from ostiary.kernel.key_ring import KeyRing, SealBroken
from ostiary.standards.jose.key_set import KeySet
from ostiary.standards.jose.keys import SignatureKey, parse_jwk
from ostiary.standards.strict_json import decode_json_object
from ostiary.storage.database import Database, Transaction

PURPOSE: Final = "signing keys"
"""What the key ring seals them for."""

STALENESS: Final[Millis] = 5 * SECOND
"""How old a process's copy may be: as long as a key that was retired elsewhere is still believed here."""

# While the database is away, tokens that are verified with what is known go on being good for this long.
_LONGEST_STALE: Final[Millis] = 10 * MINUTE
# A stranger invents key ids at will: the database is asked about them this often in a second. Not once: another process may
# have made a key since the last look, and sign with it at once.
_LOOKS_A_SECOND: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """A key with its life, and its private half where we have it."""

    life: KeyLife
    algorithm: str
    created_at: Millis
    public: SignatureKey = field(repr=False)
    private: SignatureKey | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copy:
    """What one process knows of the keys. ``verifying`` holds until ``good_until``, when a key goes by itself.

    ``version`` is another one whenever a key went. The copy is replaced as a whole: no lock, which a fork could inherit held.
    """

    keys: tuple[StoredKey, ...]
    verifying: KeySet
    good_until: Millis
    read_at: Millis
    version: int


class StoredKeys:
    """The signing keys of one application, in its database."""

    __slots__ = (
        "_algorithm",
        "_bus",
        "_copy",
        "_database",
        "_failed_at",
        "_key_ring",
        "_lifetime",
        "_looked",
        "_versions",
    )

    def __init__(
        self, database: Database, key_ring: KeyRing, *, algorithm: str, lifetime: Millis, bus: EventBus
    ) -> None:
        self._database = database
        self._key_ring = key_ring
        self._algorithm = algorithm
        self._lifetime = lifetime
        self._bus = bus
        self._copy: _Copy | None = None
        self._failed_at: Millis = -SECOND
        self._looked: tuple[Millis, int] = (0, 0)
        self._versions = count(1)

    # --- signing and verifying ----------------------------------------------------------------------------

    def signer(self, now: Millis) -> SignatureKey:
        """The key that signs now; the first of all is made, and a successor on schedule. Raises ``Unavailable``."""
        copy = self._fresh(now)
        lives = [key.life for key in copy.keys]
        if due_succession(lives, lifetime=self._lifetime, now=now) is not None and not self._waits(copy, now):
            copy = self._make_due(now)
        current = signer_of((key.life for key in copy.keys), now)
        found = next((key.private for key in copy.keys if current is not None and key.life.kid == current.kid), None)
        if found is None:
            # Never another one by itself: two processes with different secret keys would replace each other's for ever.
            raise misconfigured(
                "signing_key_sealed",
                "the key that signs access tokens is sealed by a secret key that is not here",
                "give that one back in OSTIARY_SECRET_KEY_FALLBACKS, or make another: ostiary signing-keys rotate --now",
            )
        return found

    def verifying(self, now: Millis, *, kid: str | None) -> KeySet:
        """The keys whose tokens are believed now, read again if this one is not among them. Raises ``Unavailable``."""
        copy = self._fresh(now)
        unknown = kid is not None and kid not in copy.verifying
        if unknown and self._may_look(now):
            copy = self._read_again(now)
        return copy.verifying

    def _may_look(self, now: Millis) -> bool:
        # Threads that count at once may miscount by one or two.
        since, looks = self._looked
        if not 0 <= now - since < SECOND:
            since, looks = now, 0
        self._looked = (since, looks + 1)
        return looks < _LOOKS_A_SECOND

    def version(self, now: Millis) -> int:
        """Changes whenever a key went."""
        return self._fresh(now).version

    def published(self, now: Millis) -> KeySet:
        """What others need to know: the next key, the one that signs, and those whose tokens are still about."""
        self.signer(now)
        return self._fresh(now).verifying

    # --- looking after them -------------------------------------------------------------------------------

    def list(self) -> Sequence[StoredKey]:
        """Every key there is, in the order they sign."""
        with self._database.read() as connection:
            rows = store.list_keys(connection)
        return tuple(self._opened(row) for row in rows)

    def rotate(self, now: Millis, *, at_once: bool = False) -> StoredKey:
        """A new key that signs once everybody could have learned of it, or at once. What was signed stays good.

        At once, a key that waits for its turn has it now. Raises ``ConfigurationError`` while one waits.
        """
        return self._succeed(generate_key(self._algorithm), now, at_once=at_once, or_next=at_once)

    def take(self, key: SignatureKey, now: Millis, *, at_once: bool = False) -> StoredKey:
        """Take a key that was made elsewhere: a private one signs as after ``rotate``, a public one only verifies.

        Raises ``ConfigurationError`` for one that is there already.
        """
        if any(one.life.kid == key.kid for one in self.list()):
            what = f"the signing key {key.kid} is there already"
            raise misconfigured("duplicate_key", what, "`ostiary signing-keys list` shows every key")
        if key.can_sign:
            return self._succeed(key, now, at_once=at_once, or_next=False)
        row = self._row(key, now, signs_from=now, signs_until=now, verifies_until=verifies_after(now))
        with self._database.write() as tx:
            store.serialise_keys(tx)
            self._insert(tx, row)
        self._read_again(now)
        return self._opened(row)

    def retire(self, kid: str, now: Millis) -> bool:
        """Believe a key no longer: every token it signed is refused. False if there is none such.

        If it was the one that signs, another one does from now on.
        """
        with self._database.write() as tx:
            store.serialise_keys(tx)
            if not store.retire_key(tx, kid, now=now):
                return False
            self._bus.emit(SigningKeyRetired(at=now, kid=kid), tx)
            lives = [_life(row) for row in store.list_keys(tx.connection)]
            waiting = _waiting(lives, now)
            if signer_of(lives, now) is None and waiting is not None:
                # Others know it already.
                store.begin_signing(tx, waiting.kid, now=now)
            elif signer_of(lives, now) is None:
                self._insert(tx, self._row(generate_key(self._algorithm), now, signs_from=now))
        self._read_again(now)
        return True

    # --- the copy of this process -------------------------------------------------------------------------

    def _fresh(self, now: Millis) -> _Copy:
        copy = self._copy
        if copy is None:
            return self._read_again(now)
        # A clock that was set back reads again as well.
        if 0 <= now - copy.read_at < STALENESS and now < copy.good_until:
            return copy
        usable = 0 <= now - copy.read_at < _LONGEST_STALE and now < copy.good_until
        if usable and (self._database.in_use() or 0 <= now - self._failed_at < SECOND):
            return copy
        try:
            return self._read_again(now)
        except AuthError:
            self._failed_at = now
            if not usable:
                raise
            return copy

    def _waits(self, copy: _Copy, now: Millis) -> bool:
        """Whether making the next key can wait, since this is inside somebody's transaction and there is one that signs."""
        return self._database.in_use() and signer_of((key.life for key in copy.keys), now) is not None

    def _read_again(self, now: Millis) -> _Copy:
        with self._database.read() as connection:
            rows = store.list_keys(connection)
        return self._keep(rows, now)

    def _keep(self, rows: Sequence[store.KeyRow], now: Millis) -> _Copy:
        before = self._copy
        # Opening and parsing keys takes a millisecond each: what has not changed is taken over.
        known: Mapping[str, StoredKey] = {key.life.kid: key for key in before.keys} if before is not None else {}
        keys = tuple(self._opened(row, known.get(row.kid)) for row in rows)
        believed = [key for key in keys if key.life.verifies(now)]
        ends = [key.life.verifies_until for key in believed if key.life.verifies_until is not None]
        verifying = KeySet(key.public for key in believed)
        same = before is not None and all(key.kid in verifying for key in before.verifying)
        copy = self._copy = _Copy(
            keys=keys,
            verifying=verifying,
            good_until=min(ends, default=now + _LONGEST_STALE),
            read_at=now,
            version=before.version if before is not None and same else next(self._versions),
        )
        return copy

    # --- making -------------------------------------------------------------------------------------------

    def _make_due(self, now: Millis) -> _Copy:
        """Make the key that is due, unless somebody else just has."""
        made = generate_key(self._algorithm)
        committed: list[bool] = []
        with self._database.write() as tx:
            store.serialise_keys(tx)
            rows = store.list_keys(tx.connection)
            due = due_succession(map(_life, rows), lifetime=self._lifetime, now=now)
            if due is not None:
                self._insert_successor(tx, made, due, now)
            rows = store.list_keys(tx.connection)
            tx.after_commit(lambda: committed.append(True))
        copy = self._keep(rows, now)
        if not committed:
            # Part of a transaction of the application's, which may still be rolled back, and the key with it.
            self._copy = None
        return copy

    def _succeed(self, key: SignatureKey, now: Millis, *, at_once: bool, or_next: bool) -> StoredKey:
        with self._database.write() as tx:
            store.serialise_keys(tx)
            lives = [_life(row) for row in store.list_keys(tx.connection)]
            step = succession(lives, signs_from=now if at_once else now + PUBLISHED_AHEAD, now=now)
            waiting = _waiting(lives, now)
            if waiting is None:
                self._insert_successor(tx, key, step, now)
            elif or_next:
                self._end_predecessor(tx, step)
                store.begin_signing(tx, waiting.kid, now=now)
            else:
                raise misconfigured(
                    "rotation_under_way",
                    f"the key {waiting.kid} has been published and waits for its turn to sign",
                    "wait for it, or give it its turn: ostiary signing-keys rotate --now",
                )
        copy, kid = self._read_again(now), key.kid if waiting is None else waiting.kid
        return next(one for one in copy.keys if one.life.kid == kid)

    def _insert_successor(self, tx: Transaction, key: SignatureKey, step: Succession, now: Millis) -> None:
        self._end_predecessor(tx, step)
        self._insert(tx, self._row(key, now, signs_from=step.signs_from))

    @staticmethod
    def _end_predecessor(tx: Transaction, step: Succession) -> None:
        if step.predecessor is not None and step.verifies_until is not None:
            store.end_signing(tx, step.predecessor, signs_until=step.signs_from, verifies_until=step.verifies_until)

    def _insert(self, tx: Transaction, row: store.KeyRow) -> None:
        store.insert_key(tx, row)
        event = SigningKeyMade(at=row.created_at, kid=row.kid, algorithm=row.algorithm, signs_from=row.signs_from)
        self._bus.emit(event, tx)

    def _row(
        self,
        key: SignatureKey,
        now: Millis,
        *,
        signs_from: Millis,
        signs_until: Millis | None = None,
        verifies_until: Millis | None = None,
    ) -> store.KeyRow:
        sealed = None
        if key.can_sign:
            plain = json.dumps(key.private_members()).encode()
            sealed = self._key_ring.seal(PURPOSE, plain, bound_to=_place(key.kid))
        return store.KeyRow(
            kid=key.kid,
            algorithm=key.algorithm.name,
            public=json.dumps(key.public_members()),
            sealed=sealed,
            created_at=now,
            signs_from=signs_from,
            signs_until=signs_until,
            verifies_until=verifies_until,
        )

    def _opened(self, row: store.KeyRow, known: StoredKey | None = None) -> StoredKey:
        public = known.public if known is not None else parse_jwk(_json(row.public), algorithm=row.algorithm)
        private = None if row.sealed is None else known.private if known is not None else None
        if row.sealed is not None and private is None:
            private = self._open(row.kid, row.sealed, row.algorithm)
        return StoredKey(
            life=_life(row), algorithm=row.algorithm, created_at=row.created_at, public=public, private=private
        )

    def _open(self, kid: str, sealed: bytes, algorithm: str) -> SignatureKey | None:
        try:
            plain = self._key_ring.open(PURPOSE, sealed, bound_to=_place(kid))
        except SealBroken:
            # The secret key that sealed it is gone. What it signed is still believed; it signs nothing any more.
            return None
        return parse_jwk(_json(plain.decode()), algorithm=algorithm)


def _waiting(lives: Iterable[KeyLife], now: Millis) -> KeyLife | None:
    """The key that has been published and does not sign yet."""
    return next((life for life in lives if life.state(now) is KeyState.NEXT), None)


def _life(row: store.KeyRow) -> KeyLife:
    return KeyLife(
        kid=row.kid,
        signs_from=row.signs_from,
        signs_until=row.signs_until,
        verifies_until=row.verifies_until,
    )


def _json(text: str) -> Mapping[str, object]:
    return MappingProxyType(decode_json_object(text.encode()))


def _place(kid: str) -> str:
    return f"signing key:{kid}"
