"""``WWW-Authenticate: Bearer``: what a program is told about its token (RFC 6750 §3), and what would be enough (RFC 9470)."""

from typing import Final

from ostiary.kernel.authentication_context import wanted_acr
from ostiary.kernel.clock import SECOND
from ostiary.kernel.requirement import Requirement

BEARER: Final = "bearer"
"""The kind of credential that is a token in ``Authorization: Bearer``."""


def bearer_challenge(error: str, description: str, **parameters: str) -> str:
    """A challenge with an error of RFC 6750 §3.1. Every value is text of ours, without quotes or backslashes."""
    named = {"error": error, "error_description": description, **parameters}
    return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in named.items())


def scope_challenge(permission: str | None) -> str:
    """The token was not given what this needs; ``scope`` names it, unless no scope is ever enough."""
    parameters = {} if permission is None else {"scope": permission}
    return bearer_challenge("insufficient_scope", "The token was not given this permission", **parameters)


def step_up_challenge(requirement: Requirement) -> str:
    """The proofs behind the token are too few or too old. RFC 9470 §3: ``acr_values`` and ``max_age`` say what is wanted."""
    parameters: dict[str, str] = {}
    wanted = wanted_acr(requirement)
    if wanted is not None:
        parameters["acr_values"] = wanted
    if requirement.fresh is not None:
        # In whole seconds, rounded down: whoever meets what is said here meets the requirement.
        parameters["max_age"] = str(requirement.fresh // SECOND)
    return bearer_challenge("insufficient_user_authentication", "More recent or further proof is needed", **parameters)
