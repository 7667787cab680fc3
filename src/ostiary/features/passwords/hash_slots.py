"""Hash slots: how many passwords are hashed at once, how many may wait, and 503 beyond that.

Argon2id is slow on purpose, and takes memory on purpose. Unbounded, a storm of sign-ins would take
the machine from those who are already signed in. The bound is kept before any work is done, and who is sent
away is told when it would be her turn, by how many wait and how long a hash took lately (RFC 9110 §10.2.3). Those who are sent
away are told one moment after the other: if all came back at once, most would be sent away again.
"""

import os
import threading
from collections.abc import Generator
from contextlib import contextmanager
from math import ceil
from typing import Final

from ostiary.kernel.clock import Clock, Millis, MonotonicClock
from ostiary.kernel.errors import Unavailable

# What a hash is taken to last until one was measured: our parameters on a slow core.
_UNMEASURED: Final[Millis] = 500
# Nobody is told to wait longer than this: by then it is another storm, and a hint that is longer keeps people out.
_LATEST: Final[Millis] = 60_000
# Of each hash an eighth goes into the mean: a dozen of them, and the machine is known as it is now.
_NEWEST: Final = 0.125


class HashSlots:
    """``slots`` at work, at most ``waiting`` in line, none of them longer than ``patience`` milliseconds.

    ``clock`` measures how long a slot is held; it must never be set back.
    """

    __slots__ = ("_clock", "_line", "_patience", "_places", "most")

    def __init__(self, slots: int, *, waiting: int, patience: Millis, clock: Clock | None = None) -> None:
        self.most = slots
        self._places = waiting
        self._patience = patience
        self._clock = MonotonicClock() if clock is None else clock
        # By process: a fork while somebody hashes inherits his slot, and nobody who would give it back.
        self._line: tuple[int, _Line] = (os.getpid(), _Line(slots))

    @property
    def refused(self) -> int:
        """How many were sent away since the process started."""
        return self._mine().refused

    @property
    def waiting(self) -> int:
        """How many are in line now."""
        return self._mine().waiting

    @contextmanager
    def slot(self) -> Generator[None]:
        """Hold a slot. Raises ``Unavailable`` (503 with ``Retry-After``) when too many wait already."""
        line = self._mine()
        if not line.slots.acquire(blocking=False):
            self._wait_in(line)
        began = self._clock.now()
        try:
            yield
            line.took(self._clock.now() - began)
        finally:
            line.slots.release()

    def _mine(self) -> "_Line":
        pid, line = self._line
        if pid != os.getpid():
            # One value, replaced whole: of two threads that come first one is let go with a line of its own.
            line = _Line(self.most)
            self._line = (os.getpid(), line)
        return line

    def _wait_in(self, line: "_Line") -> None:
        with line.lock:
            if line.waiting >= self._places:
                self._refuse(line, "too many wait for a password to be hashed")
            line.waiting += 1
        try:
            if not line.slots.acquire(timeout=self._patience / 1000):
                with line.lock:
                    self._refuse(line, "waited too long for a password to be hashed")
        finally:
            with line.lock:
                line.waiting -= 1

    def _refuse(self, line: "_Line", detail: str) -> None:
        line.refused += 1
        wait = line.promise(self._clock.now(), each=line.mean / self.most)
        raise Unavailable(retry_after=max(1, ceil(wait / 1000)), detail=detail)


class _Line:
    """The slots of one process, who waits for them, and how long each is held: ``mean``, in milliseconds."""

    __slots__ = ("_measured", "_promised", "lock", "mean", "refused", "slots", "waiting")

    def __init__(self, slots: int) -> None:
        self.slots = threading.BoundedSemaphore(slots)
        self.lock = threading.Lock()
        self.waiting = 0
        self.refused = 0
        self.mean: float = _UNMEASURED
        self._measured = False
        # When the last one who was sent away is to come back.
        self._promised: float = 0

    def promise(self, now: Millis, *, each: float) -> float:
        """In how many milliseconds somebody is to come back who finds the line full; ``each`` is how often a slot becomes free.

        After those in line, and after those who were sent away before her. Held under the lock.
        """
        turn = max(now + (self.waiting + 1) * each, self._promised + each)
        self._promised = min(turn, now + _LATEST)
        return self._promised - now

    def took(self, held: Millis) -> None:
        """A hash was computed, and took so long."""
        with self.lock:
            self.mean += (held - self.mean) * (_NEWEST if self._measured else 1)
            self._measured = True
