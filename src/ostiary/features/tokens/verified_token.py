"""Verified tokens: what a good access token says, and the memory of those that were seen before.

A signature is checked once; after that the SHA-256 of the whole token finds the verdict until the token ends. Only good
tokens get in, so that a stranger's garbage pushes nobody out. Revocation is asked every time all the same.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ostiary.kernel.clock import Millis
from ostiary.kernel.factor import Factor
from ostiary.kernel.principal import On, Principal

MOST_REMEMBERED: Final = 4_096
"""A few megabytes. Beyond it, what was not seen for longest is verified again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedToken:
    """An access token whose signature and claims are good. Times are milliseconds since the Unix epoch.

    ``client``     who it was issued to; None: this application itself
    ``family``     the refresh family it belongs to
    ``rights``     the version of its subject's rights when it was issued
    ``scope``      the permissions it is narrowed to; None is unrestricted
    ``claims``     what the application added
    ``principal``  the caller it makes
    """

    subject: str
    jti: str
    client: str | None
    family: str | None
    epoch: int
    rights: int
    factors: tuple[Factor, ...]
    scope: frozenset[str] | None
    audience: frozenset[str]
    tenant: On | None
    claims: Mapping[str, Any]
    issued_at: Millis
    expires_at: Millis
    principal: Principal = field(repr=False)


class VerifiedTokens:
    """Remembers verdicts by the digest of the token: bounded, until the token ends. For many threads."""

    __slots__ = ("_capacity", "_known", "_lock", "_version")

    def __init__(self, capacity: int = MOST_REMEMBERED) -> None:
        self._capacity = capacity
        self._known: OrderedDict[bytes, VerifiedToken] = OrderedDict()
        self._lock = threading.Lock()
        self._version = 0

    def __len__(self) -> int:
        return len(self._known)

    def find(self, digest: bytes, *, version: int, now: Millis) -> VerifiedToken | None:
        """The verdict on a token, if it still holds; ``version`` is that of the keys, and a new one forgets everything."""
        with self._lock:
            if version != self._version:
                self._known.clear()
                self._version = version
                return None
            found = self._known.get(digest)
            if found is None:
                return None
            # RFC 7519 §4.1.4: not on or after.
            if now >= found.expires_at:
                del self._known[digest]
                return None
            self._known.move_to_end(digest)
            return found

    def remember(self, digest: bytes, token: VerifiedToken, *, version: int) -> None:
        """Keep the verdict on a good token, unless the keys have changed since it was looked at."""
        with self._lock:
            if version != self._version:
                return
            self._known[digest] = token
            if len(self._known) > self._capacity:
                self._known.popitem(last=False)
