"""Remembered sessions: what this process read of a session, until something about it may have changed. Off by default.

On an SQLite file nothing is ever stale: every request asks whether anybody has committed. On PostgreSQL a process
forgets all it remembers every so often, and at once when a session or an epoch ends in it. Both forget by taking a new
memory: whoever read a row before then keeps it in the old one, which nobody asks any more.
"""

from typing import Final, Protocol

from ostiary.kernel.clock import Millis
from ostiary.kernel.remembered_verdicts import RememberedVerdicts
from ostiary.storage.file_changes import FileChanges
from ostiary.web.credential_reader import Presented

MOST_REMEMBERED: Final = 8_192
"""Sessions that a process remembers: some 15 megabytes. Beyond it, they are read again."""


class RememberedSessions(Protocol):
    """The memory of a process."""

    def current(self, now: Millis) -> RememberedVerdicts[Presented]:
        """What may be believed now; and where to keep what is read from now on."""
        ...


class ExactMemory:
    """On an SQLite file: good until anybody commits anything."""

    __slots__ = ("_changes", "_known")

    def __init__(self, changes: FileChanges) -> None:
        self._changes = changes
        # With the mark under which it was read. One value, replaced whole: no other thread finds the one without the other.
        self._known: tuple[object, RememberedVerdicts[Presented]] | None = None

    def current(self, now: Millis) -> RememberedVerdicts[Presented]:  # noqa: ARG002 - nothing here is a matter of time
        """What was read since the last commit of anybody."""
        mark, known = self._changes.mark(), self._known
        if known is None or known[0] is not mark:
            known = self._known = (mark, RememberedVerdicts[Presented](MOST_REMEMBERED))
        return known[1]


class BoundedMemory:
    """On a server: good for so long, and until a session or an epoch ends in this process."""

    __slots__ = ("__weakref__", "_known", "_staleness")

    def __init__(self, staleness: Millis) -> None:
        self._staleness = staleness
        self._known: tuple[Millis, RememberedVerdicts[Presented]] | None = None

    def wake(self) -> None:
        """Forget everything: something has ended here."""
        self._known = None

    def current(self, now: Millis) -> RememberedVerdicts[Presented]:
        """What was read lately."""
        known = self._known
        # A clock that was set back forgets as well.
        if known is None or not 0 <= now - known[0] < self._staleness:
            known = self._known = (now, RememberedVerdicts[Presented](MOST_REMEMBERED))
        return known[1]
