"""Settings of one-time tokens: how long a link that was sent to somebody is good for."""

from ostiary.kernel.duration import Duration
from ostiary.kernel.feature import Feature, feature, setting


@feature
class OneTimeTokensSettings(Feature):
    """``OSTIARY_ONE_TIME_TOKENS_…``"""

    verification: Duration = setting(
        default="24h",
        about="How long a link that proves an address is good for. NIST SP 800-63B-4 §4.2.1.2: 24 hours at most by mail.",
    )
    invitation: Duration = setting(
        default="7d",
        about="How long an invitation is good for. Nobody waits for one: a week spans a weekend and a sick day. 30d at most.",
    )
    reset: Duration = setting(
        default="1h",
        about="How long a link that sets a new password is good for. Whoever asks for one is waiting for it.",
    )
