"""What somebody typed to sign in: an identifier and a password, from JSON, a form or HTTP Basic."""

from typing import TYPE_CHECKING, Final, NamedTuple

from ostiary.kernel.errors import MalformedRequest
from ostiary.web.body import read_fields

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

# What applications call the same field; one of them, never two.
_IDENTIFIERS: Final = ("identifier", "username", "email")


class Credentials(NamedTuple):
    """An identifier and a password, as they were sent: not verified, not trimmed."""

    identifier: str
    password: str

    def __repr__(self) -> str:
        return f"Credentials(identifier={self.identifier!r}, password='**********')"


def read_credentials(request: "Request") -> Credentials:
    """The credentials of a request.

    From the fields ``identifier`` (or ``username``, or ``email``) and ``password`` of a JSON object or a form; from
    ``Authorization: Basic`` (RFC 7617) if the body has none of them. Raises ``MalformedRequest`` (400), 415 for
    another kind of body, 413 for a body that is too large.
    """
    fields = read_fields(request)
    named = [name for name in _IDENTIFIERS if name in fields]
    # The body first: where a test site stands behind a password of the server's own, every form comes with that, too.
    if not named and "password" not in fields and _says_basic(request):
        return _read_basic(request)
    if len(named) != 1 or "password" not in fields:
        message = "Send one of identifier, username or email, and a password."
        raise MalformedRequest(message)
    # An empty password is a wrong one, not a malformed request: the page shows it like any other.
    return Credentials(fields.text(named[0]), fields.text("password", required=False))


def _says_basic(request: "Request") -> bool:
    # RFC 9110 §11.1: the scheme in any case.
    return request.headers.get("Authorization", "").partition(" ")[0].lower() == "basic"


def _read_basic(request: "Request") -> Credentials:
    authorization = request.authorization
    # A header that is there and cannot be read (two of them, joined by a comma) is refused, not passed over.
    if authorization is None or not authorization.username or authorization.password is None:
        message = "The Authorization header could not be read."
        raise MalformedRequest(message)
    return Credentials(authorization.username, authorization.password)
