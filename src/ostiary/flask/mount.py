"""Our own addresses in a Flask application: one blueprint, pages and their style sheet included."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Flask, request
from flask import Response as FlaskResponse
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

import ostiary
from ostiary.flask.addresses import BLUEPRINT
from ostiary.flask.current import (
    csrf_binding,
    csrf_token,
    current_caller,
    find_cookie,
    remembered_cookie,
    set_cookies,
    write_cookies,
)
from ostiary.flask.pages import respond
from ostiary.flask.routing_errors import answer_routing_errors, nothing_here
from ostiary.flask.server_errors import answer_server_errors
from ostiary.flask.sign_in import after_sign_in, next_address, sign_in
from ostiary.kernel.errors import AuthError, Unavailable
from ostiary.kernel.principal import ANONYMOUS
from ostiary.runtime.sign_in_answer import PENDING_COOKIE
from ostiary.web.dispatch import dispatch
from ostiary.web.headers import apply_own_headers
from ostiary.web.problem import Refusal
from ostiary.web.route import Answer, Route

if TYPE_CHECKING:
    from ostiary.flask.state import AppState

UI: Final = Path(ostiary.__file__).parent / "ui"
# Style sheets and scripts change with a release; a day is what a reload of every page may cost at most.
_STATIC_SECONDS: Final = 86_400


class _Pages(Blueprint):
    """The blueprint of our pages; their style sheet is kept by browsers for a day."""

    refuse: Callable[[AuthError], Refusal]

    def get_send_file_max_age(self, filename: str | None) -> int | None:
        """Seconds that a browser keeps a static file of ours."""
        return _STATIC_SECONDS if filename else None

    def send_static_file(self, filename: str) -> FlaskResponse:
        """A file of ours; one that is not there answers as an address that is not."""
        try:
            return super().send_static_file(filename)
        except NotFound:
            raise self.refuse(nothing_here()) from None


def mount(app: Flask, state: "AppState", refuse: Callable[[AuthError], Refusal]) -> Blueprint:
    """Register the blueprint with every address of the features that are on."""
    blueprint = _Pages(
        BLUEPRINT,
        BLUEPRINT,
        url_prefix=state.url_prefix,
        template_folder=str(UI / "templates"),
        static_folder=str(UI / "static"),
    )
    blueprint.refuse = refuse
    routes = sorted(state.assembly.routes(), key=lambda route: route.endpoint)
    for endpoint, several in groupby(routes, key=lambda route: route.endpoint):
        by_method: dict[str, Route] = {route.method: route for route in several}
        route, view = next(iter(by_method.values())), _view(by_method, state, refuse)
        if route.at_root:
            app.add_url_rule(route.rule, f"{BLUEPRINT}.{endpoint}", view, methods=list(by_method))
        else:
            blueprint.add_url_rule(route.rule, endpoint, view, methods=list(by_method))
    answer_server_errors(app, blueprint, refuse)
    app.register_blueprint(blueprint)
    answer_routing_errors(app, state, refuse)
    return blueprint


def _view(
    routes: Mapping[str, Route], state: "AppState", refuse: Callable[[AuthError], Refusal]
) -> Callable[..., Response]:
    def view(**variables: Any) -> Response:  # the variables of the address
        runtime = state.runtime
        route = routes["GET" if request.method == "HEAD" else request.method]
        try:
            if route.reads_credentials:
                current_caller(state)
            return dispatch(
                route,
                request,
                variables,
                guard=runtime.guard,
                resources=runtime.resources,
                client=state.client(),
                visitor=csrf_binding(state, make=False) if route.reads_credentials else None,
                finish=lambda answer: _finish(state, answer),
            )
        except AuthError as error:
            raise refuse(error) from None

    return view


def _finish(state: "AppState", answer: Answer) -> Response:
    """The response of an answer; somebody is signed in by it, or out."""
    after = answer.goes_to or after_sign_in(state)
    if answer.signs_in is not None:
        try:
            entered = sign_in(state, answer.signs_in, default_next=after, remember=answer.remember)
        except Unavailable:
            if not answer.goes_on:
                raise
            # What was asked for is done and stays done; an error would have her do it again, with a password of the past.
            facts = {"subject": answer.signs_in.subject, "next": after}
            return respond(state, Answer(facts=facts, goes_to=after))
        set_cookies(state.runtime.cookies, answer.cookies)
        response = entered.response()
        apply_own_headers(response)
        return response
    if answer.issues is not None:
        from ostiary.flask.tokens import answer_tokens  # only where tokens are issued

        return answer_tokens(state, answer.issues, answer.handle)
    if answer.csrf:
        answer = replace(answer, facts={**answer.facts, "csrf": csrf_token(state)})
    if answer.to_next:
        answer = replace(answer, goes_to=next_address(state, after))
    response = respond(state, answer)
    if answer.cookies:
        write_cookies(state.runtime.cookies, response, answer.cookies)
    if answer.signed_out:
        forget(state, response)
    return response


def forget(state: "AppState", response: Response) -> None:
    """Have the browser forget who was signed in, and what it keeps of our pages."""
    policy = state.runtime.cookies
    pending, remembered = find_cookie(policy, PENDING_COOKIE), remembered_cookie(state)
    # After whatever cookies the request has set so far: a remembered browser may have been let in to sign out.
    set_cookies(policy, state.way_in.leave(ANONYMOUS, "here", pending=pending, remembered=remembered))
    # ASVS 5.0 V14.3.1. The cache alone: "cookies" would take the application's own with it.
    response.headers["Clear-Site-Data"] = '"cache"'
