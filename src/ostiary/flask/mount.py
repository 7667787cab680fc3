"""Our own addresses in a Flask application: one blueprint, templates included, exempt from Flask-WTF's CSRF check."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, request
from werkzeug.wrappers import Response

import ostiary
from ostiary.flask.current import find_cookie, watch_answer, write_cookies
from ostiary.kernel.errors import AuthError
from ostiary.runtime.sign_in_answer import PENDING_COOKIE, CookieToSet
from ostiary.web.dispatch import dispatch
from ostiary.web.guard import Caller
from ostiary.web.problem import Refusal
from ostiary.web.route import Route

if TYPE_CHECKING:
    from ostiary.flask.state import AppState

BLUEPRINT = "ostiary"
UI = Path(ostiary.__file__).parent / "ui"


def mount(app: Flask, state: "AppState", refuse: Callable[[AuthError], Refusal]) -> Blueprint:
    """Register the blueprint with every address of the features that are on."""
    blueprint = Blueprint(BLUEPRINT, BLUEPRINT, url_prefix=state.url_prefix, template_folder=str(UI / "templates"))
    for route in state.assembly.routes():
        view = _view(route, state, refuse)
        blueprint.add_url_rule(route.rule, route.endpoint, view, methods=[route.method])
    app.register_blueprint(blueprint)
    return blueprint


def _view(route: Route, state: "AppState", refuse: Callable[[AuthError], Refusal]) -> Callable[..., Response]:
    def view(**variables: Any) -> Response:  # the variables of the address
        runtime = state.runtime
        try:
            caller: Caller = runtime.guard.caller(request.environ)
            watch_answer(state, caller)
            return dispatch(
                route,
                request,
                variables,
                guard=runtime.guard,
                resources=runtime.resources,
                forget=lambda response: forget(state, response),
            )
        except AuthError as error:
            raise refuse(error) from None

    return view


def forget(state: "AppState", response: Response) -> None:
    """Have the browser forget who was signed in, and what it keeps of our pages."""
    from ostiary.features.sessions.present import SESSION_COOKIE  # only routes of sessions come here

    cookies = (CookieToSet(stem=SESSION_COOKIE, value=None), CookieToSet(stem=PENDING_COOKIE, value=None))
    policy = state.runtime.cookies
    state.way_in.abandon(find_cookie(policy, PENDING_COOKIE))
    write_cookies(policy, response, cookies)
    # ASVS 5.0 V14.3.1. The cache alone: "cookies" would take the application's own with it.
    response.headers["Clear-Site-Data"] = '"cache"'
