"""What is answered to a refresh token that gives nothing, or less than was asked for (RFC 6749 §5.2)."""

from ostiary.kernel.errors import AuthError


class InvalidGrant(AuthError):
    """A refresh token that gives nothing. One answer for every reason."""

    code = "invalid_grant"
    status = 400
    public_message = "This refresh token is not good any more. Please sign in again."

    def __init__(self, *, detail: str) -> None:
        # RFC 6749 §5.2: where an OAuth client looks.
        super().__init__(detail=detail, members={"error": "invalid_grant"})


class InvalidScope(AuthError):
    """More was asked for than the refresh token has (RFC 6749 §6, RFC 9700 §4.14.2)."""

    code = "invalid_scope"
    status = 400
    public_message = "The scope is wider than what was granted."

    def __init__(self, public_message: str | None = None) -> None:
        super().__init__(public_message, members={"error": "invalid_scope"})
