"""Problem documents (RFC 9457): every refusal as JSON with a stable code, and as an exception Flask understands."""

import json
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import HTTPException, default_exceptions
from werkzeug.wrappers import Response

from ostiary.kernel.errors import AuthError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

MEDIA_TYPE = "application/problem+json"


def problem_document(error: AuthError) -> dict[str, object]:
    """The members of the document. ``code`` is what programs switch on; ``detail`` of the error stays private."""
    return {
        # RFC 9457 §3.1.1: a URI that names the kind of problem. A URN, since it need not be fetched.
        "type": f"urn:ostiary:problem:{error.code}",
        "title": error.public_message,
        "status": error.status,
        "code": error.code,
        **error.members,
    }


def problem_response(error: AuthError) -> Response:
    """The document as a response that no cache keeps."""
    response = Response(json.dumps(problem_document(error)), status=error.status, mimetype=MEDIA_TYPE)
    response.headers["Cache-Control"] = "no-store"
    for name, value in error.headers.items():
        response.headers[name] = value
    return response


class Refusal(HTTPException):
    """An ``AuthError`` as a Werkzeug exception: the application's own error handlers apply to it.

    Made by ``refusal``, which finds the class of its status: Flask looks handlers up by class, so that
    ``@app.errorhandler(401)`` and ``@app.errorhandler(Unauthorized)`` both hear of it.
    """

    def __init__(self, error: AuthError, respond: Callable[[AuthError], Response]) -> None:
        HTTPException.__init__(self, error.public_message)
        self.error = error
        self._respond = respond

    def get_response(self, *_: Any, **__: Any) -> Response:  # Werkzeug's overloads, none of which matters here
        """The answer: a page or a problem document."""
        return self._respond(self.error)

    def __call__(self, environ: "WSGIEnvironment", start_response: Any) -> Any:  # WSGI
        """The answer, when the exception itself is used as a WSGI application."""
        return self._respond(self.error)(environ, start_response)


def refusal(error: AuthError, respond: Callable[[AuthError], Response], *, redirects: bool = False) -> Refusal:
    """The exception to raise.

    Somebody who is sent to sign in is no error for the application's handlers to answer: such a one has no
    ``code``, and Flask leaves it as it is.
    """
    return (Refusal if redirects else _class_of(error.status))(error, respond)


@cache
def _class_of(status: int) -> type[Refusal]:
    known = default_exceptions.get(status)
    bases = (Refusal,) if known is None else (Refusal, known)
    return type(f"Refusal{status}", bases, {"code": status})
