"""Presenting an API key: in ``Authorization: Bearer`` or in a header field of its own, checked in one read.

A key is good when its checksum and its secret match, its owner's epoch is the one it was made under, and it has not
expired. Whatever else it is, the program gets the same 401 (RFC 6750 §3.1). What does not look like a key of ours
in ``Authorization`` is left to whoever reads other tokens there.
"""

import hmac
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar, Final

from ostiary.features.api_keys import store
from ostiary.features.api_keys.key_text import Environment, checksum_is_right, parse_key
from ostiary.kernel.client import ClientSource
from ostiary.kernel.clock import MINUTE, Millis
from ostiary.kernel.limit import Limiter, parse_limit
from ostiary.kernel.principal import Credential, Principal, decode_place
from ostiary.web.bearer_challenge import bearer_challenge
from ostiary.web.credential_reader import Presented, Reading, Rejected

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from ostiary.storage.guard_reads import GuardReads

KIND: Final = "api_key"

# Nobody reads "last used" to the second.
_TOUCH_EVERY: Final = MINUTE
_SCHEME: Final = "bearer "
# RFC 6750 §3.1: expired, revoked, malformed or invalid for other reasons is one error.
_INVALID: Final = bearer_challenge("invalid_token", "The key is not valid")


def key_reason(row: tuple[Any, ...], secret: str, now: Millis) -> str | None:
    """Why this row does not let the request in, or None if it does. A rule over the guard's read."""
    secret_hash, _, epoch, _, _, _, _, expires_at, _, current_epoch, _ = row
    if not hmac.compare_digest(sha256(secret.encode()).digest(), bytes(secret_hash)):
        return "wrong_secret"
    if epoch != current_epoch:
        return "revoked"
    # At the very instant it ends, it has ended.
    if now >= expires_at:
        return "expired"
    return None


class PresentedKeys:
    """Checks the text of a key, wherever it came from."""

    __slots__ = ("_client", "_environment", "_limit", "_limiter", "_prefix", "_reads", "_select", "_touch")

    def __init__(
        self,
        reads: "GuardReads",
        *,
        prefix: str,
        environment: Environment,
        limit: str | None,
        limiter: Limiter,
        client: ClientSource,
    ) -> None:
        self._reads = reads
        self._select = reads.compile(store.guard_read())
        self._touch = reads.compile(store.touch())
        self._prefix = prefix
        self._environment = environment
        self._limit = limit
        self._limiter = limiter
        self._client = client

    @property
    def beginnings(self) -> tuple[str, ...]:
        """What a text begins with that means to be a key of this application."""
        return (f"{self._prefix}_live_", f"{self._prefix}_test_")

    def present(self, text: str, now: Millis) -> Presented | Rejected:
        """Somebody, or why the text is nobody's. Raises ``TooManyAttempts`` for a good key that is used too often."""
        key = parse_key(text)
        if key is None or key.prefix != self._prefix:
            return Rejected("malformed")
        if not checksum_is_right(text):
            return Rejected("wrong_checksum")
        if key.environment != self._environment:
            return Rejected("wrong_environment")
        row = self._reads.fetch_one(self._select, (key.id,))
        if row is None:
            return Rejected("unknown")
        reason = key_reason(row, key.secret, now)
        if reason is not None:
            return Rejected(reason, subject=None if reason == "wrong_secret" else row[1])
        # Once the secret is known to be right: a stranger who knows an id must not use up the owner's allowance.
        allowance = row[6] or self._limit
        if allowance is not None:
            self._limiter.charge(parse_limit("api_keys.limit", allowance), key.id)
        return self._presented(key.id, row, now)

    def _presented(self, id: str, row: tuple[Any, ...], now: Millis) -> Presented:
        _, subject, _, scope, tenant, of_member, _, _, used_at, _, rights = row
        principal = Principal(
            subject,
            kind="program",
            credential=Credential(KIND, id),
            scope=None if scope is None else frozenset(scope.split()),
            tenant=decode_place(tenant),
            rights_version=rights,
        )
        used = self._used(id, now) if now - used_at >= _TOUCH_EVERY else None
        return Presented(principal, id, used, of_member=bool(of_member))

    def _used(self, id: str, now: Millis) -> Callable[[], object]:
        return lambda: self._reads.touch(self._touch, (now, self._client().network, id))


class BearerKeyReader:
    """Reads a key from ``Authorization: Bearer`` (RFC 6750 §2.1), and leaves every other token there alone."""

    __slots__ = ("_beginnings", "_keys", "challenge", "cookies", "header")

    kind: ClassVar[str] = KIND
    ambient: ClassVar[bool] = False

    def __init__(self, keys: PresentedKeys) -> None:
        self.header = "Authorization"
        self.cookies: tuple[str, ...] = ()
        self.challenge = 'Bearer realm="api"'
        self._keys = keys
        self._beginnings = keys.beginnings

    def read(self, environ: "WSGIEnvironment", now: Millis) -> Reading:
        """Somebody, a key that is not good, or nothing of ours."""
        header: str | None = environ.get("HTTP_AUTHORIZATION")
        # RFC 9110 §11.1: the scheme in any case.
        if header is None or header[: len(_SCHEME)].lower() != _SCHEME:
            return None
        text = header[len(_SCHEME) :].strip(" ")
        if not text.startswith(self._beginnings):
            return None
        reading = self._keys.present(text, now)
        if isinstance(reading, Rejected):
            return replace(reading, code="invalid_token", challenge=_INVALID)
        return reading


class HeaderKeyReader:
    """Reads a key from a header field of its own, ``X-API-Key``: whatever stands there means to be one."""

    __slots__ = ("_field", "_keys", "challenge", "cookies", "header")

    kind: ClassVar[str] = KIND
    ambient: ClassVar[bool] = False

    def __init__(self, keys: PresentedKeys, header: str) -> None:
        self.cookies: tuple[str, ...] = ()
        self._keys = keys
        self.header = header
        self._field = f"HTTP_{header.upper().replace('-', '_')}"
        # RFC 9110 §15.5.2 wants a challenge with every 401, and no scheme is registered for a field of one's own.
        self.challenge = f'ApiKey realm="api", header="{header}"'

    def read(self, environ: "WSGIEnvironment", now: Millis) -> Reading:
        """Somebody, a key that is not good, or nothing."""
        text: str | None = environ.get(self._field)
        return None if text is None else self._keys.present(text.strip(" "), now)
