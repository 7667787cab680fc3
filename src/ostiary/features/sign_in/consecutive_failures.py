"""Consecutive failures: after a hundred wrong proofs in a row, the account can be guessed at no further.

Law: NIST SP 800-63B-4 §3.2.2: at most 100 consecutive failures, then the authenticator is disabled;
browsers that have signed in before may go on; a success forgets what was before it. The refusal is the
one for a wrong proof, since "disabled" would say that the account exists; the log says why.
"""

from typing import Final

from ostiary.kernel.clock import DAY, Millis
from ostiary.kernel.key_ring import KeyRing
from ostiary.storage.ephemeral.store import EphemeralStore

# How long a run of failures is remembered. Somebody who has no browser left that signed in before gets her account back
# after it, unless it is given back to her earlier (``forgive``); an attacker gets 100 guesses a month.
_REMEMBERED: Final[Millis] = 30 * DAY
_PURPOSE: Final = "consecutive failures"


class ConsecutiveFailures:
    """Counts proofs since the last success, for a subject and a method, and for each known device apart."""

    __slots__ = ("_key_ring", "_most", "_store")

    def __init__(self, store: EphemeralStore, key_ring: KeyRing, *, most: int) -> None:
        self._store = store
        self._key_ring = key_ring
        self._most = most

    def allow(self, subject: str | None, method: str, *, device: str | None, now: Millis) -> bool:
        """Count a proof that was just verified, right or wrong; False when it is one too many.

        Counted in one step and before it is believed, so that of any number at once no more than the
        limit get an answer. None is nobody: counted all the same, so that it takes the same work.
        """
        count = self._store.count(self._key(subject, method, device), expires_at=now + _REMEMBERED, now=now)
        return count <= self._most

    def forgive(self, subject: str, method: str, *, device: str | None = None) -> None:
        """Forget the failures: she signed in, or was given a new authenticator."""
        self._store.delete(self._key(subject, method, None))
        if device is not None:
            self._store.delete(self._key(subject, method, device))

    def _key(self, subject: str | None, method: str, device: str | None) -> str:
        # One counter for all that belong to nobody: made-up names fill no table. Keyed, since several applications may
        # share one Redis, and a success in one must forget nothing in the other.
        whose = f"{method}|" if subject is None else f"{method}|{device or ''}|{subject}"
        return f"failures:{self._key_ring.mac(_PURPOSE, whose.encode()).hex()}"
