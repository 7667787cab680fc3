"""A lock between processes and threads: an advisory lock on a small file beside the one it protects."""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def file_lock(beside: Path) -> Generator[None]:
    """Hold the lock of a file (``<file>.lock``) while the block runs; waits for whoever holds it.

    The operating system releases it when its holder dies. The little file stays: removing it would let
    two processes hold locks on two files of one name.
    """
    descriptor = os.open(f"{beside}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _acquire(descriptor)
        yield
    finally:
        # Closing the only descriptor of this opening releases the lock.
        os.close(descriptor)


if sys.platform == "win32":
    import msvcrt

    def _acquire(descriptor: int) -> None:
        while True:
            try:
                # Tries ten times, a second apart, and then gives up; so it is asked again.
                msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
            except OSError:
                continue
            return

else:
    import fcntl

    def _acquire(descriptor: int) -> None:
        # flock belongs to the opening, so two threads exclude each other as two processes do.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
