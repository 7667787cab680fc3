"""Blinker signals: every event of ours, sent by the application after the commit.

``event_signal(SignInSucceeded).connect(receiver)``; the receiver gets the application and ``event=``.
"""

from blinker import NamedSignal, Namespace
from flask import Flask

from ostiary.kernel.event_bus import Listeners
from ostiary.kernel.events import Event

_signals = Namespace()


def event_signal(event: type[Event]) -> NamedSignal:
    """The signal of a kind of event."""
    return _signals.signal(f"ostiary.{event.name()}", doc=event.__doc__)


def signalling(app: Flask) -> Listeners:
    """Listeners that send each event as a signal of this application."""
    listeners = Listeners()

    def send(event: Event) -> None:
        event_signal(type(event)).send(app, event=event)

    listeners.on(Event, send)
    return listeners
