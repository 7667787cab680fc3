"""Authentication context: factors as the standards name them, ``amr`` (RFC 8176), ``acr`` and ``auth_time`` (RFC 9068 §2.2.1).

What a token says by these names is for others to read. Our own guard reads each proof with its exact kind and time.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from ostiary.kernel.clock import Millis
from ostiary.kernel.factor import CATEGORIES, Factor, count_factors
from ostiary.kernel.requirement import Requirement

# RFC 8176 §2, where it has a name for it; else the kind's own.
_METHODS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "password": ("pwd",),
        "pin": ("pin",),
        "totp": ("otp",),
        "sms": ("sms",),
        "passkey": ("pop",),
        "verified_passkey": ("pop", "user"),
    }
)

NO_FACTOR: Final = "0"
"""OpenID Connect Core §2: a session of long ago; nothing was proven that counts."""
ONE_FACTOR: Final = "urn:ostiary:acr:1"
TWO_FACTORS: Final = "urn:ostiary:acr:2"
PHISHING_RESISTANT_FACTORS: Final = "phr"
"""OpenID Connect EAP ACR Values §2: a proof that no look-alike site can relay."""


def amr_of(factors: Iterable[Factor]) -> list[str]:
    """The methods that were used, each once, in the order they were."""
    proven = tuple(factors)
    methods = [name for factor in proven for name in _METHODS.get(factor.kind, (factor.kind,))]
    if count_factors(proven) > 1:
        methods.append("mfa")
    return list(dict.fromkeys(methods))


def acr_of(factors: Iterable[Factor]) -> str:
    """The highest context class that these proofs reach."""
    proven = tuple(factors)
    if any(factor.phishing_resistant for factor in proven):
        return PHISHING_RESISTANT_FACTORS
    count = count_factors(proven)
    return NO_FACTOR if count == 0 else ONE_FACTOR if count == 1 else TWO_FACTORS


def auth_time_of(factors: Iterable[Factor]) -> Millis | None:
    """When she last proved something; a remembered browser proves nothing."""
    return max((factor.at for factor in factors if CATEGORIES[factor.kind]), default=None)


def wanted_acr(requirement: Requirement) -> str | None:
    """The context class that would be enough (RFC 9470 §3), where a requirement asks for one."""
    if requirement.phishing_resistant:
        return PHISHING_RESISTANT_FACTORS
    return TWO_FACTORS if requirement.factors > 1 else None
