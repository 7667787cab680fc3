"""Problem documents (RFC 9457): every refusal as JSON with a stable code, and as an exception Flask understands."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import HTTPException
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

    ``code`` is the status of the error. It is None where somebody is sent to sign in: that is no error for
    the application's handlers to answer, and Flask leaves an exception without a code as it is.
    """

    def __init__(self, error: AuthError, respond: Callable[[AuthError], Response], *, redirects: bool = False) -> None:
        super().__init__(error.public_message)
        self.error = error
        self.code = None if redirects else error.status
        self._respond = respond

    def get_response(self, *_: Any, **__: Any) -> Response:  # Werkzeug's overloads, none of which matters here
        """The answer: a page or a problem document."""
        return self._respond(self.error)

    def __call__(self, environ: "WSGIEnvironment", start_response: Any) -> Any:  # WSGI
        """The answer, when the exception itself is used as a WSGI application."""
        return self._respond(self.error)(environ, start_response)
