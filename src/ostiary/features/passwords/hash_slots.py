"""Hash slots: how many passwords are hashed at once, how many may wait, and 503 beyond that.

Argon2id is slow on purpose, and takes memory on purpose. Unbounded, a storm of sign-ins would take
the machine from those who are already signed in. The bound is kept before any work is done.
"""

import os
import threading
from collections.abc import Generator
from contextlib import contextmanager

from ostiary.kernel.clock import Millis
from ostiary.kernel.errors import Unavailable


class HashSlots:
    """``slots`` at work, at most ``waiting`` in line, none of them longer than ``patience`` milliseconds."""

    __slots__ = ("_line", "_patience", "_places", "most")

    def __init__(self, slots: int, *, waiting: int, patience: Millis) -> None:
        self.most = slots
        self._places = waiting
        self._patience = patience
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
        try:
            yield
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
        raise Unavailable(retry_after=max(1, self._patience // 1000), detail=detail)


class _Line:
    """The slots of one process, and who waits for them."""

    __slots__ = ("lock", "refused", "slots", "waiting")

    def __init__(self, slots: int) -> None:
        self.slots = threading.BoundedSemaphore(slots)
        self.lock = threading.Lock()
        self.waiting = 0
        self.refused = 0
