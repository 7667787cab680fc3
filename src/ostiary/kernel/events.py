"""Events that cross features: what happened, when and to whom, without any secret.

An event has a ``subject`` when it concerns somebody, and ``at`` in milliseconds since the Unix
epoch. Every field may be logged; nothing that signs in, no password, token or session secret, is
ever a field.
"""

import re
from dataclasses import fields
from typing import Any

from ostiary.kernel.clock import Millis
from ostiary.kernel.dataclass import dataclass

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
    """Somebody signed in, or proved another factor; a new session or token exists when this is committed.

    ``new_device`` says that she did so on a browser that had not signed in to this account before.
    """

    methods: tuple[str, ...]
    device: str | None = None
    new_device: bool = False


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
    """The subject's epoch was raised: every session, token and key of before is dead.

    ``kept`` is the one session that lives on, where its owner signed out all others; ``kept_family`` the one family of
    refresh tokens, where a browser without a session did.
    """

    reason: str
    epoch: int
    kept: str | None = None
    kept_family: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited(Event):
    """An address was sent a link by which its owner makes an account. The log says which invitation, and not whose.

    ``by`` is the subject who sent it; None is a command or a job.
    """

    invitation: str
    roles: tuple[str, ...] = ()
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationWithdrawn(Event):
    """An invitation that nobody has accepted is good no longer."""

    invitation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChanged(Event):
    """A subject has a new password, and everything signed in with the old one has ended.

    ``how`` is ``"changed"`` (by its owner, who proved the old one), ``"reset"`` (by a mailed link) or ``"set"``
    (by the application).
    """

    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EverybodySignedOut(Event):
    """An operator ended every session and every token there is, and what would begin another without a proof."""

    reason: str
    sessions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserRemembered(Event):
    """A browser will let its owner in without a proof until the series ends."""

    series: str
    session: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserForgotten(Event):
    """A remembered browser was ended by itself: taken from the list, signed out, or refused by policy."""

    series: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberTokenReused(Event):
    """A remember token that had been exchanged came again: somebody has a copy. The series and its session ended."""

    series: str
    session: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshTokenReused(Event):
    """A refresh token that had been exchanged came again: somebody has a copy. The family and its tokens ended."""

    family: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshFamilyEnded(Event):
    """One family of refresh tokens was ended by itself: revoked, or signed out."""

    family: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessDenied(Event):
    """A guard said no. ``code`` is the decisive ground, ``endpoint`` where."""

    code: str
    endpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFailed(Event):
    """A policy of the application raised, so the caller was denied. ``error`` is the class of what it raised."""

    action: str
    resource: str
    policy: str
    error: str


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


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRefused(Event):
    """A mail server refused a mail for good. ``to`` is masked (``a***@example.com``), ``reason`` is the reply's code."""

    to: str
    template: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailGivenUp(Event):
    """A mail could not be sent before it expired. ``to`` is masked; it is None where the mail cannot be read any more."""

    to: str | None
    template: str | None
    attempts: int
