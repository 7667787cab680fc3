"""Hash slots: how many passwords are hashed at once, how many may wait, and 503 beyond that.

Argon2id is slow on purpose, and takes memory on purpose. Unbounded, a storm of sign-ins would take
the machine from those who are already signed in. The bound is kept before any work is done.
"""

import threading
from collections.abc import Generator
from contextlib import contextmanager

from ostiary.kernel.clock import Millis
from ostiary.kernel.errors import Unavailable


class HashSlots:
    """``slots`` at work, at most ``waiting`` in line, none of them longer than ``patience`` milliseconds."""

    __slots__ = ("_lock", "_patience", "_places", "_refused", "_slots", "_waiting", "most")

    def __init__(self, slots: int, *, waiting: int, patience: Millis) -> None:
        self.most = slots
        self._slots = threading.BoundedSemaphore(slots)
        self._lock = threading.Lock()
        self._places = waiting
        self._waiting = 0
        self._patience = patience
        self._refused = 0

    @property
    def refused(self) -> int:
        """How many were sent away since the process started."""
        return self._refused

    @property
    def waiting(self) -> int:
        """How many are in line now."""
        return self._waiting

    @contextmanager
    def slot(self) -> Generator[None]:
        """Hold a slot. Raises ``Unavailable`` (503 with ``Retry-After``) when too many wait already."""
        if not self._slots.acquire(blocking=False):
            self._wait_in_line()
        try:
            yield
        finally:
            self._slots.release()

    def _wait_in_line(self) -> None:
        with self._lock:
            if self._waiting >= self._places:
                self._refuse("too many wait for a password to be hashed")
            self._waiting += 1
        try:
            if not self._slots.acquire(timeout=self._patience / 1000):
                with self._lock:
                    self._refuse("waited too long for a password to be hashed")
        finally:
            with self._lock:
                self._waiting -= 1

    def _refuse(self, detail: str) -> None:
        self._refused += 1
        raise Unavailable(retry_after=max(1, self._patience // 1000), detail=detail)
