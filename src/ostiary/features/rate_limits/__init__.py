"""Rate limits: how often a stranger may try, counted in one atomic step (GCRA).

No feature imports this one: they ask for a ``kernel.limit.Limiter``.

    settings.py   the switch
    gcra.py       the counter
"""

from typing import ClassVar

from ostiary.features.rate_limits.gcra import RateLimiter
from ostiary.features.rate_limits.settings import RateLimitsSettings
from ostiary.kernel.clock import Clock
from ostiary.kernel.event_bus import EventBus
from ostiary.kernel.feature import feature
from ostiary.kernel.key_ring import KeyRing
from ostiary.kernel.limit import Limiter
from ostiary.kernel.rehearsal import Rehearsal
from ostiary.kernel.resources import Resources
from ostiary.web.contribution import Contribution

__all__ = ["RateLimiter", "RateLimits"]


@feature
class RateLimits(RateLimitsSettings):
    """How often a stranger may try. On in every application; list it only to change its settings."""

    name: ClassVar[str] = "rate_limits"

    def contribute(self, resources: Resources) -> Contribution:
        """The limiter behind ``kernel.limit.Limiter``."""
        from ostiary.storage.ephemeral.store import EphemeralStore  # only where something is counted

        limiter = RateLimiter(
            resources[EphemeralStore],  # type: ignore[type-abstract] # found by the protocol it fulfils
            resources[KeyRing],
            resources[Clock],  # type: ignore[type-abstract]
            resources[EventBus].announce,
            enabled=self.enabled,
            rehearsal=resources.find(Rehearsal),
        )
        resources.add(limiter, as_type=Limiter)
        return Contribution(actions=limiter)
