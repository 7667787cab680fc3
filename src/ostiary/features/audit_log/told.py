"""What a person is told of her own audit log: a sentence for each event that concerns her safety."""

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ostiary.features.audit_log.entries import AuditEntry

TOLD: Final = MappingProxyType(
    {
        "registered": "Your account was created",
        "sign_in_succeeded": "You signed in",
        "sign_in_failed": "A sign-in with your name failed",
        "signed_out": "You signed out",
        "session_ended": "A session was ended",
        "credentials_revoked": "Everything you were signed in with was ended",
        "password_changed": "Your password was changed",
        "identifier_verified": "An address was confirmed",
        "identifier_added": "An address was added",
        "identifier_removed": "An address was removed",
        "remember_token_reused": "A copy of your remembered sign-in was used; it was ended",
        "api_key_created": "An API key was made",
        "api_key_rotated": "An API key was replaced",
        "api_key_revoked": "An API key was revoked",
        "account_suspended": "Your account was suspended",
        "account_restored": "Your account was restored",
        "role_assigned": "You were given a role",
        "role_revoked": "A role was taken from you",
        "group_member_added": "You were added to a group",
        "group_member_removed": "You were taken out of a group",
        "guesses_forgiven": "Failed sign-ins were forgiven",
    }
)
"""Event name → sentence. What is not here is for operators."""


def told(entry: "AuditEntry") -> dict[str, Any]:
    """One entry as its subject sees it, ready for JSON."""
    return {
        "at": entry.moment(),
        "event": entry.event,
        "text": TOLD[entry.event],
        "network": entry.detail.get("network"),
    }
