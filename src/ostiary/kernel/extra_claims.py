"""Extra claims: what an application adds to every access token of its own, by one function of the principal."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from ostiary.kernel.errors import misconfigured
from ostiary.kernel.principal import Principal

ClaimsFunction: TypeAlias = Callable[[Principal], Mapping[str, Any]]


class ExtraClaims:
    """Holds the application's function, if it has one. Filled while the application starts."""

    __slots__ = ("function",)

    def __init__(self, function: ClaimsFunction | None = None) -> None:
        self.function = function

    def of(self, principal: Principal) -> dict[str, Any]:
        """The claims for a principal: a copy, so that no token ever shares what the function keeps.

        Raises ``ConfigurationError`` for an answer that is no mapping, such as a coroutine.
        """
        if self.function is None:
            return {}
        found: object = self.function(principal)
        if not isinstance(found, Mapping):
            close = getattr(found, "close", None)
            if close is not None:
                close()
            raise misconfigured(
                "claims_are_no_mapping",
                f"the function under @auth.tokens.claims answered a {type(found).__name__}",
                "answer a dict of claims; a plain function, since a coroutine would never be awaited",
            )
        return dict(found)
