"""Below our prefix an address that is none, and a method that is not taken, answer as everything else of ours does."""

import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from ostiary import Passwords, Sessions, Tokens
from ostiary.flask import Auth
from ostiary.kernel.errors import Unavailable

PAGE = {"Accept": "text/html,application/xhtml+xml", "Sec-Fetch-Mode": "navigate"}
SAME = {"Sec-Fetch-Site": "same-origin"}


def make(features=None, **options):
    app = Flask("shop")
    app.testing = True
    auth = Auth(app, [Sessions()] if features is None else features, **options)
    return app, auth


def problem(answer):
    assert answer.mimetype == "application/problem+json"
    document = answer.get_json()
    assert document["status"] == answer.status_code
    assert document["type"] == f"urn:ostiary:problem:{document['code']}"
    return document["code"]


# Nothing there


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/auth/static/none.css")]
    + [
        (method, path)
        for method in ("GET", "POST", "OPTIONS")
        for path in ("/auth/none", "/auth/sessions/1/2", "/auth/", "/auth")
    ],
)
def test_a_program_that_asks_for_nothing_of_ours_gets_a_problem_document(path, method):
    answer = make()[0].test_client().open(path, method=method)
    assert (answer.status_code, problem(answer)) == (404, "not_found")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/auth/none", "/auth/static/none.css"])
def test_a_browser_gets_a_page_of_ours(path):
    answer = make()[0].test_client().get(path, headers=PAGE)
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert "<h1>There is nothing here.</h1>" in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.attack("T6")
def test_the_page_repeats_nothing_of_the_address():
    answer = make()[0].test_client().get("/auth/%3Cscript%3Ealert(1)%3C/script%3E?marker", headers=PAGE)
    assert answer.status_code == 404
    assert "alert(1)" not in answer.text
    assert "marker" not in answer.text


@pytest.mark.parametrize(("headers", "mimetype"), [({}, "application/problem+json"), (PAGE, "text/html")])
def test_the_head_of_it_is_that_of_the_answer_and_nothing_more(headers, mimetype):
    answer = make()[0].test_client().head("/auth/none", headers=headers)
    assert (answer.status_code, answer.mimetype, answer.data) == (404, mimetype, b"")


@pytest.mark.parametrize("path", ["/none", "/authority", "/auth2/none", "/static/none.css"])
def test_what_is_not_below_our_prefix_is_the_applications(path):
    answer = make()[0].test_client().get(path)
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert "not found on the server" in answer.text.lower().replace("\n", " ")


def test_it_follows_the_prefix_and_the_mount_point():
    app, _ = make(url_prefix="/account")
    client = Client(DispatcherMiddleware(Flask("outer"), {"/shop": app}))
    assert problem(client.get("/shop/account/none")) == "not_found"
    assert client.get("/shop/auth/none").mimetype == "text/html"
    page = client.get("/shop/account/none", headers=PAGE)
    assert 'href="/shop/"' in page.text
    assert 'href="/shop/account/static/ostiary.css"' in page.text


def test_without_a_prefix_what_is_not_found_is_the_applications():
    app, _ = make(url_prefix="/")
    client = app.test_client()
    assert client.get("/none").mimetype == "text/html"
    assert problem(client.delete("/session")) == "method_not_allowed"


# Another method


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "PROPFIND"])
@pytest.mark.parametrize("headers", [{}, PAGE])
def test_a_method_that_is_not_taken_is_told_which_are(method, headers):
    app, _ = make()
    path, allowed = ("/auth/session", "GET, HEAD, OPTIONS")
    if method == "HEAD":
        path, allowed = ("/auth/sessions/1", "DELETE, OPTIONS, POST")
    answer = app.test_client().open(path, method=method, headers=headers)
    # RFC 9110 §15.5.6: Allow must be there.
    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)
    if headers:
        assert answer.mimetype == "text/html"
        assert "Content-Security-Policy" in answer.headers
    else:
        assert answer.mimetype == "application/problem+json"
    if method != "HEAD":
        assert "method_not_allowed" in answer.text


def test_options_says_what_is_taken():
    answer = make()[0].test_client().options("/auth/session")
    assert answer.status_code == 200
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_our_addresses_outside_of_the_prefix_answer_alike():
    app, _ = make([Passwords(lookup={}.get), Tokens()])
    answer = app.test_client().post("/.well-known/jwks.json", headers=SAME)
    assert (problem(answer), answer.headers["Allow"]) == ("method_not_allowed", "GET, HEAD, OPTIONS")


def test_a_view_of_the_application_below_our_prefix_refuses_a_method_as_it_does():
    app, _ = make()
    app.add_url_rule("/auth/own", "own", lambda: "own")
    answer = app.test_client().post("/auth/own")
    assert (answer.status_code, answer.mimetype) == (405, "text/html")
    assert "Content-Security-Policy" not in answer.headers


def test_a_host_that_is_not_trusted_is_a_bad_request_to_a_program_too():
    app, _ = make()
    app.config["TRUSTED_HOSTS"] = ["shop.example"]
    client = app.test_client()
    answer = client.get("/auth/session", base_url="http://evil.example")
    assert (answer.status_code, problem(answer)) == (400, "malformed_request")
    assert "evil" not in answer.text
    # There is no address for a link or a style sheet of a page: it stays Flask's.
    page = client.get("/auth/session", base_url="http://evil.example", headers=PAGE)
    assert (page.status_code, page.mimetype) == (400, "text/html")
    assert client.get("/elsewhere", base_url="http://evil.example").mimetype == "text/html"
    assert client.get("/auth/session", base_url="http://shop.example").status_code == 200


def test_a_redirect_of_the_routing_stays_one():
    app, _ = make()
    answer = app.test_client().get("/auth//session")
    assert (answer.status_code, answer.headers["Location"]) == (308, "http://localhost/auth/session")


# The application's own handlers


@pytest.mark.parametrize("of", [404, NotFound, HTTPException])
@pytest.mark.parametrize("path", ["/auth/none", "/auth/static/none.css"])
def test_a_handler_of_the_application_answers_what_is_not_found(of, path):
    app, _ = make()
    app.register_error_handler(of, lambda error: (f"mine: {error.code}", 404))
    assert app.test_client().get(path).text == "mine: 404"


@pytest.mark.parametrize("of", [405, MethodNotAllowed, HTTPException])
def test_a_handler_of_the_application_answers_another_method(of):
    app, _ = make()
    app.register_error_handler(of, lambda error: ("mine", error.code, {"Allow": ", ".join(error.valid_methods)}))
    answer = app.test_client().put("/auth/session")
    assert (answer.text, answer.headers["Allow"]) == ("mine", "GET, HEAD, OPTIONS")


def test_the_applications_hook_for_refusals_hears_of_them():
    app, auth = make()
    auth.error_handler(lambda error: ({"mine": error.code}, error.status))
    client = app.test_client()
    assert client.get("/auth/none").get_json() == {"mine": "not_found"}
    assert client.put("/auth/session").get_json() == {"mine": "method_not_allowed"}


def test_an_application_that_raises_routing_errors_its_own_way_goes_on_doing_so():
    class Own(Flask):
        def raise_routing_exception(self, request):
            raise LookupError(request.path)

    app = Own("shop")
    app.testing = True
    Auth(app, [Sessions()])
    client = app.test_client()
    assert problem(client.get("/auth/none")) == "not_found"
    with pytest.raises(LookupError, match="/elsewhere"):
        client.get("/elsewhere")


# Every other refusal below the prefix, asked for by a program and by a browser


def busy(_):
    raise Unavailable(retry_after=7)


@pytest.mark.parametrize("headers", [{}, PAGE])
@pytest.mark.parametrize(
    ("status", "sent"),
    [
        (400, {"data": b"{", "content_type": "application/json"}),
        (400, {"environ_overrides": {"QUERY_STRING": "a=\xff"}}),
        (413, {"data": b"a" * 3_000_000, "content_type": "application/json"}),
        (413, {"data": b"a=" + b"a" * 3_000_000, "content_type": "application/x-www-form-urlencoded"}),
        (415, {"data": b"{}", "content_type": "text/plain"}),
        (503, {"data": {"identifier": "busy", "password": "correct horse"}}),
    ],
)
def test_every_refusal_is_a_problem_document_for_programs_and_a_page_for_browsers(status, sent, headers):
    app, _ = make([Sessions(), Passwords(lookup=busy)])
    answer = app.test_client().post("/auth/sign-in", headers={**SAME, **headers}, **sent)
    assert answer.status_code == status
    if headers:
        assert answer.mimetype == "text/html"
        assert "Content-Security-Policy" in answer.headers
        assert "<h1>" in answer.text
    else:
        problem(answer)
    assert ("Retry-After" in answer.headers) == (status == 503)
    # RFC 9110 §15.5.16: which kinds would have been read.
    assert ("Accept" in answer.headers) == (status == 415)


@pytest.mark.parametrize("headers", [{}, PAGE])
def test_too_many_attempts_say_when_to_come_back(headers):
    app, _ = make([Sessions(), Passwords(lookup={}.get)])
    client = app.test_client()
    for _ in range(30):
        answer = client.post(
            "/auth/sign-in", headers={**SAME, **headers}, data={"identifier": "ada", "password": "wrong"}
        )
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.mimetype == ("text/html" if headers else "application/problem+json")
