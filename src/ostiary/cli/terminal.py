"""Text that a stranger wrote, made safe for a terminal: no line of its own, no escape sequence, no hidden direction."""

import sys
from datetime import UTC, datetime

from ostiary.kernel.clock import Millis


def printable(text: str | None) -> str:
    """The text with everything that is not printable spelled out (ESC becomes four letters); ``-`` where there is none."""
    if not text:
        return "-"
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def is_interactive() -> bool:
    """Whether a person types what a command reads."""
    return sys.stdin.isatty()


def spell_moment(at: Millis) -> str:
    """An instant as people read it: ``2026-01-31 12:00:00``, UTC."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def rfc3339(at: Millis | None) -> str | None:
    """An instant as programs read it."""
    if at is None:
        return None
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
