"""Background threads: passwords are hashed by threads that the system lets run after those that answer requests.

One hash keeps a core busy for as long as a hundred requests do. On Linux a thread can be told to stand back; it could
not be told to come forward again, so these threads do nothing else.
"""

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final, TypeVar

T = TypeVar("T")

# setpriority(2): 0 is everybody's, 19 the last. Half way, a hash still gets a ninth of a core that others want.
_STAND_BACK: Final = 10


class BackgroundThreads:
    """At most so many threads in each process, made when there is the first password to hash."""

    __slots__ = ("_most", "_own")

    def __init__(self, most: int) -> None:
        self._most = most
        # By process: a fork inherits an executor whose threads are not there.
        self._own: tuple[int, ThreadPoolExecutor] | None = None

    def run(self, work: Callable[[], T]) -> T:
        """What ``work`` returns or raises."""
        own = self._own
        if own is None or own[0] != os.getpid():
            # Of two that come first one's executor is let go, with at most one thread, after its work.
            made = ThreadPoolExecutor(self._most, thread_name_prefix="ostiary-hash", initializer=_stand_back)
            own = self._own = (os.getpid(), made)
        try:
            future = own[1].submit(work)
        except RuntimeError:
            # The interpreter ends, and lets no executor begin anything: this thread does it.
            return work()
        return future.result()


def _stand_back() -> None:
    thread = threading.get_native_id()
    # Elsewhere the number would be that of another process; and where threads are not real ones (gevent), that of the
    # first thread of all, which answers requests.
    if sys.platform == "linux" and thread != os.getpid():
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, thread, _STAND_BACK)
