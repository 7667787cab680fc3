"""The event bus: listeners inside the transaction, listeners after the commit, and nobody else.

Three kinds listen. ``during`` runs in the action's transaction, and raising aborts the action. ``on``
runs after the commit; its failures are logged and never shown. Features of Ostiary (the audit log)
listen ``during`` as well, and hear every event, also those that belong to no transaction.

A listener is a plain function. A coroutine or a generator that it answers counts as its failure: nobody
would run it, and what it would have refused would be let in.
"""

import logging
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias, TypeVar

from ostiary.kernel.errors import misconfigured
from ostiary.kernel.events import Event
from ostiary.kernel.plain_function import has_not_run

E = TypeVar("E", bound=Event)

During: TypeAlias = Callable[[Any, Any], object]
On: TypeAlias = Callable[[Any], object]

_log = logging.getLogger("ostiary.events")


class Committable(Protocol):
    """The part of a transaction the bus needs."""

    def after_commit(self, act: Callable[[], None]) -> None:
        """Run ``act`` once the transaction is committed, never if it is rolled back."""
        ...


class Listeners:
    """Who listens to what. An application's own, or a feature's; filled while the application starts."""

    __slots__ = ("_during", "_on")

    def __init__(self) -> None:
        self._during: list[tuple[type[Event], During]] = []
        self._on: list[tuple[type[Event], On]] = []

    def during(self, event: type[E], listener: Callable[[E, Any], object]) -> None:
        """Listen inside the transaction: ``listener(event, tx)``."""
        self._during.append((event, listener))

    def on(self, event: type[E], listener: Callable[[E], object]) -> None:
        """Listen after the commit: ``listener(event)``."""
        self._on.append((event, listener))

    def extend(self, others: "Listeners") -> None:
        """Add everybody of another list, in its order."""
        self._during += others._during  # noqa: SLF001 - its own class
        self._on += others._on  # noqa: SLF001

    def heard_during(self, event: Event) -> list[During]:
        """Who hears this event inside its transaction, in the order they were added."""
        return [listener for kind, listener in self._during if isinstance(event, kind)]

    def listens_during(self, kind: type[Event]) -> bool:
        """Whether somebody listens inside the transaction to this kind of event and not merely to all of them."""
        return any(heard is kind for heard, _ in self._during)

    def heard_after(self, event: Event) -> list[On]:
        """Who hears this event after the commit."""
        return [listener for kind, listener in self._on if isinstance(event, kind)]


class EventBus:
    """Carries events from actions to listeners."""

    __slots__ = ("_everyone",)

    def __init__(self, *listeners: Listeners) -> None:
        self._everyone = listeners

    def emit(self, event: Event, tx: Committable) -> None:
        """Tell an event of a transaction: ``during`` listeners now, the others once it is committed."""
        for listeners in self._everyone:
            for listener in listeners.heard_during(event):
                _refuse_what_has_not_run(event, listener(event, tx))
        tx.after_commit(lambda: self._tell_after(event))

    def is_heard_during(self, kind: type[Event]) -> bool:
        """Whether somebody listens inside the transaction to this kind of event and not merely to all of them."""
        return any(listeners.listens_during(kind) for listeners in self._everyone)

    def announce(self, event: Event) -> None:
        """Tell an event that belongs to no transaction, such as a refusal. Never raises."""
        self._tell_after(event)

    def _tell_after(self, event: Event) -> None:
        for listeners in self._everyone:
            for listener in listeners.heard_after(event):
                try:
                    _refuse_what_has_not_run(event, listener(event))
                except Exception:  # noqa: BLE001 - whatever a listener raises, the action stands
                    _log.exception("a listener to %s failed", event.name())


def _refuse_what_has_not_run(event: Event, answer: object) -> None:
    if has_not_run(answer):
        what = f"a listener to {event.name()} answered a coroutine or a generator, which would never run"
        raise misconfigured("async_listener", what, "make it a plain function")
