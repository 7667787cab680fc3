"""The answer of a token endpoint (RFC 6749 §5.1): an access token, perhaps a refresh token, and nothing a cache may keep."""

import json
from dataclasses import field
from typing import Any, Final

from werkzeug.wrappers import Response

from ostiary.kernel.dataclass import dataclass

TOKEN_TYPE: Final = "Bearer"  # noqa: S105 - RFC 6750 §6.1.1: the name of the type


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedTokens:
    """Tokens that have just been issued.

    ``expires_in``  seconds from now that the access token is good for
    ``scope``       the permissions it is narrowed to; None: everything its subject may do
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_in: int
    scope: frozenset[str] | None = None

    @property
    def token_type(self) -> str:
        """How the access token is presented."""
        return TOKEN_TYPE

    def as_json(self) -> dict[str, Any]:
        """The members of the answer. What there is not is left out."""
        members: dict[str, Any] = {
            "access_token": self.access_token,
            "token_type": TOKEN_TYPE,
            "expires_in": self.expires_in,
        }
        if self.refresh_token is not None:
            members["refresh_token"] = self.refresh_token
        if self.scope is not None:
            # RFC 6749 §3.3: separated by spaces, in any order.
            members["scope"] = " ".join(sorted(self.scope))
        return members

    def response(self) -> Response:
        """The answer of a view."""
        response = Response(json.dumps(self.as_json()), mimetype="application/json")
        # RFC 6749 §5.1: both, in every answer that carries a token.
        response.headers["Cache-Control"] = "no-store"
        response.headers["Pragma"] = "no-cache"
        return response
