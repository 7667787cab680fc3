"""What goes wrong inside, below our prefix: 500 as a problem document or a page, which tells nothing."""

import pytest
from flask import Flask
from jinja2 import DictLoader
from tests.shop import CHEAP, PASSWORD, hashed
from werkzeug.exceptions import InternalServerError

from ostiary import Passwords, Sessions
from ostiary.events import SignInSucceeded
from ostiary.flask import Auth

PAGE = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
SAME = {"Sec-Fetch-Site": "same-origin"}


def make():
    """An application whose listener breaks every sign-in."""
    app = Flask("shop")
    app.testing = True
    # As in production: errors are answered, and not raised into the test.
    app.config["PROPAGATE_EXCEPTIONS"] = False
    auth = Auth(
        app, [Sessions(), Passwords(lookup={"ada": hashed()}.get, memory_kib=CHEAP.memory_kib, passes=2, lanes=1)]
    )

    @auth.during(SignInSucceeded)
    def break_down(event, tx):
        raise RuntimeError("SELECT secret FROM somewhere")

    return app, auth


def sign_in(app, **headers):
    form = {"identifier": "ada", "password": PASSWORD}
    return app.test_client().post("/auth/sign-in", data=form, headers={**SAME, **headers})


@pytest.mark.asvs("V16.5.1")
@pytest.mark.attack("W6")
def test_a_program_gets_a_problem_document(caplog):
    answer = sign_in(make()[0])
    assert (answer.status_code, answer.mimetype) == (500, "application/problem+json")
    assert answer.get_json()["code"] == "internal_error"
    assert "SELECT" not in answer.text
    assert "SELECT" in caplog.text, "and the log has it, by Flask's own way"


@pytest.mark.asvs("V16.5.1")
@pytest.mark.attack("W6")
def test_a_browser_gets_a_page_of_ours():
    answer = sign_in(make()[0], **PAGE)
    assert (answer.status_code, answer.mimetype) == (500, "text/html")
    assert "<h1>Something went wrong here." in answer.text
    assert "Content-Security-Policy" in answer.headers
    assert "SELECT" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("of", [500, InternalServerError, Exception])
def test_a_handler_of_the_application_answers(of):
    app, _ = make()
    app.register_error_handler(of, lambda error: ({"mine": type(error).__name__}, 500))
    assert sign_in(app).get_json() == {"mine": "RuntimeError" if of is Exception else "InternalServerError"}


def test_an_async_handler_of_the_application_answers():
    app, _ = make()

    @app.errorhandler(500)
    async def mine(error):
        return {"mine": str(error.original_exception)}, 500

    assert sign_in(app).get_json() == {"mine": "SELECT secret FROM somewhere"}


def test_a_page_that_cannot_be_shown_either_is_flasks_own():
    app, _ = make()
    app.jinja_loader = DictLoader({"ostiary/layout.html": "{{ 1 / 0 }}"})
    answer = sign_in(app, **PAGE)
    assert (answer.status_code, answer.mimetype) == (500, "text/html")
    assert "Internal Server Error" in answer.text


def test_the_applications_own_views_answer_as_they_did():
    app, _ = make()
    app.add_url_rule("/broken", view_func=lambda: 1 / 0)
    answer = app.test_client().get("/broken")
    assert (answer.status_code, answer.mimetype) == (500, "text/html")
