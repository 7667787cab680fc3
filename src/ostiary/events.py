"""The events an application can listen to, with ``auth.during``, ``auth.on`` or a blinker signal."""

from ostiary.kernel.events import (
    AccessDenied,
    CredentialRejected,
    CredentialsRevoked,
    CsrfFailed,
    Event,
    GuessesForgiven,
    RateLimited,
    RedirectRefused,
    SessionEnded,
    SignedOut,
    SignInFailed,
    SignInIncompleteYet,
    SignInSucceeded,
)
from ostiary.storage.database import Transaction

__all__ = [
    "AccessDenied",
    "CredentialRejected",
    "CredentialsRevoked",
    "CsrfFailed",
    "Event",
    "GuessesForgiven",
    "RateLimited",
    "RedirectRefused",
    "SessionEnded",
    "SignInFailed",
    "SignInIncompleteYet",
    "SignInSucceeded",
    "SignedOut",
    "Transaction",
]
