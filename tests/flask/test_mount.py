"""Our own addresses in an application: where they live, what they answer, whom they let in."""

import pytest
from flask import Flask, Response, request

from ostiary import Sessions
from ostiary.flask import Auth

SAME = {"Sec-Fetch-Site": "same-origin"}
PAGE = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}


def make(**options):
    app = Flask("shop")
    app.testing = True
    auth = Auth(app, [Sessions()], closed=True, **options)

    @app.post("/in/<who>")
    @auth.public
    def sign_in(who):
        return auth.sign_in(who).response()

    @app.get("/kept")
    @auth.require
    def kept():
        return auth.principal.subject

    return app, auth


def signed_in(app, who="ada"):
    client = app.test_client()
    client.post(f"/in/{who}", headers=SAME)
    return client


@pytest.mark.asvs("V13.4.5")
def test_there_are_no_addresses_of_ours_but_these():
    app, _ = make()
    ours = {
        (rule.rule, *sorted(rule.methods - {"HEAD", "OPTIONS"}))
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("ostiary.")
    }
    assert ours == {
        ("/auth/session", "GET"),
        ("/auth/sessions", "GET"),
        ("/auth/sessions/<id>", "DELETE", "POST"),
        ("/auth/sign-out", "GET", "POST"),
        ("/auth/static/<path:filename>", "GET"),
    }


def test_they_live_where_the_application_wants_them():
    app, _ = make(url_prefix="/account")
    assert signed_in(app).get("/account/sessions").status_code == 200
    assert app.test_client().get("/auth/sessions").status_code == 404


@pytest.mark.asvs("V8.2.1")
def test_every_address_that_is_not_declared_open_asks_who_is_calling():
    app, _ = make()
    open_, refused = [], []
    for rule in app.url_map.iter_rules():
        for method in rule.methods - {"OPTIONS"}:
            path = rule.rule.replace("<id>", "1").replace("<who>", "ada").replace("<path:filename>", "x")
            answer = app.test_client().open(path, method=method, headers=SAME)
            (refused if answer.status_code == 401 else open_).append((rule.endpoint, method == "POST"))
    assert set(open_) == {
        ("static", False),
        ("ostiary.static", False),
        ("sign_in", True),
        # The page with the button; pressing it asks who is calling.
        ("ostiary.sign_out", False),
        # Who is signed in: nobody, here.
        ("ostiary.session", False),
    }
    assert {endpoint for endpoint, _ in refused} == {
        "kept", "ostiary.sessions", "ostiary.end_session", "ostiary.sign_out"
    }  # fmt: skip


@pytest.mark.asvs("V3.2.1")
@pytest.mark.asvs("V3.4.4")
@pytest.mark.asvs("V3.5.8")
@pytest.mark.asvs("V13.4.6")
@pytest.mark.parametrize(("signed", "headers"), [(True, {}), (False, {}), (False, PAGE)])
def test_what_we_answer_is_data_for_our_own_pages(signed, headers):
    app, _ = make()
    client = signed_in(app) if signed else app.test_client()
    answer = client.get("/auth/sessions", headers=headers)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Cookie" in answer.headers["Vary"]
    assert not {"Server", "X-Powered-By", "Access-Control-Allow-Origin"} & set(answer.headers.keys())
    if signed or headers:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.attack("G11")
@pytest.mark.asvs("V3.4.2")
@pytest.mark.parametrize("origin", ["https://evil.test", "null", "http://localhost", "https://sub.localhost"])
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_no_origin_is_ever_let_in_to_read(origin, method):
    headers = {"Origin": origin, "Access-Control-Request-Method": "GET"}
    answer = signed_in(make()[0]).open("/auth/sessions", method=method, headers=headers)
    assert not [name for name in answer.headers.keys() if name.startswith("Access-Control")]


@pytest.mark.attack("G17")
@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, {}])
def test_another_site_signs_nobody_out(headers):
    app, _ = make()
    client = signed_in(app)
    assert client.post("/auth/sign-out", headers=headers).status_code == 403
    assert client.get("/kept").text == "ada"


@pytest.mark.attack("G2")
@pytest.mark.asvs("V3.5.3")
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "OPTIONS"])
def test_only_a_post_signs_out(method):
    app, _ = make()
    client = signed_in(app)
    client.open("/auth/sign-out?_method=POST", method=method, headers={**SAME, "X-HTTP-Method-Override": "POST"})
    assert client.get("/kept").text == "ada"


@pytest.mark.asvs("V14.3.1")
@pytest.mark.asvs("V7.4.1")
def test_a_sign_out_ends_the_session_and_clears_the_browser():
    app, _ = make()
    client = signed_in(app)
    held = client.get_cookie("ostiary_session").value
    answer = client.post("/auth/sign-out", headers=SAME)
    assert (answer.status_code, answer.headers["Clear-Site-Data"]) == (204, '"cache"')
    assert client.get_cookie("ostiary_session") is None
    client.set_cookie("ostiary_session", held)
    assert client.get("/kept").status_code == 401


def test_signing_the_others_out_keeps_this_browser():
    app, _ = make()
    here, there = signed_in(app), signed_in(app)
    answer = here.post("/auth/sign-out", json={"scope": "others"}, headers=SAME)
    assert "Clear-Site-Data" not in answer.headers
    assert (here.get("/kept").status_code, there.get("/kept").status_code) == (200, 401)


@pytest.mark.attack("G9")
@pytest.mark.asvs("V3.5.2")
@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [('{"scope": "here"}', "text/plain", 415), ("scope=all", "application/x-www-form-urlencoded", 400)]
    + [("[]", "application/json", 400), ('{"scope": 5}', "application/json", 400)],
)
def test_a_body_that_cannot_be_read_signs_nobody_out(body, kind, status):
    app, _ = make()
    client = signed_in(app)
    assert client.post("/auth/sign-out", data=body, content_type=kind, headers=SAME).status_code == status
    assert client.get("/kept").text == "ada"


@pytest.mark.attack("V3")
def test_a_session_of_somebody_else_is_as_good_as_unknown():
    app, auth = make()
    ada, bob = signed_in(app), signed_in(app, "bob")
    theirs = bob.get("/auth/sessions").get_json()["sessions"][0]["id"]
    answers = [ada.delete(f"/auth/sessions/{id}", headers=SAME) for id in (theirs, "unknown", "%00", "../" * 3)]
    assert {answer.status_code for answer in answers} == {404}
    assert answers[0].get_json() == answers[1].get_json()
    assert bob.get("/kept").text == "bob"
    mine = ada.get("/auth/sessions").get_json()["sessions"][0]["id"]
    assert ada.delete(f"/auth/sessions/{mine}", headers=SAME).status_code == 204
    assert ada.get("/kept").status_code == 401


def test_an_application_puts_our_pages_into_its_own_frame(tmp_path):
    (tmp_path / "templates" / "ostiary").mkdir(parents=True)
    layout = "{% block title %}{% endblock %}<p>my shop</p>{% block ostiary %}{% endblock %}"
    (tmp_path / "templates" / "ostiary" / "layout.html").write_text(layout)
    app = Flask("shop", root_path=str(tmp_path))
    app.testing = True
    Auth(app, [Sessions()])
    answer = app.test_client().get("/auth/sessions", headers=PAGE)
    assert "<p>my shop</p>" in answer.text
    assert "Please sign in." in answer.text


@pytest.mark.asvs("V16.5.1")
@pytest.mark.asvs("V16.5.4")
@pytest.mark.attack("W6")
def test_what_goes_wrong_inside_is_a_500_that_tells_nothing(monkeypatch):
    app, _ = make()
    client = signed_in(app)
    app.testing = False

    def break_down(*_, **__):
        raise RuntimeError("SELECT secret_hash FROM ostiary_sessions")

    monkeypatch.setattr("ostiary.features.sessions.end.SessionActions.list", break_down)
    answer = client.get("/auth/sessions", headers=PAGE)
    assert answer.status_code == 500
    assert "SELECT" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.attack("X9")
def test_an_application_called_from_a_view_of_another_shares_its_environ_and_nothing_else():
    inner, _ = make(url_prefix="/inner-auth")
    outer, outer_auth = make()

    @outer.get("/through")
    @outer_auth.require
    def through():
        answer = Response.from_app(inner, {**request.environ, "PATH_INFO": "/kept"})
        return {"inner": answer.status_code, "vary": answer.headers["Vary"], "outer": outer_auth.principal.subject}

    answer = signed_in(outer).get("/through")
    assert answer.get_json() == {"inner": 401, "vary": "Cookie", "outer": "ada"}
    assert answer.headers["Cache-Control"] == "no-store"
