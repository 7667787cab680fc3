"""The life of a signing key: next, current, retired, gone; and when its successor is due. Pure, over values and ``now``.

A key is published before it signs, so that whoever keeps a copy of the set knows it in time, and verifies until
the last token that it signed has expired: no live token is ever refused because a key changed.
"""

from collections.abc import Iterable
from enum import Enum
from typing import Final

from ostiary.kernel.clock import HOUR, Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.token_lifetime import LONGEST_ACCESS_TOKEN

PUBLISHED_AHEAD: Final[Millis] = HOUR
"""How long a key is published before it signs: many times as long as our answer may be kept (``http.py``)."""

# A process that was stopped in between may sign with what it knew; tokens are an hour late at most.
_VERIFIES_AFTER: Final[Millis] = LONGEST_ACCESS_TOKEN + HOUR


class KeyState(Enum):
    """Where a key stands in its life."""

    NEXT = "next"
    CURRENT = "current"
    RETIRED = "retired"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLife:
    """When a key signs and verifies. Times are milliseconds since the Unix epoch.

    ``signs_until`` and ``verifies_until`` are None until it has a successor. A key that is only to verify has
    ``signs_until`` no later than ``signs_from``.
    """

    kid: str
    signs_from: Millis
    signs_until: Millis | None = None
    verifies_until: Millis | None = None

    def verifies(self, now: Millis) -> bool:
        """Whether a token that it signed is believed."""
        return self.verifies_until is None or now < self.verifies_until

    def state(self, now: Millis) -> KeyState:
        """Where it stands."""
        if not self.verifies(now):
            return KeyState.GONE
        if self.signs_until is not None and now >= self.signs_until:
            return KeyState.RETIRED
        return KeyState.NEXT if now < self.signs_from else KeyState.CURRENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession:
    """A successor and what becomes of the one before: it signs until the other does, and verifies what it signed."""

    signs_from: Millis
    predecessor: str | None = None
    verifies_until: Millis | None = None


def signer_of(keys: Iterable[KeyLife], now: Millis) -> KeyLife | None:
    """The key that signs now: of several, the one that began last."""
    current = [key for key in keys if key.state(now) is KeyState.CURRENT]
    return max(current, key=lambda key: (key.signs_from, key.kid), default=None)


def due_succession(keys: Iterable[KeyLife], *, lifetime: Millis, now: Millis) -> Succession | None:
    """The successor that is due by the schedule: the first key of all, or the one after a key whose time is up."""
    listed = tuple(keys)
    current = signer_of(listed, now)
    if any(key.state(now) is KeyState.NEXT for key in listed):
        return None if current is not None else succession(listed, signs_from=now, now=now)
    if current is None:
        return succession(listed, signs_from=now, now=now)
    ends = current.signs_from + lifetime
    if now < ends - PUBLISHED_AHEAD:
        return None
    return succession(listed, signs_from=max(ends, now + PUBLISHED_AHEAD), now=now)


def succession(keys: Iterable[KeyLife], *, signs_from: Millis, now: Millis) -> Succession:
    """What becomes of the key that signs when another one does from ``signs_from`` on."""
    current = signer_of(keys, now)
    if current is None:
        return Succession(signs_from=signs_from)
    return Succession(signs_from=signs_from, predecessor=current.kid, verifies_until=signs_from + _VERIFIES_AFTER)


def verifies_after(now: Millis) -> Millis:
    """Until when a key is believed that signs no longer from now on."""
    return now + _VERIFIES_AFTER
