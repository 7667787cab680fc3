"""Answers to refusals: a redirect to the application's own page, a page of ours, a problem document."""

import pytest
from flask import Flask, Response
from tests.shop import FrozenClock
from werkzeug.exceptions import HTTPException, Unauthorized
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from ostiary import AuthError, ConfigurationError, Sessions, SignIn
from ostiary.flask import Auth

SAME = {"Sec-Fetch-Site": "same-origin"}
PAGE = {"Accept": "text/html,application/xhtml+xml", "Sec-Fetch-Mode": "navigate"}
FORM = {**PAGE, **SAME}


def make(features=None, *, page="login", **options):
    app = Flask("shop")
    app.testing = True
    auth = Auth(app, [Sessions(), SignIn(page=page, vouches=("totp",), **options)] if features is None else features)

    @app.route("/login", methods=["GET", "POST"])
    def login():
        return "the form"

    @app.post("/in")
    def sign_in():
        return auth.sign_in("ada", proof="password").response()

    @app.route("/orders/<path:rest>", methods=["GET", "POST"])
    @auth.require
    def orders(rest):
        return "orders"

    @app.get("/vault")
    @auth.require(fresh="5m")
    def vault():
        return "gold"

    if features is None:
        app.add_url_rule("/safe", "safe", auth.require(factors=2)(lambda: "more gold"))

    return app, auth


# Where somebody is sent to sign in


@pytest.mark.must("9700-2.1-e")
def test_a_person_is_sent_to_the_applications_own_page_and_comes_back():
    answer = make()[0].test_client().get("/orders/5?sort=date&sort=name", headers=PAGE)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/login?next=%2Forders%2F5%3Fsort%3Ddate%26sort%3Dname"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Cookie" in answer.headers["Vary"]


@pytest.mark.parametrize("headers", [{}, {"Accept": "*/*"}, {**PAGE, "Sec-Fetch-Mode": "cors"}])
def test_a_script_gets_401_with_the_address_to_go_to(headers):
    answer = make()[0].test_client().get("/orders/5", headers=headers)
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    assert answer.get_json()["url"] == "/login"
    assert answer.headers["WWW-Authenticate"].startswith("Cookie ")


def test_a_form_that_was_posted_is_not_promised_to_be_posted_again():
    answer = make()[0].test_client().post("/orders/5", headers=FORM, data={"a": "b"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")


def test_below_a_mount_point_both_addresses_say_so():
    app, _ = make()
    client = Client(DispatcherMiddleware(Flask("outer"), {"/shop": app}))
    assert client.get("/shop/orders/5", headers=PAGE).headers["Location"] == "/shop/login?next=%2Fshop%2Forders%2F5"


@pytest.mark.attack("T4")
@pytest.mark.parametrize(
    ("path", "back"),
    [
        ("/orders/a%3Fb", "/orders/a%3Fb"),
        ("/orders/%C3%A9", "/orders/%C3%A9"),
        ("/orders/a%23b?c=%26d", "/orders/a%23b?c=%26d"),
        ("/orders/5?a=%0d%0aSet-Cookie:x", None),
        ("/orders/%00", None),
        ("/orders/..%2f..%2f", None),
    ],
)
def test_the_way_back_is_the_address_as_it_was_written_or_the_default(path, back):
    app, auth = make(after="/home")
    client = app.test_client()
    location = client.get(path, headers=PAGE).headers["Location"]
    assert location.isascii()
    answer = client.post(location.replace("/login", "/in"), headers=FORM)
    assert answer.headers["Location"] == (back or "/home")


def test_stray_bytes_in_the_query_are_no_500():
    environ = {"QUERY_STRING": "a=\xff\x80", "HTTP_ACCEPT": "text/html"}
    answer = make()[0].test_client().get("/orders/5", environ_overrides=environ)
    assert answer.headers["Location"] == "/login?next=%2Forders%2F5%3Fa%3D%25FF%2580"


@pytest.mark.attack("F1")
def test_an_address_of_two_slashes_leads_nowhere_else_afterwards():
    app, _ = make()
    client = app.test_client()
    location = client.get("//evil.test/orders/5", base_url="http://localhost", headers=PAGE)
    answer = client.post("/in?next=//evil.test/orders/5", headers=FORM)
    assert answer.headers["Location"] == "/"
    assert location.headers.get("Location", "/").startswith(("/", "http://localhost/"))


# Proof that is too old, or too little


def test_too_old_a_proof_asks_again_and_says_why():
    app, _ = make()
    app.extensions["ostiary"].clock = clock = FrozenClock()
    client = app.test_client()
    client.post("/in", headers=SAME)
    assert client.get("/vault").text == "gold"
    clock.pass_(5 * 60_000)
    assert client.get("/vault").text == "gold", "the very end of the five minutes is within them"
    clock.pass_(1)
    page = client.get("/vault", headers=PAGE)
    assert (page.status_code, page.headers["Location"]) == (303, "/login?why=stale&next=%2Fvault")
    answer = client.get("/vault")
    assert (answer.status_code, answer.get_json()["code"]) == (403, "step_up_needed")
    assert answer.get_json()["would_pass_if"] == ["fresh=5m"]
    assert answer.get_json()["url"] == "/login?why=stale"
    client.post("/in", headers=SAME)
    assert client.get("/vault").text == "gold"


def test_too_few_factors_say_how_many():
    app, _ = make()
    client = app.test_client()
    client.post("/in", headers=SAME)
    assert client.get("/safe").get_json()["would_pass_if"] == ["factors=2"]


def test_a_sign_in_that_needs_another_factor_keeps_where_she_wanted_to_go():
    app, _ = make(policy=2)
    client = app.test_client()
    answer = client.post("/in?next=/vault", headers=FORM)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login?why=factor&next=%2Fvault")
    answer = app.test_client().post("/in?next=//evil.test", headers=FORM)
    assert answer.headers["Location"] == "/login?why=factor"
    assert client.get("/vault").status_code == 401


# Without a page; without any feature


def test_without_a_page_a_person_gets_401_as_a_page_of_ours():
    answer = make([Sessions()])[0].test_client().get("/orders/5", headers=PAGE)
    assert (answer.status_code, answer.mimetype) == (401, "text/html")
    assert "Please sign in." in answer.text


def test_a_guard_that_no_credential_could_ever_pass_stops_the_start():
    app, _ = make([])
    with pytest.raises(ConfigurationError, match="guard of 'orders'") as caught:
        app.test_client().get("/login")
    assert {problem.code for problem in caught.value.problems} == {"requirement_cannot_be_met"}


def test_without_a_feature_next_leads_to_the_first_page():
    app, auth = make([])
    with app.test_request_context("/?next=//evil.test"):
        assert auth.next_url() == "/"


# The application's own answers


def test_a_general_handler_of_the_application_answers_errors_and_leaves_redirects_alone():
    app, _ = make()
    app.register_error_handler(HTTPException, lambda error: ({"mine": error.code}, error.code))
    client = app.test_client()
    assert client.get("/orders/5").get_json() == {"mine": 401}
    assert client.get("/orders/5", headers=PAGE).headers["Location"].startswith("/login")


@pytest.mark.parametrize("of", [401, Unauthorized])
def test_a_handler_by_status_and_one_by_class_are_the_same(of):
    app, _ = make()
    app.register_error_handler(of, lambda error: (f"mine: {error.error.code}", 401))
    assert app.test_client().get("/orders/5").text == "mine: not_authenticated"


@pytest.mark.parametrize("own", ["text", ("text", 418), Response("text", 418), {"a": 1}])
def test_our_own_hook_may_answer_with_whatever_a_view_may(own):
    app, auth = make()
    auth.error_handler(lambda error: own)
    assert app.test_client().get("/orders/5").status_code in (200, 418)


def test_an_error_that_a_view_raises_itself_answers_itself():
    app, _ = make()

    @app.get("/teapot")
    def teapot():
        raise AuthError("Short and stout.", code="teapot", status=418, detail="private")

    answer = app.test_client().get("/teapot")
    assert (answer.status_code, answer.get_json()["code"]) == (418, "teapot")
    assert "private" not in answer.text


@pytest.mark.attack("T5")
@pytest.mark.attack("T6")
@pytest.mark.asvs("V13.4.2")
@pytest.mark.parametrize("debug", [True, False])
def test_what_a_message_says_is_text_in_a_page_also_in_debug(debug):
    app, _ = make([Sessions()])
    app.debug = debug

    @app.get("/odd")
    def odd():
        raise AuthError("<script>alert(1)</script> {{7*7}} {0.__class__}", detail="private")

    answer = app.test_client().get("/odd", headers=PAGE)
    assert "&lt;script&gt;" in answer.text
    assert "{{7*7}} {0.__class__}" in answer.text
    assert "<script" not in answer.text
    assert "private" not in answer.text
