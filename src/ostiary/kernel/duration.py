"""Durations as developers write them: ``300`` seconds, ``"5m"``, ``"30d"`` or a ``timedelta``."""

import re
from datetime import timedelta
from typing import TypeAlias

from ostiary.kernel.clock import Millis

Duration: TypeAlias = timedelta | int | str
"""A length of time: whole seconds, text such as ``"90s"``, ``"5m"``, ``"8h"``, ``"14d"``, ``"2w"``, or a ``timedelta``."""

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_TEXT = re.compile(r"([0-9]{1,9})([smhdw]?)", re.ASCII)
_HOW = 'write whole seconds (300), text such as "5m", "8h" or "30d", or a timedelta'

# A century. Anything longer is a mistake of units (milliseconds given as seconds), and would
# overflow the arithmetic of a signed 64-bit column in some places and not in others.
LONGEST = timedelta(days=36_525)


def milliseconds(duration: Duration) -> Millis:
    """The length in milliseconds.

    Raises ``ValueError`` with the cure in its text for zero, negative, absurdly long or unreadable
    lengths: a lifetime of zero has meant "for ever" in more than one library, so it means nothing here.
    """
    length = _timedelta(duration)
    if length <= timedelta(0):
        message = f"{duration!r} is not a positive duration: {_HOW}"
        raise ValueError(message)
    if length > LONGEST:
        message = f"{duration!r} is longer than a century: {_HOW}"
        raise ValueError(message)
    millis = length // timedelta(milliseconds=1)
    if millis == 0:
        message = f"{duration!r} is shorter than a millisecond: {_HOW}"
        raise ValueError(message)
    return millis


def _timedelta(duration: Duration) -> timedelta:
    # bool is an int, and `idle=True` is a developer who expected a switch.
    if isinstance(duration, bool):
        message = f"{duration!r} is not a duration: {_HOW}"
        raise ValueError(message)  # noqa: TRY004 - one error type for every unreadable setting
    if isinstance(duration, timedelta):
        return duration
    if isinstance(duration, int):
        return _seconds(duration, duration)
    match = _TEXT.fullmatch(duration.strip()) if isinstance(duration, str) else None
    if match is None:
        message = f"{duration!r} is not a duration: {_HOW}"
        raise ValueError(message)
    number, unit = match.groups()
    return _seconds(int(number) * _UNITS[unit or "s"], duration)


def _seconds(seconds: int, duration: Duration) -> timedelta:
    # Before the arithmetic: timedelta itself raises OverflowError beyond some 2.7 million years.
    if abs(seconds) > LONGEST.total_seconds():
        message = f"{duration!r} is longer than a century: {_HOW}"
        raise ValueError(message)
    return timedelta(seconds=seconds)


def spell_duration(length: Millis) -> str:
    """The length in the largest unit that divides it: ``300_000`` is ``"5m"``."""
    seconds, rest = divmod(length, 1_000)
    if rest:
        return f"{length}ms"
    for unit, size in reversed(_UNITS.items()):
        if seconds and seconds % size == 0 and unit != "w":
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
