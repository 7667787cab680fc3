"""The generic cell rate algorithm (GCRA, ITU-T I.371): one number a key, one atomic step a charge.

The number is the *theoretical arrival time*: the instant at which the bucket will be empty again. A
charge pushes it ``cost`` further, unless that would lead more than ``period`` ahead. Because the step
is one statement in the store, N parallel guesses are N charges: none slips through between a read
and a write.
"""

from collections.abc import Callable

from ostiary.kernel.clock import Clock
from ostiary.kernel.errors import TooManyAttempts
from ostiary.kernel.events import Event, RateLimited
from ostiary.kernel.key_ring import KeyRing
from ostiary.kernel.limit import Limit
from ostiary.kernel.rehearsal import Rehearsal
from ostiary.storage.ephemeral.store import EphemeralStore

_PURPOSE = "rate limits"


class RateLimiter:
    """Counts against limits in the ephemeral store."""

    __slots__ = ("_announce", "_clock", "_enabled", "_key_ring", "_rehearsal", "_store")

    def __init__(
        self,
        store: EphemeralStore,
        key_ring: KeyRing,
        clock: Clock,
        announce: Callable[[Event], None],
        *,
        enabled: bool,
        rehearsal: Rehearsal | None = None,
    ) -> None:
        self._store = store
        self._key_ring = key_ring
        self._clock = clock
        self._announce = announce
        self._enabled = enabled
        self._rehearsal = rehearsal

    def charge(self, limit: Limit, key: str) -> None:
        """Count one use for a key.

        Raises ``TooManyAttempts`` with the seconds to wait when the limit is reached, and ``Unavailable``
        when the store cannot be reached: a limiter that cannot count lets nobody guess.
        """
        if not self._counts():
            return
        now = self._clock.now()
        charge = self._store.increment_within(self._stored(limit, key), cost=limit.cost, burst=limit.burst, now=now)
        if not charge.allowed:
            self._announce(RateLimited(at=now, limit=limit.name))
            # Rounded up: whoever waits exactly as long as told must not be refused again.
            raise TooManyAttempts(retry_after=-(-charge.wait // 1000), detail=f"limit {limit.name} is reached")

    def give_back(self, limit: Limit, key: str) -> None:
        """Take one use back that was charged for a key."""
        if self._counts():
            self._store.give_back(self._stored(limit, key), cost=limit.cost, now=self._clock.now())

    def forget(self, limit: Limit, key: str) -> None:
        """Take all uses back that were charged for a key."""
        if self._counts():
            self._store.delete(self._stored(limit, key))

    def _counts(self) -> bool:
        return self._enabled and (self._rehearsal is None or self._rehearsal.limits)

    def _stored(self, limit: Limit, key: str) -> str:
        # Keys are names and addresses of people: the store holds only a keyed digest of them.
        return f"limit:{limit.name}:{self._key_ring.mac(_PURPOSE, key.encode()).hex()[:32]}"
