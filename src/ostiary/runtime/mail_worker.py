"""The mail worker: one daemon thread in each process that put mail into the outbox, asleep while nothing is due.

It starts with the first commit that has mail in it, never before: a server may load the application and
fork. It ends with the runtime, or with the interpreter, after the mail it is at.
"""

import logging
import os
import threading
import weakref
from collections.abc import Callable
from typing import Final

from ostiary.kernel.clock import SECOND, Millis
from ostiary.runtime.mail_delivery import MailDelivery

_log: Final = logging.getLogger("ostiary.mail")

# What a process that died had claimed comes due without anybody's saying so: someone has to look.
_LONGEST_SLEEP: Final[Millis] = 60 * SECOND
# What is due and in the hands of another process at this moment needs no asking without a pause.
_SHORTEST_SLEEP: Final[Millis] = SECOND // 4
_AFTER_FAILURE: Final[Millis] = 15 * SECOND
# How long the end of a process waits for the mail that is being sent at that moment, in seconds.
_FAREWELL: Final = 5.0


class _Thread:
    """The thread of one process, and how it is told what to do."""

    def __init__(self, delivery: MailDelivery) -> None:
        self.pid = os.getpid()
        self._delivery = delivery
        self._due = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ostiary-mail", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._due.set()

    @property
    def serves(self) -> bool:
        """Whether it is alive in this process: a fork copies the object, and no thread."""
        return self.pid == os.getpid() and self._thread.is_alive()

    def stop(self) -> None:
        if self.pid != os.getpid():
            return  # a fork's copy, whose locks may be held by a thread that does not exist here
        self._stopping.set()
        self._due.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(_FAREWELL)

    def _run(self) -> None:
        while not self._stopping.is_set():
            # Before the round: what is put in while it runs sets it again, and is not missed.
            self._due.clear()
            if self._stopping.is_set():
                return
            self._due.wait(self._round() / 1000)

    def _round(self) -> Millis:
        """Send what is due; the answer is how long to sleep."""
        try:
            self._delivery.deliver_due(stopping=self._stopping.is_set)
            pause = self._delivery.until_next()
        except Exception:  # noqa: BLE001 - a database that is away for a minute must not end the thread
            _log.exception("mail could not be looked after; trying again in %d s", _AFTER_FAILURE // 1000)
            return _AFTER_FAILURE
        return _LONGEST_SLEEP if pause is None else max(_SHORTEST_SLEEP, min(pause, _LONGEST_SLEEP))


class MailWorker:
    """Starts the thread when it is first needed in a process, and wakes it."""

    def __init__(self, delivery: MailDelivery) -> None:
        self._delivery = delivery
        # One lock for each process: the one inherited by a fork may be held by a thread that does not exist here.
        self._locks: dict[int, threading.Lock] = {}
        self._thread: _Thread | None = None
        self._ending: Callable[[], object] | None = None

    def wake(self) -> None:
        """There is mail."""
        with self._locks.setdefault(os.getpid(), threading.Lock()):
            thread = self._thread
            if thread is None or not thread.serves:
                thread = self._thread = _Thread(self._delivery)
                # Called when this object goes, and at the end of the interpreter. The thread knows nothing of this object.
                self._ending = weakref.finalize(self, thread.stop)
                thread.start()
        thread.wake()

    @property
    def awake(self) -> bool:
        """Whether a thread serves this process."""
        return self._thread is not None and self._thread.serves

    def stop(self) -> None:
        """Let the thread end after the mail it is at, and wait for it. The next ``wake`` starts another."""
        if self._ending is not None:
            self._ending()
