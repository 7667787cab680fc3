"""Signing in and out of a Flask application: CSRF, GET, cookies, ``next``, the second factor."""

import pytest
from flask import Flask, request

from ostiary import Sessions, SignIn
from ostiary.flask import Auth

SAME = {"Sec-Fetch-Site": "same-origin"}


def make(features=None, config=None):
    app = Flask("shop")
    app.testing = True
    app.config.update(config or {})
    auth = Auth(app, features or [Sessions()])

    @app.route("/in", methods=["GET", "POST"])
    def sign_in():
        return auth.sign_in("ada", proof=request.args.get("proof", "app")).response()

    @app.get("/form")
    def form():
        return auth.csrf_field()

    @app.post("/change")
    @auth.require
    def change():
        return auth.principal.subject

    @app.post("/out")
    def out():
        auth.sign_out()
        return "out"

    @app.get("/who")
    def who():
        return auth.principal.subject or "nobody"

    return app, auth


def token_in(html):
    return html.split('value="')[1].split('"')[0]


@pytest.mark.attack("G2")
@pytest.mark.attack("G3")
@pytest.mark.asvs("V7.6.2")
@pytest.mark.asvs("V3.5.3")
@pytest.mark.parametrize("method", ["get", "head"])
def test_nobody_is_signed_in_by_a_request_that_should_change_nothing(method):
    app, _ = make()
    client = app.test_client()
    answer = getattr(client, method)("/in", headers=SAME)
    assert answer.status_code == 405
    assert "Set-Cookie" not in answer.headers
    assert client.get("/who").text == "nobody"


@pytest.mark.attack("G1")
@pytest.mark.attack("G5")
@pytest.mark.must("CS-CSRF")
@pytest.mark.asvs("V3.5.1")
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.test"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.test"},
        {"Sec-Fetch-Site": "surprise"},
        {},
    ],
)
def test_a_sign_in_from_elsewhere_is_refused(headers):
    app, _ = make()
    client = app.test_client()
    answer = client.post("/in", headers=headers)
    assert (answer.status_code, answer.get_json()["code"]) == (403, "csrf_refused")
    assert "ostiary_session" not in answer.headers.get("Set-Cookie", "")


@pytest.mark.asvs("V3.5.1")
@pytest.mark.parametrize(
    "headers",
    [
        SAME,
        {"Origin": "http://localhost"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost:5173"},
        {"Sec-Fetch-Site": "none", "Origin": "http://localhost"},
    ],
)
def test_a_sign_in_from_our_own_pages_passes(headers):
    app, _ = make(config={"OSTIARY_TRUSTED_ORIGINS": "http://localhost:5173"})
    assert app.test_client().post("/in", headers=headers).status_code == 200


def test_the_refusal_names_the_setting_that_mends_it_in_development():
    app, _ = make()
    answer = app.test_client().post("/in", headers={"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost:5173"})
    assert "OSTIARY_TRUSTED_ORIGINS" in answer.get_json()["hint"]


@pytest.mark.attack("G7")
@pytest.mark.attack("G8")
@pytest.mark.asvs("V7.2.4")
def test_a_token_lives_and_dies_with_what_it_was_made_for():
    app, _ = make()
    client = app.test_client()
    before = token_in(client.get("/form").text)
    assert client.post("/in", data={"ostiary_csrf": before}).status_code == 200
    assert client.post("/change", data={"ostiary_csrf": before}).status_code == 403
    assert client.post("/change", data={"ostiary_csrf": before}, headers=SAME).status_code == 403
    after = token_in(client.get("/form").text)
    assert client.post("/change", headers={"X-Ostiary-CSRF": after}).status_code == 200
    other = app.test_client()
    other.post("/in", headers=SAME)
    assert other.post("/change", data={"ostiary_csrf": after}).status_code == 403
    assert client.post("/out", data={"ostiary_csrf": after}).status_code == 200
    client.post("/in", headers=SAME)
    assert client.post("/change", data={"ostiary_csrf": after}).status_code == 403


@pytest.mark.attack("U12")
def test_a_token_is_written_differently_each_time():
    app, _ = make()
    client = app.test_client()
    assert token_in(client.get("/form").text) != token_in(client.get("/form").text)


def test_both_can_be_demanded():
    app, _ = make(config={"OSTIARY_CSRF": "token"})
    client = app.test_client()
    token = token_in(client.get("/form").text)
    assert client.post("/in", headers=SAME).status_code == 403
    assert client.post("/in", data={"ostiary_csrf": token}, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.post("/in", data={"ostiary_csrf": token}, headers=SAME).status_code == 200


@pytest.mark.attack("G10")
def test_a_method_override_is_not_honoured():
    app, _ = make()
    answer = app.test_client().get("/in?_method=POST", headers={**SAME, "X-HTTP-Method-Override": "POST"})
    assert answer.status_code == 405


@pytest.mark.attack("H16")
@pytest.mark.asvs("V14.2.2")
@pytest.mark.asvs("V14.3.2")
def test_what_depends_on_who_is_calling_is_kept_from_caches():
    app, _ = make()
    client = app.test_client()
    answer = client.get("/who")
    assert "Cookie" in answer.headers["Vary"]
    client.post("/in", headers=SAME)
    answer = client.get("/who")
    assert "Cookie" in answer.headers["Vary"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_one_factor_of_two_waits_and_is_never_a_session():
    app, _ = make([Sessions(), SignIn(policy=2, vouches=("totp",))])
    client = app.test_client()
    answer = client.post("/in?proof=password", headers=SAME)
    assert (answer.status_code, answer.get_json()["code"]) == (401, "factor_needed")
    assert answer.get_json()["methods"] == ["totp"]
    assert client.get("/who").text == "nobody"
    assert client.post("/in?proof=totp", headers=SAME).status_code == 200
    assert client.get("/who").text == "ada"


@pytest.mark.parametrize(("first", "second"), [("password", "totp"), ("totp", "password")])
def test_two_factors_may_be_proven_in_either_order(first, second):
    app, _ = make([Sessions(), SignIn(policy=2, vouches=("totp",))])
    client = app.test_client()
    answer = client.post(f"/in?proof={first}", headers=SAME)
    assert (answer.get_json()["code"], answer.get_json()["methods"]) == ("factor_needed", [second])
    assert client.post(f"/in?proof={second}", headers=SAME).status_code == 200
    assert client.get("/who").text == "ada"


@pytest.mark.attack("H20")
def test_a_half_finished_sign_in_ends_with_a_sign_out():
    app, _ = make([Sessions(), SignIn(policy=2, vouches=("totp",))])
    client = app.test_client()
    client.post("/in?proof=password", headers=SAME)
    pending = client.get_cookie("ostiary_pending").value
    client.post("/out", headers=SAME)
    client.set_cookie("ostiary_pending", pending)
    assert client.post("/in?proof=totp", headers=SAME).status_code == 401


@pytest.mark.parametrize("who", [5, None, object(), b"ada"])
def test_a_subject_is_text_and_the_error_says_how_to_write_it(who):
    app, auth = make()
    with app.test_request_context("/in", method="POST", headers=SAME), pytest.raises(TypeError, match="str"):
        auth.sign_in(who)


def test_a_subject_is_not_empty():
    app, auth = make()
    with app.test_request_context("/in", method="POST", headers=SAME), pytest.raises(ValueError, match="empty"):
        auth.sign_in("")


def test_the_answer_leads_to_next_if_that_is_ours():
    app, _ = make()
    page = {**SAME, "Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
    good = app.test_client().post("/in?next=/who", headers=page)
    assert (good.status_code, good.headers["Location"]) == (303, "/who")
    bad = app.test_client().post("/in?next=//evil.test", headers=page)
    assert bad.headers["Location"] == "/"
