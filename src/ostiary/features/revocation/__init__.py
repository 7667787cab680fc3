"""Revocation: access tokens that are refused before they expire, at the next request, without a query a request.

    settings.py   how old an answer may be, and what to do without one
    revoke.py     revoking, and asking
    follow.py     the copy of the log that each process keeps
    known.py      what is in it
    store.py      reading the log

The log itself is ``storage/revocations.py``: every raise of an epoch or of rights is written there, too.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from ostiary.features.revocation.known import Reason, Revocable
from ostiary.features.revocation.settings import RevocationSettings
from ostiary.kernel.clock import MINUTE
from ostiary.kernel.duration import milliseconds
from ostiary.kernel.errors import Problem
from ostiary.kernel.feature import feature
from ostiary.kernel.resources import Resources
from ostiary.web.contribution import Contribution

if TYPE_CHECKING:
    from ostiary.features.revocation.revoke import Revocations

__all__ = ["Reason", "Revocable", "Revocation", "Revocations"]


def __getattr__(name: str) -> Any:  # a public name that brings SQLAlchemy
    if name == "Revocations":
        from ostiary.features.revocation.revoke import Revocations

        return Revocations
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


@feature
class Revocation(RevocationSettings):
    """Access tokens that can be revoked. Comes with ``Tokens()``; list it only to change its settings."""

    name: ClassVar[str] = "revocation"

    def stores(self) -> bool:
        """What is revoked stays so over a restart."""
        return True

    def problems(self) -> Iterable[Problem]:
        """What is wrong with these settings."""
        if milliseconds(self.staleness) > MINUTE:
            yield Problem(
                code="revocation_too_late",
                what=f"Revocation(staleness={self.staleness!r}) lets a revoked token pass for that long",
                cure='at most a minute; "1s" costs each process one small query a second',
            )

    def expiring(self) -> tuple[object, ...]:
        """Rows about tokens that have expired by themselves."""
        from ostiary.storage.prune import Expiring  # SQLAlchemy only where it is used
        from ostiary.storage.revocations import KEPT_BEYOND, revocations

        return (Expiring(table=revocations, column="expires_at", keep=KEPT_BEYOND),)

    def contribute(self, resources: Resources) -> Contribution:
        """The log, for those who issue and verify tokens."""
        from ostiary.features.revocation.follow import Follower, ProcessCopy  # SQLAlchemy only where it is used
        from ostiary.features.revocation.revoke import Revocations
        from ostiary.features.revocation.store import LogReader
        from ostiary.storage.database import Database
        from ostiary.storage.guard_reads import GuardReads

        database, reads = resources[Database], resources[GuardReads]
        staleness = milliseconds(self.staleness)

        def make() -> ProcessCopy:
            on_change = database.dialect == "sqlite"
            return ProcessCopy(LogReader(database, reads), on_change=on_change, staleness=staleness)

        follower = Follower(make, when_away=self.when_away, pause=staleness)
        database.followers.add(follower)
        return Contribution(actions=Revocations(follower))
