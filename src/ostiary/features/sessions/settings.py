"""Settings of sessions: each with its unit, its reason and the source of its default."""

from ostiary.kernel.duration import Duration
from ostiary.kernel.feature import Feature, feature, setting


@feature
class SessionsSettings(Feature):
    """``OSTIARY_SESSIONS_…``"""

    idle: Duration = setting(
        default="14d",
        about="How long a session lives without a request. Two weeks suits most sites; NIST SP 800-63B-4 §2.2.3 asks "
        "for one hour where two factors are required.",
    )
    absolute: Duration = setting(
        default="30d",
        about="How long a session lives whatever happens. NIST SP 800-63B-4 §2.1.3: 30 days with one factor, "
        "24 hours with two.",
    )
    at_most: int | None = setting(
        default=None,
        about="How many sessions a subject may have at once; a further sign-in ends the oldest. None: no limit.",
    )
    cookie_domain: str | None = setting(
        default=None,
        about='A parent domain such as "shop.example" to share the session with subdomains. It gives up the __Host- '
        "prefix, and every subdomain must be trusted. None: this host alone.",
    )
    cache: Duration | None = setting(
        default=None,
        about="How long a process may go on with what it read of a session, at most a minute. None: every request reads. On "
        "an SQLite file nothing is ever old, whatever is set: every request asks whether the file has changed. On PostgreSQL "
        "a session that another process ended, a change of rights there, and where a session acts, is noticed that much later.",
    )
