"""Limits: how often something may be tried, written ``"10/5m"``, and who counts it.

A limit is a burst and a rate at once: ``"10/5m"`` lets ten through at once and then one every thirty
seconds (GCRA). The counting is done by ``features/rate_limits``; nobody imports it, everybody may ask.
"""

import re
from typing import Protocol, TypeAlias

from ostiary.kernel.clock import DAY, HOUR, MINUTE, SECOND, Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.duration import milliseconds

LimitText: TypeAlias = str
"""``"10/5m"``, ``"600/minute"``, ``"1000/day"``."""

_WORDS = {"second": SECOND, "minute": MINUTE, "hour": HOUR, "day": DAY}
_TEXT = re.compile(r"([1-9][0-9]{0,8})/([a-z0-9]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Limit:
    """``count`` at once, refilled evenly over ``period``; ``name`` is what logs and documents call it."""

    name: str
    count: int
    period: Millis

    @property
    def cost(self) -> Millis:
        """How much of the period one use takes, rounded up: rounded down, 700 a minute would let 705 through."""
        return -(-self.period // self.count)

    @property
    def burst(self) -> Millis:
        """How far ahead uses may reach: exactly ``count`` of them at once."""
        return self.cost * self.count

    def __str__(self) -> str:
        return f"{self.name}: {self.count} in {self.period // SECOND} seconds"


def parse_limit(name: str, text: LimitText) -> Limit:
    """The limit a text describes. Raises ``ValueError`` with the cure for anything else."""
    match = _TEXT.fullmatch(text.replace(" ", ""))
    if match is None:
        message = f'{text!r} is not a limit: write "10/5m" or "600/minute"'
        raise ValueError(message)
    count, period = match.groups()
    length = _WORDS.get(period) or milliseconds(period)
    if length < int(count):
        message = f"{text!r} allows more than one each millisecond, which limits nothing"
        raise ValueError(message)
    return Limit(name, int(count), length)


class Limiter(Protocol):
    """Who counts."""

    def charge(self, limit: Limit, key: str) -> None:
        """Count one use for a key. Raises ``TooManyAttempts`` when the limit is reached, without counting it."""
        ...

    def give_back(self, limit: Limit, key: str) -> None:
        """Take one use back that was charged for a key: what it was charged for could not be tried."""
        ...

    def forget(self, limit: Limit, key: str) -> None:
        """Take all uses back that were charged for a key."""
        ...
