"""The present request: its caller, the cookies of its answer, what caches are told; nothing on ``g``."""

import pytest
from flask import Flask, Response, request
from tests.badges import Badges, Roles

from ostiary import Sessions
from ostiary.flask import Auth

SAME = {"Sec-Fetch-Site": "same-origin"}
ADA = {"Authorization": "Badge ada"}


def make(*features, **config):
    app = Flask("shop")
    app.testing = True
    app.config.update(config)
    auth = Auth(app, [Sessions(), Badges(), *features])

    @app.post("/in/<who>")
    def sign_in(who):
        return auth.sign_in(who).response()

    @app.get("/open")
    @auth.public
    def open_():
        return "open"

    @app.route("/who", methods=["GET", "POST"])
    @auth.optional
    def who():
        credential = auth.principal.credential
        return {"who": auth.principal.subject, "by": credential.kind if credential else None}

    @app.get("/kept")
    @auth.require
    def kept():
        return auth.principal.subject

    @app.get("/asked")
    def asked():
        return "yes" if auth.principal else "no"

    @app.get("/shared")
    @auth.require
    def shared():
        return Response("x", headers={"Cache-Control": "public, max-age=600"})

    @app.get("/list")
    @auth.optional
    def list_():
        return Response(auth.principal.subject, headers={"Cache-Control": "public, max-age=600"})

    @app.get("/own")
    @auth.require
    def own():
        return Response("x", headers={"Cache-Control": "private, max-age=60", "Vary": "Accept-Language"})

    @app.get("/token")
    def token():
        return {"token": auth.csrf_token(), "field": auth.csrf_field()}

    return app, auth


def signed_in(app, who="ada"):
    client = app.test_client()
    client.post(f"/in/{who}", headers=SAME)
    return client


# Whose credential wins


@pytest.mark.attack("C19")
def test_a_badge_beside_a_cookie_of_somebody_else_wins_and_csrf_is_not_asked():
    client = signed_in(make()[0], "bob")
    assert client.get("/who", headers=ADA).get_json() == {"who": "ada", "by": "badge"}
    assert client.post("/who", headers={**ADA, "Sec-Fetch-Site": "cross-site"}).get_json()["who"] == "ada"
    assert client.post("/who", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


@pytest.mark.parametrize("path", ["/who", "/kept", "/asked", "/auth/sessions"])
def test_a_forged_badge_is_401_everywhere_also_where_anonymous_is_welcome(path):
    answer = signed_in(make()[0]).get(path, headers={"Authorization": "Badge FORGED"})
    assert (answer.status_code, answer.get_json()["code"]) == (401, "invalid_credential")
    assert answer.headers["WWW-Authenticate"] == 'Badge realm="tests"'


def test_a_public_view_does_not_even_look():
    client = signed_in(make()[0])
    answer = client.get("/open", headers={"Authorization": "Badge FORGED"})
    assert (answer.status_code, answer.text) == (200, "open")
    assert "Vary" not in answer.headers
    assert "Cache-Control" not in answer.headers


@pytest.mark.attack("C19")
def test_two_badges_are_refused():
    answer = make()[0].test_client().get("/who", headers={**ADA, "X-Badge": "Badge bob"})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "two_credentials")


def test_a_program_does_not_trade_its_badge_for_a_session():
    answer = make()[0].test_client().post("/in/ada", headers={**ADA, **SAME})
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


@pytest.mark.attack("V12")
def test_a_narrowed_badge_needs_the_right_and_the_scope():
    app, auth = make(Roles(permissions={"ada": ("order:*",)}, roles={"ada": ("clerk",)}))
    app.add_url_rule("/read", "read", auth.require("order:read")(lambda: "read"))
    app.add_url_rule("/clerk", "clerk", auth.require(role="clerk")(lambda: "clerk"))
    client = app.test_client()

    def status(path, badge):
        return client.get(path, headers={"Authorization": f"Badge {badge}"}).status_code

    assert status("/read", "ada") == status("/read", "ada;order:read") == status("/clerk", "ada") == 200
    assert status("/read", "ada;order:write") == status("/read", "bob;order:read") == 403
    # A guard that names no permission says nothing about what a narrowed credential is for.
    assert status("/clerk", "ada;order:read") == status("/kept", "ada;order:read") == 403


def test_roles_hold_where_they_were_given():
    app, auth = make(Roles(roles={"ada": ("lead@org:acme",), "eve": ("lead",)}))
    app.add_url_rule("/<org>/plan", "plan", auth.require(role="lead", on="org")(lambda org: org))
    app.add_url_rule("/plan", "home", auth.require(role="lead")(lambda: "home"))
    tenant = {"here": ("org", "acme")}
    auth.tenant(lambda: tenant["here"])
    client = app.test_client()

    def status(path, who):
        return client.get(path, headers={"Authorization": f"Badge {who}"}).status_code

    assert [status(path, "ada") for path in ("/acme/plan", "/other/plan", "/plan")] == [200, 403, 200]
    tenant["here"] = ("org", "other")
    assert [status("/plan", who) for who in ("ada", "eve")] == [403, 200]
    tenant["here"] = None
    assert status("/plan", "ada") == 403


@pytest.mark.attack("V13")
@pytest.mark.asvs("V16.5.3")
def test_when_what_decides_fails_nobody_passes_and_it_is_written_down(caplog):
    app, auth = make(Roles(roles={"ada": ("lead",)}))
    app.add_url_rule("/plan", "plan", auth.require(role="lead", on=lambda: 1 / 0)(lambda: "plan"))
    app.testing = False
    with caplog.at_level("INFO", "ostiary.security"):
        answer = app.test_client().get("/plan", headers=ADA)
    assert answer.status_code == 500
    assert "guard_failed" in caplog.text
    assert "ZeroDivision" not in answer.text


# Cookies that are no good


@pytest.mark.attack("H13")
@pytest.mark.parametrize("value", ["garbage", "", "a.b", "." * 1_000_000, "\x85\xff"], ids=lambda value: value[:8])
def test_a_stale_cookie_leaves_open_pages_open_and_is_cleared(value):
    app, _ = make()
    client = app.test_client(use_cookies=False)
    answer = client.get("/who", headers={"Cookie": f"ostiary_session={value}"})
    assert (answer.status_code, answer.get_json()["who"]) == (200, "")
    if len(value) < 1_000:
        assert answer.headers["Set-Cookie"].startswith("ostiary_session=; ")
    assert client.get("/kept", headers={"Cookie": f"ostiary_session={value}"}).status_code == 401


@pytest.mark.attack("H13")
def test_a_doubled_cookie_is_nobody_s_in_either_order():
    app, _ = make()
    good = signed_in(app).get_cookie("ostiary_session").value
    client = app.test_client(use_cookies=False)
    for pair in (f"ostiary_session={good}; ostiary_session=bad", f"ostiary_session=bad; ostiary_session={good}"):
        answer = client.get("/who", headers={"Cookie": pair})
        assert answer.get_json()["who"] == ""
        assert answer.headers["Set-Cookie"].startswith("ostiary_session=; ")


def test_the_cookie_of_a_sign_in_is_not_cleared_by_the_stale_one_it_replaces():
    app, _ = make()
    client = app.test_client()
    client.set_cookie("ostiary_session", "garbage")
    answer = client.post("/in/ada", headers=SAME)
    assert len([one for one in answer.headers.getlist("Set-Cookie") if one.startswith("ostiary_session=")]) == 1
    assert client.get("/kept").text == "ada"


# Caches


@pytest.mark.attack("H16")
@pytest.mark.asvs("V14.2.2")
@pytest.mark.asvs("V14.2.5")
@pytest.mark.parametrize("path", ["/kept", "/who", "/asked", "/shared", "/token", "/auth/sessions"])
def test_an_answer_to_somebody_is_nobody_else_s_also_when_it_was_only_asked_whether(path):
    answer = signed_in(make()[0]).get(path)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Cookie" in answer.headers["Vary"]


@pytest.mark.attack("H16")
def test_no_cache_keeps_an_answer_that_clears_a_cookie():
    """Given to others, it would sign them out (RFC 9111 §7.3)."""
    client = make()[0].test_client()
    answer = client.get("/list")
    assert (answer.headers["Cache-Control"], answer.headers["Vary"]) == ("public, max-age=600", "Cookie")
    client.set_cookie("ostiary_session", "garbage")
    answer = client.get("/list")
    assert answer.headers["Set-Cookie"].startswith("ostiary_session=; ")
    assert (answer.headers["Cache-Control"], answer.headers["Vary"]) == ("no-store", "Cookie")


@pytest.mark.attack("H16")
@pytest.mark.parametrize("path", ["/list", "/asked", "/kept"])
def test_no_cache_keeps_what_a_bad_credential_was_answered_whoever_answers(path):
    """Kept by the address alone, one forged header would shut out everybody."""
    app, _ = make()
    app.register_error_handler(401, lambda _: Response("no", 401, headers={"Cache-Control": "public, max-age=600"}))
    answer = app.test_client().get(path, headers={"Authorization": "Badge FORGED"})
    assert (answer.status_code, answer.text, answer.headers["Cache-Control"]) == (401, "no", "no-store")


def test_a_view_may_let_the_browser_itself_keep_its_answer():
    answer = signed_in(make()[0]).get("/own")
    assert answer.headers["Cache-Control"] == "private, max-age=60"
    assert answer.headers["Vary"] == "Accept-Language, Cookie"


def test_an_answer_to_a_program_varies_on_what_it_presented():
    client = make()[0].test_client()
    kept, own = client.get("/kept", headers=ADA), client.get("/own", headers=ADA)
    # RFC 9110 §12.5.5: what nobody keeps, and what came with Authorization, is given to nobody else.
    assert (kept.headers["Cache-Control"], kept.headers.get("Vary")) == ("no-store", None)
    # A browser keeps this one, for a while and for whoever presents the same.
    assert (own.headers["Cache-Control"], own.headers["Vary"]) == (
        "private, max-age=60",
        "Accept-Language, Authorization",
    )


@pytest.mark.attack("H17")
def test_a_page_with_a_token_of_a_visitor_is_not_kept():
    answer = make()[0].test_client().get("/token")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Set-Cookie"].startswith("ostiary_csrf=")


@pytest.mark.asvs("V14.2.5")
def test_no_address_below_a_guarded_one_is_that_one():
    client = signed_in(make()[0])
    for path in ("/kept/x.css", "/kept;x.css", "/kept%2fx.css", "/kept%00.css"):
        assert client.get(path).status_code == 404


# Tokens of a page


def test_every_token_of_one_page_is_for_one_visitor():
    app, auth = make()
    app.add_url_rule("/two", "two", lambda: {"a": auth.csrf_token(), "b": auth.csrf_token()})
    client = app.test_client()
    answer = client.get("/two")
    assert len(answer.headers.getlist("Set-Cookie")) == 1
    for token in answer.get_json().values():
        assert app.test_client().post("/in/ada", headers={"X-Ostiary-CSRF": token}).status_code == 403
        assert client.post("/in/ada", headers={"X-Ostiary-CSRF": token}).status_code == 200
        client.delete_cookie("ostiary_session")


@pytest.mark.asvs("V3.3.4")
@pytest.mark.must("63B-5.1.1")
def test_no_answer_shows_what_the_cookie_holds():
    app, _ = make()
    client = signed_in(app)
    value = client.get_cookie("ostiary_session").value
    secret = value.split(".")[1]
    for path in ("/who", "/kept", "/token", "/auth/sessions"):
        answer = client.get(path)
        assert secret not in answer.text + str(answer.headers)


def test_outside_a_request_nobody_is_calling():
    _, auth = make()
    assert not auth.principal


@pytest.mark.attack("G1")
def test_what_was_found_in_a_request_is_not_believed_in_a_copy_of_it():
    """A view that asks its own application, with the environ it was given and another method or header."""
    app, auth = make()

    @app.get("/again")
    @auth.optional
    def again():
        copy = {**request.environ, "REQUEST_METHOD": "POST", "PATH_INFO": "/who"}
        if "badge" in request.args:
            copy["HTTP_AUTHORIZATION"] = request.args["badge"]
        return Response.from_app(app.wsgi_app, copy)

    client = app.test_client()
    client.post("/in/ada", headers=SAME)
    assert client.get("/again", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.get("/again", headers=SAME).json["who"] == "ada"
    assert client.get("/again?badge=Badge%20bob", headers=SAME).json == {"who": "bob", "by": "badge"}
    assert client.get("/again?badge=Badge%20!", headers=SAME).status_code == 401
