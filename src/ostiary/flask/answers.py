"""Answers to refusals: the application's own, a redirect to its sign-in page, a page of ours, or a problem document."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from flask import request, url_for
from werkzeug.wrappers import Response

from ostiary.flask.pages import page as show
from ostiary.kernel.errors import AuthError, InvalidCredential, NotAuthenticated, StepUpNeeded
from ostiary.runtime.sign_in_answer import SignInIncomplete
from ostiary.web.csrf import SAFE_METHODS
from ostiary.web.negotiation import wants_page
from ostiary.web.problem import Refusal, problem_response, refusal
from ostiary.web.redirect import NEXT, asked_targets
from ostiary.web.url_policy import Target

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from ostiary.flask.state import AppState

ErrorHandler = Callable[[AuthError], "ResponseReturnValue | Awaitable[ResponseReturnValue | None] | None"]


def own_page(state: "AppState") -> str | None:
    """The endpoint of the application's own sign-in page, if it named one."""
    return getattr(state.assembly.get("sign_in"), "page", None)


def sign_in_address(state: "AppState", **parameters: str) -> str | None:
    """The address of the sign-in page: the application's own, or ours; None where there is neither."""
    page = own_page(state)
    if page is None:
        page = "ostiary.sign_in"
        if page not in state.app.view_functions:
            return None
    address = url_for(page)
    if parameters:
        address += ("&" if "?" in address else "?") + urlencode(parameters)
    return address


def refuse(state: "AppState", error: AuthError, handler: ErrorHandler | None) -> Refusal:
    """The refusal to raise: a Werkzeug exception, so that the application's error handlers apply.

    Somebody who can mend it by signing in is sent to the sign-in page, if she asked for a page.
    """
    state.runtime.guard.challenge(error)
    page = wants_page(request.environ)
    address = _address_to_mend(state, error, page=page)

    def respond(refused: AuthError) -> Response:
        return _respond(state, refused, handler, page=page, address=address)

    return refusal(error, respond, redirects=page and address is not None)


def _address_to_mend(state: "AppState", error: AuthError, *, page: bool) -> str | None:
    """Where the caller can go to be let in; with ``next``, so that she comes back."""
    parameters: dict[str, str] = {}
    if isinstance(error, StepUpNeeded):
        parameters["why"] = "stale"
    elif isinstance(error, SignInIncomplete):
        parameters["why"] = "factor"
    elif not isinstance(error, NotAuthenticated) or isinstance(error, InvalidCredential):
        return None
    if page and isinstance(error, SignInIncomplete):
        # She came from the sign-in page with a form; its own next goes on.
        wanted = next(iter(asked_targets(request)), None)
        decision = (
            state.runtime.deployment.urls.safe_target(wanted, default="", environ=request.environ) if wanted else ""
        )
        if decision not in ("", "/"):
            parameters[NEXT] = decision
    elif page and request.method in SAFE_METHODS:
        # A form that was posted cannot be posted again by a redirect, so only an address that was asked for is kept.
        parameters[NEXT] = _own_address()
        if isinstance(error, NotAuthenticated) and _cookie_was_lost(state):
            parameters["why"] = "cookie"
    return sign_in_address(state, **parameters)


def _cookie_was_lost(state: "AppState") -> bool:
    """Whether the caller comes straight from the sign-in page, and brings no cookie: it was set, and not kept.

    The browser blocks cookies, or the address is plain HTTP where cookies are ``Secure``. Somebody who only clicked a link
    on that page is told as well, and loses nothing.
    """
    header = request.headers.get("Cookie", "")
    if any(f"{name}=" in header for name in state.runtime.guard.ambient_cookies):
        return False
    target = state.runtime.deployment.urls.check_target(request.headers.get("Referer", ""), request.environ)
    page = sign_in_address(state)
    if page is None or not isinstance(target, Target) or target.origin is None:
        return False
    path = target.location.removeprefix(str(target.origin)).partition("?")[0]
    return path == page.partition("?")[0]


def _own_address() -> str:
    """Path and query of the present request as the browser wrote them, below whatever the application is mounted at.

    Flask's ``full_path`` leaves the mount point out, forgets which ``?`` was encoded, and fails on stray bytes.
    """
    query = quote(request.query_string, safe="%!$&'()*+,/:;=?@")
    return quote(request.root_path + request.path, safe="!$&'()*+,/:;=@") + (f"?{query}" if query else "")


def _respond(
    state: "AppState", error: AuthError, handler: ErrorHandler | None, *, page: bool, address: str | None
) -> Response:
    # As Flask's own error handlers, it may be a coroutine function.
    own = state.app.ensure_sync(handler)(error) if handler is not None else None
    if own is not None:
        return state.app.make_response(own)
    if page and address is not None:
        response = Response(status=303)
        response.headers["Location"] = address
        response.headers["Cache-Control"] = "no-store"
        return response
    if page:
        response = show(state, "error.html", error.status, error=error)
        for name, value in error.headers.items():
            response.headers[name] = value
        return response
    if address is not None:
        error.members = {**error.members, "url": address}
    return problem_response(error)
