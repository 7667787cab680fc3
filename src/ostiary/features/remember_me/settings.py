"""Settings of remembered browsers: each with its unit, its reason and the source of its default."""

from ostiary.kernel.duration import Duration
from ostiary.kernel.feature import Feature, feature, setting


@feature
class RememberMeSettings(Feature):
    """``OSTIARY_REMEMBER_ME_…``"""

    lifetime: Duration = setting(
        default="30d",
        about="How long a browser stays remembered after the sign-in that asked for it, however often it comes back. "
        "NIST SP 800-63B-4 §2.1.3: 30 days with one factor.",
    )
    grace: Duration = setting(
        default="1m",
        about="How long the token before the newest is answered with the same successor again: an answer that was lost "
        "on the way, or tabs that are restored at once. After it, that token is a copy, and the browser is forgotten.",
    )
