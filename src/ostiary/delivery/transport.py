"""Transports: the ways a mail leaves, and the three ways in which it does not."""

from contextlib import AbstractContextManager
from email.message import EmailMessage
from typing import Protocol


class NotSent(Exception):
    """A mail did not leave. ``reason`` is short and for logs: a code, never what the server said, never an address."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Refused(NotSent):
    """It never will: the server refused this mail for good (RFC 5321 §4.2.1, a reply 5yz)."""


class Deferred(NotSent):
    """Not now: the server asks to try this mail later (a reply 4yz), or went away in the middle of it."""


class Unreachable(NotSent):
    """No mail leaves at this time: there is no connection, no TLS, or no permission to send."""


class Channel(Protocol):
    """What mails of one batch leave through, one after another."""

    def send(self, email: EmailMessage, *, to: str) -> None:
        """Send one mail to one address. Raises ``Refused``, ``Deferred`` or ``Unreachable``."""
        ...


class Transport(Protocol):
    """A way out. ``immediate`` says that it costs nothing, so that mail leaves with the commit and no thread is needed."""

    immediate: bool

    def open(self) -> AbstractContextManager[Channel]:
        """A channel for a batch. Connects when the first mail is sent."""
        ...
