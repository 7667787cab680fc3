"""404 and 405 below our prefix: a problem document for programs and a page of ours, where Flask has a page of its own.

Flask asks no view and no handler of a blueprint what a request answers that its URL map refuses. So the map's exception
becomes one of ours where it is raised: the application's own error handlers hear of it as of every other.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Flask, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, SecurityError
from werkzeug.routing import RequestRedirect

from ostiary.flask.addresses import BLUEPRINT
from ostiary.flask.context import present_context
from ostiary.kernel.errors import AuthError, MalformedRequest, NotAllowed
from ostiary.web.negotiation import wants_page
from ostiary.web.problem import Refusal

if TYPE_CHECKING:
    from ostiary.flask.state import AppState


class MethodRefused(AuthError):
    """The address is one of ours, and takes other methods (RFC 9110 §15.5.6)."""

    code = "method_not_allowed"
    status = 405
    public_message = "This address takes no such request."


def nothing_here() -> AuthError:
    """There is no such address below our prefix."""
    return NotAllowed("There is nothing here.", code="not_found", status=404)


def answer_routing_errors(app: Flask, state: "AppState", refuse: Callable[[AuthError], Refusal]) -> None:
    """Have the exceptions of the URL map be refusals of ours where the address is ours.

    Nothing of it is on the way of a request that finds its view.
    """
    original: Callable[..., Any] = app.raise_routing_exception

    def raise_routing_exception(*arguments: Any) -> Any:  # whatever Flask passes
        found = request.routing_exception
        error = None if found is None else _as_ours(state, found)
        if error is None:
            return original(*arguments)
        refused = refuse(error)
        if isinstance(found, MethodNotAllowed):
            # Where handlers of the application look for it.
            refused.valid_methods = sorted(found.valid_methods or ())  # type: ignore[attr-defined] # it is a MethodNotAllowed as well
        raise refused from None

    app.raise_routing_exception = raise_routing_exception  # type: ignore[method-assign, assignment] # Flask's one door of these exceptions


def _as_ours(state: "AppState", found: HTTPException) -> AuthError | None:
    """The refusal in place of the exception; None where the address is not ours."""
    if isinstance(found, MethodNotAllowed):
        methods = sorted(found.valid_methods or ())
        if not _endpoint(methods).startswith(f"{BLUEPRINT}."):
            return None
        return MethodRefused(headers={"Allow": ", ".join(methods)})
    prefix = state.url_prefix.rstrip("/")
    # Without a prefix every address that is none would be ours.
    if not prefix or not f"{request.path}/".startswith(f"{prefix}/"):
        return None
    if isinstance(found, NotFound):
        return nothing_here()
    if isinstance(found, SecurityError) and not wants_page(request.environ):
        # TRUSTED_HOSTS. A page is left to Flask: without a host that is ours there is no address to put into it.
        return MalformedRequest("The Host of this request is none of this site.")
    return None


def _endpoint(methods: list[str]) -> str:
    """What answers at this address for the methods that it takes."""
    adapter = present_context().url_adapter
    if adapter is None:
        return ""
    for method in methods:
        try:
            return str(adapter.match(method=method)[0])
        except (HTTPException, RequestRedirect):
            continue
    return ""
