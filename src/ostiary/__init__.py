"""Ostiary: authentication and authorization modules for Python web applications, Flask first.

The public names are loaded when they are first used (PEP 562), so that importing this package imports
no feature, no database and no framework.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ostiary.features.accounts import Accounts, Field
    from ostiary.features.api_keys import ApiKeys
    from ostiary.features.audit_log import AuditLog
    from ostiary.features.passwords import Passwords
    from ostiary.features.passwords.own_hashes import hash_password, verify_password
    from ostiary.features.rate_limits import RateLimits
    from ostiary.features.remember_me import RememberMe
    from ostiary.features.revocation import Revocation
    from ostiary.features.roles import Group, Roles
    from ostiary.features.sessions import Sessions
    from ostiary.features.sign_in import SignIn
    from ostiary.features.tokens import Tokens
    from ostiary.features.tokens.trusted_issuer import Introspection, Issuer
    from ostiary.kernel.decision import Decision
    from ostiary.kernel.duration import Duration
    from ostiary.kernel.errors import (
        AuthError,
        ConfigurationError,
        OpenTransaction,
        SignInRefused,
        TooManyAttempts,
        Unavailable,
    )
    from ostiary.kernel.factor import Evidence, Factor
    from ostiary.kernel.feature import Feature
    from ostiary.kernel.principal import Credential, On, Principal
    from ostiary.kernel.requirement import all_of, any_of
    from ostiary.runtime.sign_in_answer import SignInIncomplete

_HOME = {
    "Accounts": "ostiary.features.accounts",
    "ApiKeys": "ostiary.features.api_keys",
    "AuditLog": "ostiary.features.audit_log",
    "AuthError": "ostiary.kernel.errors",
    "ConfigurationError": "ostiary.kernel.errors",
    "Credential": "ostiary.kernel.principal",
    "Decision": "ostiary.kernel.decision",
    "Duration": "ostiary.kernel.duration",
    "Evidence": "ostiary.kernel.factor",
    "Factor": "ostiary.kernel.factor",
    "Feature": "ostiary.kernel.feature",
    "Field": "ostiary.features.accounts",
    "Group": "ostiary.features.roles",
    "Introspection": "ostiary.features.tokens.trusted_issuer",
    "Issuer": "ostiary.features.tokens.trusted_issuer",
    "On": "ostiary.kernel.principal",
    "OpenTransaction": "ostiary.kernel.errors",
    "Passwords": "ostiary.features.passwords",
    "Principal": "ostiary.kernel.principal",
    "RateLimits": "ostiary.features.rate_limits",
    "RememberMe": "ostiary.features.remember_me",
    "Revocation": "ostiary.features.revocation",
    "Roles": "ostiary.features.roles",
    "Sessions": "ostiary.features.sessions",
    "SignIn": "ostiary.features.sign_in",
    "SignInIncomplete": "ostiary.runtime.sign_in_answer",
    "SignInRefused": "ostiary.kernel.errors",
    "Tokens": "ostiary.features.tokens",
    "TooManyAttempts": "ostiary.kernel.errors",
    "Unavailable": "ostiary.kernel.errors",
    "all_of": "ostiary.kernel.requirement",
    "any_of": "ostiary.kernel.requirement",
    "hash_password": "ostiary.features.passwords.own_hashes",
    "verify_password": "ostiary.features.passwords.own_hashes",
}

__all__ = [
    "Accounts",
    "ApiKeys",
    "AuditLog",
    "AuthError",
    "ConfigurationError",
    "Credential",
    "Decision",
    "Duration",
    "Evidence",
    "Factor",
    "Feature",
    "Field",
    "Group",
    "Introspection",
    "Issuer",
    "On",
    "OpenTransaction",
    "Passwords",
    "Principal",
    "RateLimits",
    "RememberMe",
    "Revocation",
    "Roles",
    "Sessions",
    "SignIn",
    "SignInIncomplete",
    "SignInRefused",
    "Tokens",
    "TooManyAttempts",
    "Unavailable",
    "all_of",
    "any_of",
    "hash_password",
    "verify_password",
]


def __getattr__(name: str) -> Any:  # any of the public names
    home = _HOME.get(name)
    if home is None:
        message = f"module 'ostiary' has no attribute {name!r}"
        raise AttributeError(message)
    found = getattr(import_module(home), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
