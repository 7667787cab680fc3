"""Our pages in a Flask application: an answer as a page for a person, or as JSON for a program."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from flask import Flask, jsonify, render_template, request
from markupsafe import Markup
from werkzeug.wrappers import Response

from ostiary.kernel.secret import new_secret
from ostiary.web.headers import apply_own_headers, let_caches_keep
from ostiary.web.negotiation import wants_page
from ostiary.web.redirect import see_other

if TYPE_CHECKING:
    from ostiary.flask.state import AppState
    from ostiary.web.route import Answer

_NONCE: Final = "ostiary.csp_nonce"


def csp_nonce() -> str:
    """The nonce of the answer to this request: for ``<script>`` and ``<style>`` elements of a page of ours."""
    nonce: str | None = request.environ.get(_NONCE)
    if nonce is None:
        nonce = request.environ[_NONCE] = new_secret()
    return nonce


def time_element(instant: str) -> Markup:
    """An instant in RFC 3339 as a ``time`` element that reads well: "25 Nov 2026, 03:10 UTC"."""
    moment = datetime.fromisoformat(instant)
    return Markup('<time datetime="{}">{}</time>').format(instant, moment.strftime("%d %b %Y, %H:%M UTC").lstrip("0"))


def respond(state: "AppState", answer: "Answer") -> Response:
    """The answer of a route, in the form that its caller asked for."""
    urls = state.runtime.deployment.urls
    if wants_page(request.environ):
        if answer.goes_to is not None:
            return see_other(answer.goes_to, urls, request.environ)
        if answer.page is not None:
            context = {**answer.facts, **answer.context}
            referrer = "no-referrer" if answer.carries_token else "same-origin"
            return page(state, f"{answer.page}.html", answer.status, referrer=referrer, **context)
    response = Response(status=204) if answer.status == 204 else jsonify(answer.facts)
    response.status_code = answer.status
    apply_own_headers(response)
    if answer.kept_for is not None:
        let_caches_keep(response, answer.kept_for)
        return response.make_conditional(request)
    return response


def page(state: "AppState", template: str, status: int, *, referrer: Any = "same-origin", **context: Any) -> Response:
    """A page of ours, with the headers it must have and the sources that the application allows it."""
    app: Flask = state.app
    text = render_template(f"ostiary/{template}", **context)
    response = app.make_response((text, status))
    extend = state.runtime.deployment.content_security
    apply_own_headers(response, nonce=csp_nonce(), extend=extend, referrer=referrer)
    return response
