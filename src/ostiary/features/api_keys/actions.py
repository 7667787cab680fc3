"""What ``auth.api_keys`` does: create, list, find, rotate and revoke the keys of an owner.

A key is never more than its owner: its scope only narrows, the guard asks for both at every request, and where roles
are known nothing can be put into a scope that its owner does not hold.
"""

import secrets
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, TypeAlias

from ostiary.features.api_keys import store
from ostiary.features.api_keys.api_key import (
    AlreadyRotated,
    ApiKey,
    NewApiKey,
    NoSuchKey,
    OwnerNotActive,
    TooManyKeys,
    key_of,
)
from ostiary.features.api_keys.events import ApiKeyCreated, ApiKeyRevoked, ApiKeyRotated
from ostiary.features.api_keys.key_text import Environment, KeyText, spell_key, spell_secret
from ostiary.features.api_keys.wish import parse_wish, tenant_text
from ostiary.kernel.clock import DAY, Clock, Millis
from ostiary.kernel.duration import Duration, milliseconds, spell_duration
from ostiary.kernel.errors import FieldError, ValidationFailed
from ostiary.kernel.event_bus import EventBus
from ostiary.kernel.identifiers import is_id, new_id
from ostiary.kernel.permission import any_covers
from ostiary.kernel.principal import On, Principal
from ostiary.kernel.requirement import Rights
from ostiary.kernel.secret import SECRET_BYTES, digest
from ostiary.kernel.subject import Identified, subject_of
from ostiary.kernel.subject_gate import SubjectGate
from ostiary.storage.database import Database, Transaction

if TYPE_CHECKING:
    from ostiary.features.api_keys.settings import ApiKeysSettings

Keys: TypeAlias = list[ApiKey]

# A quarter: who has not changed to the successor by then does not know that there is one.
LONGEST_OVERLAP: Final = 90 * DAY

# What a gate says of a subject that is no account. A key may belong to a machine that has none.
_NO_ACCOUNT: Final = "no_account"


class ApiKeyActions:
    """``auth.api_keys``."""

    __slots__ = ("_bus", "_clock", "_database", "_environment", "_gate", "_narrowing", "_rights", "settings")

    def __init__(
        self,
        settings: "ApiKeysSettings",
        *,
        environment: Environment,
        database: Database,
        bus: EventBus,
        clock: Clock,
        gate: Callable[[], SubjectGate | None],
        rights: Callable[[], Rights | None],
        narrowing: Callable[[], frozenset[str]] = frozenset,
    ) -> None:
        self.settings = settings
        self._environment: Environment = environment
        self._database = database
        self._bus = bus
        self._clock = clock
        self._gate = gate
        self._rights = rights
        # What a policy asks of a scope: no role grants it, and it grants nothing itself.
        self._narrowing = narrowing

    def create(
        self,
        owner: str | Identified,
        *,
        name: str,
        scope: Iterable[str] | None = None,
        expires: Duration | None = None,
        limit: str | None = None,
        tenant: On | None = None,
    ) -> NewApiKey:
        """Make a key for an account or any subject. The answer holds its secret, which is nowhere else.

        ``scope``    permissions, such as ``["order:read"]``, that it is narrowed to; None narrows nothing
        ``expires``  how long it lives; a year unless settings say otherwise
        ``limit``    how often it may be used, ``"600/minute"``; None is the application's
        ``tenant``   the place it is bound to, ``("org", "acme")``. Does its owner belong there now, it ends when she leaves

        Raises ``ValidationFailed`` with everything that is wrong, ``TooManyKeys`` and ``OwnerNotActive``.
        """
        subject = subject_of(owner)
        wish = parse_wish(
            name=name,
            scope=scope,
            expires=expires,
            limit=limit,
            tenant=tenant,
            default=milliseconds(self.settings.expires),
            longest=milliseconds(self.settings.longest),
        )
        # The epoch before the state: a suspension in between raises it, and the key is dead when it is born.
        epoch, rights = self._standing_of(subject)
        self._require_active(subject)
        principal = Principal(subject, rights_version=rights)
        self._require_held(principal, wish.scope, wish.tenant)
        # Asked before the key is there: whoever leaves meanwhile leaves it behind.
        of_member = self._belongs(principal, wish.tenant)
        now = self._clock.now()
        new = self._new_text(now)
        with self._database.write() as tx:
            store.serialise(tx, subject)
            if store.count_current(tx, subject, now=now) >= self.settings.at_most:
                raise TooManyKeys(detail=f"the limit is {self.settings.at_most}")
            row = store.KeyRow(
                id=new.id,
                subject=subject,
                epoch=epoch,
                name=wish.name,
                scope=None if wish.scope is None else " ".join(wish.scope),
                tenant=tenant_text(wish),
                of_member=int(of_member),
                allowance=wish.limit,
                created_at=now,
                expires_at=now + wish.lives_for,
                used_at=0,
                used_from=None,
                successor=None,
            )
            return self._add(tx, row, new)

    def list(self, owner: str | Identified) -> Keys:
        """The keys of an owner that are good now, the newest first."""
        now = self._clock.now()
        with self._database.read() as connection:
            return [key_of(row) for row in store.live_of(connection, subject_of(owner), now=now)]

    def find(self, id: str) -> ApiKey | None:
        """A key that is good now, whoever's it is; None if there is none of this id."""
        if not is_id(id):
            return None
        now = self._clock.now()
        with self._database.read() as connection:
            row = store.find_live(connection, id, now=now)
        return None if row is None else key_of(row)

    def rotate(self, id: str, *, owner: str | Identified, overlap: Duration = "7d") -> NewApiKey:
        """Replace a key by a new one of the same name, scope, limit and place, that lives as long as it was to live.

        Both are good until ``overlap`` has passed, or the old one ends by itself; with 0 it ends at once. A key has
        one successor. Raises ``NoSuchKey``, also for somebody else's, and ``AlreadyRotated``.
        """
        subject, length = subject_of(owner), _overlap(overlap)
        if not is_id(id):
            raise NoSuchKey
        now = self._clock.now()
        new = self._new_text(now)
        with self._database.write() as tx:
            old = store.find_live(tx.connection, id, subject=subject, now=now)
            if old is None:
                raise NoSuchKey
            ends_at = min(old.expires_at, now + length)
            if not store.supersede(tx, id, subject=subject, successor=new.id, ends_at=ends_at, now=now):
                raise AlreadyRotated
            life = min(old.expires_at - old.created_at, milliseconds(self.settings.longest))
            row = store.KeyRow(
                id=new.id,
                subject=subject,
                # The one it was found under: if it is raised meanwhile, both are dead.
                epoch=old.epoch,
                name=old.name,
                scope=old.scope,
                tenant=old.tenant,
                of_member=old.of_member,
                allowance=old.allowance,
                created_at=now,
                expires_at=now + life,
                used_at=0,
                used_from=None,
                successor=None,
            )
            rotated = ApiKeyRotated(at=now, subject=subject, key=id, label=old.name, successor=new.id, ends_at=ends_at)
            self._bus.emit(rotated, tx)
            return self._add(tx, row, new)

    def revoke(self, id: str, *, owner: str | Identified, reason: str = "revoked") -> None:
        """End a key at once; its successor, if it has one, goes on. Raises ``NoSuchKey``, also for somebody else's."""
        subject = subject_of(owner)
        if not is_id(id):
            raise NoSuchKey
        with self._database.write() as tx:
            name = store.delete(tx, id, subject=subject)
            if name is None:
                raise NoSuchKey
            revoked = ApiKeyRevoked(at=self._clock.now(), subject=subject, key=id, label=name, reason=reason)
            self._bus.emit(revoked, tx)

    def _standing_of(self, subject: str) -> tuple[int, int]:
        with self._database.read() as connection:
            return store.standing_of(connection, subject)

    def _require_active(self, subject: str) -> None:
        gate = self._gate()
        why = None if gate is None else gate.why_not(subject)
        if why not in (None, _NO_ACCOUNT):
            raise OwnerNotActive(detail=f"the account is {why}")

    def _require_held(self, owner: Principal, scope: tuple[str, ...] | None, tenant: On | None) -> None:
        """Refuse a scope with something that its owner does not hold. The one place where rights meet a new key."""
        rights = self._rights()
        if rights is None or scope is None:
            return
        held, narrowing = rights.permissions(owner, tenant), self._narrowing()
        beyond = [one for one in scope if not any_covers(held, one) and one not in narrowing]
        if beyond:
            text = f"Nobody gives a key what she may not do herself: {', '.join(beyond)}."
            raise ValidationFailed(FieldError("scope", "not_held", text))

    def _belongs(self, owner: Principal, tenant: On | None) -> bool:
        """Whether the owner of a key is at home where it is bound: a machine, or staff, need not be."""
        rights = self._rights()
        return rights is not None and tenant is not None and rights.belongs(owner, tenant)

    def _new_text(self, now: Millis) -> KeyText:
        return KeyText(
            prefix=self.settings.prefix,
            environment=self._environment,
            id=new_id(now, secrets.token_bytes(10)),
            secret=spell_secret(secrets.token_bytes(SECRET_BYTES)),
        )

    def _add(self, tx: Transaction, row: store.KeyRow, new: KeyText) -> NewApiKey:
        store.add(tx, row, secret_hash=digest(new.secret))
        key = key_of(row)
        scope = None if key.scope is None else tuple(sorted(key.scope))
        created = ApiKeyCreated(
            at=row.created_at, subject=row.subject, key=row.id, label=row.name, scope=scope, expires_at=row.expires_at
        )
        self._bus.emit(created, tx)
        return NewApiKey(key=key, secret=spell_key(new))


def _overlap(overlap: Duration) -> Millis:
    # Zero is no duration, and here it says something: the old key ends at once.
    try:
        length = 0 if overlap == 0 and not isinstance(overlap, bool) else milliseconds(overlap)
    except ValueError:
        raise ValidationFailed(FieldError("overlap", "unusable", 'Say how long both are good: "7d", "24h".')) from None
    if length > LONGEST_OVERLAP:
        text = f"Both are good for at most {spell_duration(LONGEST_OVERLAP)}."
        raise ValidationFailed(FieldError("overlap", "too_long", text))
    return length
