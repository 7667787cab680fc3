"""``auth.sessions``, ``auth.passwords`` and so on: the actions of each feature that is on, under its own name."""

from typing import TYPE_CHECKING

from ostiary.flask.share import Share

if TYPE_CHECKING:
    from ostiary.features.accounts import AccountActions
    from ostiary.features.api_keys import ApiKeyActions
    from ostiary.features.audit_log import AuditEntries
    from ostiary.features.passwords import PasswordActions
    from ostiary.features.remember_me import RememberMeActions
    from ostiary.features.roles import RoleActions
    from ostiary.features.sessions.end import SessionActions


class Actions(Share):
    """The part of ``Auth`` that leads to its features. Asking for one that is not on is a ``ConfigurationError``."""

    @property
    def accounts(self) -> "AccountActions":
        """Create, find, suspend and close accounts."""
        from ostiary.features.accounts import AccountActions  # only if the feature is on

        return self._state().runtime.action("accounts", AccountActions)

    @property
    def sessions(self) -> "SessionActions":
        """List and end sessions."""
        from ostiary.features.sessions.end import SessionActions  # only if the feature is on

        return self._state().runtime.action("sessions", SessionActions)

    @property
    def passwords(self) -> "PasswordActions":
        """Verify, check, set and change passwords."""
        from ostiary.features.passwords import PasswordActions

        return self._state().runtime.action("passwords", PasswordActions)

    @property
    def remember_me(self) -> "RememberMeActions":
        """List and forget remembered browsers."""
        from ostiary.features.remember_me import RememberMeActions

        return self._state().runtime.action("remember_me", RememberMeActions)

    @property
    def api_keys(self) -> "ApiKeyActions":
        """Create, list, rotate and revoke API keys."""
        from ostiary.features.api_keys import ApiKeyActions  # only if the feature is on

        return self._state().runtime.action("api_keys", ApiKeyActions)

    @property
    def roles(self) -> "RoleActions":
        """Give and take roles, ask who holds what; groups and organisations are ``auth.roles.groups``."""
        from ostiary.features.roles import RoleActions  # only if the feature is on

        return self._state().runtime.action("roles", RoleActions)

    @property
    def audit_log(self) -> "AuditEntries":
        """Read the audit log."""
        from ostiary.features.audit_log import AuditEntries

        return self._state().runtime.action("audit_log", AuditEntries)
