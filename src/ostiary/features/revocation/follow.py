"""Following the log of revocations: every process keeps a copy in memory, no older than it may be.

The copy is made at the first question in each process, and nothing runs in between questions: no
thread, no connection at start-up. A process that cannot read the log does not know what was revoked,
and says so.
"""

import logging
import os
import threading
from collections.abc import Callable

from ostiary.features.revocation.known import Known
from ostiary.features.revocation.settings import WhenAway
from ostiary.features.revocation.store import LogReader, Position
from ostiary.kernel.clock import SECOND, Millis
from ostiary.kernel.errors import Unavailable
from ostiary.storage.revocations import KEPT_BEYOND

_log = logging.getLogger("ostiary.revocation")


class ProcessCopy:
    """The copy of one process.

    ``on_change``: every question asks whether the log has changed (SQLite). Otherwise the log is read when the copy is
    ``staleness`` old, or when somebody in this process has just revoked something.
    """

    __slots__ = (
        "_forgot_at",
        "_heard",
        "_lock",
        "_on_change",
        "_position",
        "_read_at",
        "_reader",
        "_staleness",
        "_tries",
        "_wake",
        "failure",
        "known",
        "tried_at",
    )

    def __init__(self, reader: LogReader, *, on_change: bool, staleness: Millis) -> None:
        self.known = Known()
        self.failure: Unavailable | None = None
        self.tried_at: Millis = 0
        self._reader = reader
        self._on_change = on_change
        self._staleness = staleness
        self._lock = threading.Lock()
        self._position: Position | None = None
        self._read_at: Millis | None = None
        self._forgot_at: Millis = 0
        # The last call to read again, and the last that was followed to its end.
        self._wake = self._heard = object()
        self._tries = 0

    def wake(self) -> None:
        """Read the log before the next answer."""
        self._wake = object()

    def refresh(self, now: Millis) -> None:
        """Read what is new, if there may be something. Raises ``Unavailable``; what was known stays known."""
        if not self._on_change and self._is_young(now):
            return
        tries = self._tries
        with self._lock:
            if self._tries != tries:
                # Somebody tried while this thread waited. If each found out for himself, all of them would wait, one
                # behind the other, for as long as a server that does not answer may take.
                if self.failure is not None:
                    raise Unavailable(detail=self.failure.detail)
                if not self._on_change and self._is_young(now):
                    return
            if now < self._forgot_at - KEPT_BEYOND:
                # The clock was set back: what was forgotten under the wrong time is still of use.
                self._position = None
            elif self._on_change and not self._reader.has_changed():
                # Once a second: what has ended refuses no token that its own time would let pass.
                if not 0 <= now - self._forgot_at < SECOND:
                    self._forget(now)
                return
            self._read(now)

    def _is_young(self, now: Millis) -> bool:
        if self._wake is not self._heard or self._read_at is None:
            return False
        # In both directions: a clock that was set back is no reason to wait until it is where it was.
        return abs(now - self._read_at) < self._staleness

    def _read(self, now: Millis) -> None:
        # Of now: whoever revokes while the rows are read may be missed by them, and his call is then still to be heard.
        wake = self._wake
        self.tried_at = now
        try:
            position, rows = self._reader.read(self._position, before=now - KEPT_BEYOND)
        except BaseException as failed:
            self.failure = failed if isinstance(failed, Unavailable) else None
            raise
        finally:
            self._tries += 1
        self.failure = None
        for _, kind, key, value, expires_at in rows:
            self.known.learn(kind, key, value, expires_at + KEPT_BEYOND)
        self._forget(now)
        # Last, for those who do not wait for the lock: only now the copy is what it claims to be.
        self._position, self._read_at, self._heard = position, now, wake

    def _forget(self, now: Millis) -> None:
        self.known.forget(now)
        self._forgot_at = now


class Follower:
    """The copy of whichever process asks."""

    __slots__ = ("__weakref__", "_copies", "_make", "_own", "_pause", "_told", "_when_away")

    def __init__(self, make: Callable[[], ProcessCopy], *, when_away: WhenAway, pause: Millis) -> None:
        self._make = make
        self._when_away = when_away
        self._pause = pause
        # What a fork inherits stays here, unused: its lock may be held by a thread that does not exist here, and its
        # connection is the parent's.
        self._copies: dict[int, ProcessCopy] = {}
        self._own: tuple[int, ProcessCopy] | None = None
        self._told = False

    def wake(self) -> None:
        """Read the log before the next answer."""
        self.copy().wake()

    def copy(self) -> ProcessCopy:
        """The copy of this process, as old as it is."""
        pid = os.getpid()
        own = self._own
        if own is None or own[0] != pid:
            # One of the threads that come first makes it, and the others get the same.
            own = self._own = (pid, self._copies.setdefault(pid, self._make()))
        return own[1]

    def known(self, now: Millis) -> Known:
        """What is known to be revoked, as new as it must be. Raises ``Unavailable``, unless the settings say to go on."""
        own = self._own
        copy = own[1] if own is not None and own[0] == os.getpid() else self.copy()
        if self._when_away == "refuse":
            copy.refresh(now)
            return copy.known
        # Nobody waits for a database that did not answer a moment ago.
        if copy.failure is None or abs(now - copy.tried_at) >= self._pause:
            try:
                copy.refresh(now)
            except Unavailable as away:
                self._tell(away)
            else:
                self._told = False
        return copy.known

    def _tell(self, away: Unavailable) -> None:
        if not self._told:
            self._told = True
            _log.error(
                "the log of revocations cannot be read: access tokens are accepted by what this process knew before (%s)",
                away.detail,
            )
