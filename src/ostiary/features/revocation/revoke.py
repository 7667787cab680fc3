"""Revoking an access token, a family or a client, and asking whether one was: what every token is asked on every request."""

from ostiary.features.revocation.follow import Follower
from ostiary.features.revocation.known import Reason, Revocable
from ostiary.kernel.clock import Millis
from ostiary.storage.revocations import append
from ostiary.storage.transaction import Transaction


class Revocations:
    """What was revoked before it expired, for whoever issues or verifies access tokens.

    A subject is not revoked here: her epoch is raised (``storage.subjects``), and tokens of before are then refused.
    """

    __slots__ = ("_follower", "known")

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self.known = follower.known
        """What is known to be revoked: see ``Follower.known``. To be asked every time, whatever was verified before."""

    def revoke(self, tx: Transaction, kind: Revocable, key: str, *, expires_at: Millis, now: Millis) -> None:
        """Refuse a token, or all of a family or a client, from the commit of ``tx`` until ``expires_at``.

        ``expires_at`` is when the last token that this is about expires; for a family or a client that is
        ``now + LONGEST_ACCESS_TOKEN`` at the latest. A client's tokens are refused whenever they were issued.
        """
        # Whoever revokes the same token over and over again adds one row, not thousands: what is in memory was committed.
        if not self._follower.copy().known.knows(kind, key, until=expires_at):
            append(tx, kind, key, expires_at=expires_at, now=now)

    def is_revoked(
        self, *, jti: str, family: str | None, client: str | None, subject: str, epoch: int, now: Millis
    ) -> Reason | None:
        """Why a token is refused, in one word; None if it is good. Raises ``Unavailable``, as ``known``."""
        known = self.known(now)
        return known.reason_against(jti=jti, family=family, client=client, subject=subject, epoch=epoch)

    def rights_of(self, subject: str, rights: int) -> int:
        """The newest version of a subject's rights: what her token says, or what was told since. After ``is_revoked``."""
        return max(rights, self._follower.copy().known.rights_of(subject))
