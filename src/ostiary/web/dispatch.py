"""Dispatch: one request to an address of ours, from the guard to the answer."""

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from ostiary.kernel.resources import Resources
from ostiary.web.guard import RequestGuard
from ostiary.web.headers import apply_own_headers
from ostiary.web.route import Answer, Call, Route

if TYPE_CHECKING:
    from werkzeug.wrappers import Request


def dispatch(
    route: Route,
    request: "Request",
    variables: Mapping[str, str],
    *,
    guard: RequestGuard,
    resources: Resources,
    forget: Callable[[Response], None],
) -> Response:
    """Guard, CSRF, action, answer. Raises the ``AuthError`` of a refusal; ``forget`` clears the browser's cookies."""
    caller = guard.require(request, route.requires)
    answer = route.answer(Call(request, caller, variables, resources))
    response = _as_json(answer)
    if answer.signed_out:
        forget(response)
    apply_own_headers(response)
    return response


def _as_json(answer: Answer) -> Response:
    if answer.status == 204:
        return Response(status=204)
    return Response(json.dumps(answer.facts), status=answer.status, mimetype="application/json")
