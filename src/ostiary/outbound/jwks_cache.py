"""The keys of an issuer (JWKS, RFC 7517), cached; a key id nobody knows fetches them again, at most once a minute.

So a provider's rotation is seen at the first token of the new key, and a storm of invented key ids costs one
request a minute. One object holds one issuer's keys: a key of another issuer is never looked at (RFC 8725 §3.8).
"""

from collections.abc import Callable

from ostiary.kernel.clock import Clock
from ostiary.outbound.client import OutboundClient
from ostiary.outbound.json_cache import JsonCache
from ostiary.standards.jose.key_set import KeySet


class JwksCache:
    """The keys of one issuer. ``where`` says at which address, ``read`` makes keys of the document."""

    __slots__ = ("_cache",)

    def __init__(
        self,
        issuer: str,
        where: Callable[[], str],
        read: Callable[[bytes], KeySet],
        *,
        client: OutboundClient,
        clock: Clock,
    ) -> None:
        self._cache: JsonCache[KeySet] = JsonCache(
            f"the keys of {issuer}", lambda: (where(),), read, client=client, clock=clock
        )

    def get(self) -> KeySet:
        """The keys as they are known. Raises ``DocumentUnavailable``."""
        return self._cache.get().value

    def get_with(self, kid: str | None) -> KeySet:
        """The keys, fetched again if none has this name. It may be missing still. Raises ``DocumentUnavailable``."""
        kept = self._cache.get()
        if kid is None or kid in kept.value:
            return kept.value
        newer = self._cache.get_newer(kept)
        return kept.value if newer is None else newer.value
