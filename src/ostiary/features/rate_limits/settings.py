"""Settings of the rate limits."""

from ostiary.kernel.feature import Feature, feature, setting


@feature
class RateLimitsSettings(Feature):
    """``OSTIARY_RATE_LIMITS_…``"""

    enabled: bool = setting(
        default=True,
        about="Whether limits are counted. Off only in tests: without them, guessing costs an attacker nothing.",
    )
