"""Dispatch: one request to an address of ours, from the guard through the limit to the action's answer."""

from typing import TYPE_CHECKING

from ostiary.kernel.errors import AuthError, NotAllowed
from ostiary.kernel.limit import Limiter, parse_limit
from ostiary.kernel.principal import ANONYMOUS
from ostiary.web.body import bound_body, require_readable_query
from ostiary.web.csrf import SAFE_METHODS
from ostiary.web.guard import Caller
from ostiary.web.negotiation import wants_page
from ostiary.web.route import Answer, Call, Route

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from werkzeug.wrappers import Request, Response

    from ostiary.kernel.client import Client
    from ostiary.kernel.resources import Resources
    from ostiary.web.guard import RequestGuard


def dispatch(
    route: Route,
    request: "Request",
    variables: "Mapping[str, str]",
    *,
    guard: "RequestGuard",
    resources: "Resources",
    client: "Client",
    visitor: str | None,
    finish: "Callable[[Answer], Response]",
) -> "Response":
    """Guard, CSRF, limit, action, answer. Raises the ``AuthError`` of a refusal that the route does not answer itself.

    ``visitor`` is what a CSRF token of a caller whom no credential names is bound to; ``finish`` makes the response of an
    answer, signing somebody in where it says so.
    """
    require_readable_query(request)
    if request.method not in SAFE_METHODS:
        bound_body(request)
    caller = _let_in(route, request, variables, guard, visitor)
    if any("\0" in value for value in variables.values()):
        # PostgreSQL keeps no text with a NUL in it, and would rather fail than find nothing.
        raise NotAllowed("There is nothing here.", code="not_found", status=404)
    call = Call(request, caller, variables, resources, lambda binding: guard.check_csrf(request, binding))
    try:
        if route.limit is not None and client.network is not None:
            limiter = resources[Limiter]  # type: ignore[type-abstract] # found by the protocol it fulfils
            limiter.charge(parse_limit(f"{route.endpoint}.network", route.limit), client.network)
        return finish(route.answer(call))
    except AuthError as error:
        if route.again is None or error.answers_itself or not wants_page(request.environ):
            raise
        guard.challenge(error)
        response = finish(route.again(call, error))
        # Retry-After (RFC 6585 §4), for a person's browser too.
        for name, value in error.headers.items():
            response.headers[name] = value
        return response


def _let_in(
    route: Route, request: "Request", variables: "Mapping[str, str]", guard: "RequestGuard", visitor: str | None
) -> Caller:
    if not route.reads_credentials:
        return Caller(ANONYMOUS)
    if route.requires is not None:
        on = None if route.place is None else route.place(request, variables)
        return guard.require(request, route.requires, on=on)
    caller = guard.authenticate(request)
    if request.method not in SAFE_METHODS and caller.reader is None:
        # Nobody's form can still do harm: sign a victim in as the attacker (login CSRF), or have her mailed.
        guard.check_csrf(request, visitor)
    return caller
