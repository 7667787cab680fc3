"""Events that cross features: what happened, when and to whom, without any secret.

An event has a ``subject`` when it concerns somebody, and ``at`` in milliseconds since the Unix
epoch. Every field may be logged; nothing that signs in, no password, token or session secret, is
ever a field.
"""

import re
from dataclasses import dataclass, fields
from typing import Any

from ostiary.kernel.clock import Millis

_WORD = re.compile(r"(?<!^)(?=[A-Z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened. ``auth.on(Event)`` hears everything."""

    at: Millis
    subject: str | None = None
    network: str | None = None

    @classmethod
    def name(cls) -> str:
        """The event's name in logs and in the audit table: ``sign_in_succeeded``."""
        return _WORD.sub("_", cls.__name__).lower()

    def facts(self) -> dict[str, Any]:
        """What is particular to this event, ready for JSON."""
        shared = {"at", "subject", "network"}
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name not in shared}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInSucceeded(Event):
    """Somebody signed in, or proved another factor; a new session or token exists when this is committed."""

    methods: tuple[str, ...]
    device: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInFailed(Event):
    """A proof failed. ``subject`` is None when the identifier belongs to nobody."""

    method: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GuessesForgiven(Event):
    """An operator gave a subject her guesses back: what failed before counts no longer."""

    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInIncompleteYet(Event):
    """A proof succeeded and policy wants another factor."""

    methods: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOut(Event):
    """One session was ended by its owner."""

    session: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded(Event):
    """One session was ended from elsewhere: the device list, an operator, a newer sign-in."""

    session: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialsRevoked(Event):
    """The subject's epoch was raised: every session, token and key of before is dead."""

    reason: str
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessDenied(Event):
    """A guard said no. ``code`` is the decisive ground, ``endpoint`` where."""

    code: str
    endpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CsrfFailed(Event):
    """A request that changes something did not prove that it came from our own pages."""

    reason: str
    endpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialRejected(Event):
    """A credential was presented that is not valid; ``kind`` names its sort, never its content."""

    kind: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimited(Event):
    """A limit was reached; ``limit`` is its name."""

    limit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RedirectRefused(Event):
    """A ``next`` pointed somewhere it may not lead."""

    reason: str
