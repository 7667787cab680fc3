"""The ephemeral store: keys that expire, and atomic verbs to spend, count and compare them.

What may be spent once is spent in one step of the store, so that of any number of callers exactly one
succeeds. Time is always the caller's ``now``: a store reads no clock to decide whether a key is alive.
"""

from typing import Protocol

from ostiary.kernel.clock import Millis
from ostiary.kernel.dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What a rate limit answers: whether the use was counted, and if not, the milliseconds to wait (else 0)."""

    allowed: bool
    wait: Millis


class EphemeralStore(Protocol):
    """Short-lived state, in SQL, Redis or memory, with the same meaning everywhere.

    A key is alive while ``now`` is before its ``expires_at`` (milliseconds since the epoch, UTC). One
    key is either a value (``put``, ``add``), a counter (``count``) or a limit (``increment_within``).
    Every verb raises ``Unavailable`` when the store cannot be reached: nothing is let through uncounted.
    """

    def put(self, key: str, value: bytes, *, expires_at: Millis, now: Millis) -> None:
        """Keep a value, whatever was there."""
        ...

    def get(self, key: str, *, now: Millis) -> bytes | None:
        """The value, or None if the key is not alive."""
        ...

    def consume_once(self, key: str, *, now: Millis) -> bytes | None:
        """Take the value out. Of any number of callers one gets it, all others None."""
        ...

    def add(self, key: str, value: bytes, *, expires_at: Millis, now: Millis) -> bool:
        """Keep a value only if the key is not alive. Of any number of callers one gets True: a replay window."""
        ...

    def compare_and_set(self, key: str, old: bytes, new: bytes, *, expires_at: Millis, now: Millis) -> bool:
        """Replace the value if it is alive and still ``old``. Of callers with the same ``old`` one gets True."""
        ...

    def increment_within(self, key: str, *, cost: Millis, burst: Millis, now: Millis) -> Charge:
        """Count one use against a limit, by the generic cell rate algorithm (ITU-T I.371).

        The key remembers the theoretical arrival time, at which all uses so far are paid for. A use
        moves it by ``cost`` from where it is, or from ``now`` if that is later, and is allowed only if
        it then lies at most ``burst`` ahead of ``now``. Raises ``ValueError`` unless 0 < cost <= burst.
        """
        ...

    def give_back(self, key: str, *, cost: Millis, now: Millis) -> None:
        """Take one use against a limit back, as if it had not been counted; nothing for a key that is not alive."""
        ...

    def count(self, key: str, *, by: int = 1, expires_at: Millis, now: Millis) -> int:
        """Add to a counter, which begins at 0 when the key is not alive; the answer is the new count.

        ``expires_at`` holds for a counter that begins; one that is alive keeps its own.
        """
        ...

    def delete(self, key: str) -> None:
        """Forget a key."""
        ...

    def prune(self, *, now: Millis, batch: int = 1000) -> int:
        """Remove keys that are no longer alive, ``batch`` at a time; the answer is how many."""
        ...

    def close(self) -> None:
        """Close what this process has open; the next use opens it again."""
        ...


def check_charge(cost: Millis, burst: Millis) -> None:
    """Refuse a limit that could never be met, or never be reached."""
    if not 0 < cost <= burst:
        message = f"a limit needs 0 < cost <= burst, not cost={cost}, burst={burst}"
        raise ValueError(message)
