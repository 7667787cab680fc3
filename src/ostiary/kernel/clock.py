"""The clock: the only place that asks the machine what time it is.

Every instant inside Ostiary is a whole number of milliseconds since the Unix epoch, UTC. One unit,
one type: no naive datetimes, no daylight saving, the same value in both databases. Rules never read
a clock; they are given ``now``.
"""

import time
from datetime import UTC, datetime
from typing import Protocol, TypeAlias

Millis: TypeAlias = int
"""Milliseconds since 1970-01-01T00:00:00Z."""

SECOND: Millis = 1_000
MINUTE: Millis = 60 * SECOND
HOUR: Millis = 60 * MINUTE
DAY: Millis = 24 * HOUR


def moment(at: Millis) -> datetime:
    """An instant as people's programs have it: an aware datetime in UTC."""
    return datetime.fromtimestamp(at / 1000, UTC)


class Clock(Protocol):
    """Something that knows what time it is."""

    def now(self) -> Millis:
        """The present, in milliseconds since the Unix epoch, UTC."""
        ...


class MonotonicClock:
    """A clock for measuring how long something takes: it is never set. Its zero means nothing, and differs by machine."""

    __slots__ = ()

    def now(self) -> Millis:
        """Milliseconds since some instant."""
        return time.monotonic_ns() // 1_000_000


class SystemClock:
    """The machine's own clock."""

    __slots__ = ()

    def now(self) -> Millis:
        """The present, in milliseconds since the Unix epoch, UTC."""
        return time.time_ns() // 1_000_000
