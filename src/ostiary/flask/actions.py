"""``auth.sessions``, ``auth.passwords`` and so on: the actions of each feature that is on, under its own name."""

from typing import TYPE_CHECKING

from ostiary.flask.share import Share

if TYPE_CHECKING:
    from ostiary.features.audit_log import AuditEntries
    from ostiary.features.passwords import PasswordVerifier
    from ostiary.features.sessions.end import SessionActions


class Actions(Share):
    """The part of ``Auth`` that leads to its features. Asking for one that is not on is a ``ConfigurationError``."""

    @property
    def sessions(self) -> "SessionActions":
        """List and end sessions."""
        from ostiary.features.sessions.end import SessionActions  # only if the feature is on

        return self._state().runtime.action("sessions", SessionActions)

    @property
    def passwords(self) -> "PasswordVerifier":
        """Verify passwords."""
        from ostiary.features.passwords import PasswordVerifier

        return self._state().runtime.action("passwords", PasswordVerifier)

    @property
    def audit_log(self) -> "AuditEntries":
        """Read the audit log."""
        from ostiary.features.audit_log import AuditEntries

        return self._state().runtime.action("audit_log", AuditEntries)
