"""Settings of revocation: how old an answer may be, and what to answer when nobody can be asked."""

from typing import Literal, TypeAlias

from ostiary.kernel.duration import Duration
from ostiary.kernel.feature import Feature, feature, setting

WhenAway: TypeAlias = Literal["refuse", "accept"]


@feature
class RevocationSettings(Feature):
    """``OSTIARY_REVOCATION_…``"""

    staleness: Duration = setting(
        default="1s",
        about="How long a process may go on accepting what another one revoked, on PostgreSQL: each process reads the log "
        "again when its copy is older. One small query a second costs nothing that shows. On an SQLite file every request "
        "asks whether the file has changed, and the answer is never old.",
    )
    when_away: WhenAway = setting(
        default="refuse",
        about='What happens to access tokens while the database cannot be reached. "refuse": 503, since nobody knows what '
        'was revoked. "accept": they are good until they expire, unless this process knows better.',
    )
