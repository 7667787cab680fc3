"""The first program: an application's own users and its own sign-in page, by hand, by attack and in a browser."""

import importlib.util
import shutil
import sys
import threading
import tomllib
from pathlib import Path

import pytest
from werkzeug.serving import make_server

ROOT = Path(__file__).resolve().parents[2]
SAME = {"Sec-Fetch-Site": "same-origin"}
PAGE = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
RIGHT = {"identifier": "user1", "password": "correct horse battery staple"}
CORPUS = tomllib.loads((ROOT / "tests" / "vectors" / "open_redirect.toml").read_text("utf-8"))


@pytest.fixture
def app(monkeypatch):
    path = ROOT / "examples" / "session_login" / "app.py"
    spec = importlib.util.spec_from_file_location("session_login_example", path)
    module = importlib.util.module_from_spec(spec)
    # Flask finds the templates beside the module, and the module by its name.
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    module.app.testing = True
    return module.app


def test_the_example_is_as_short_as_its_model():
    lines = (ROOT / "examples" / "session_login" / "app.py").read_text("utf-8").splitlines()
    assert len(lines) <= 33


def test_a_visitor_is_sent_to_sign_in_and_comes_back(app):
    client = app.test_client()
    answer = client.get("/protected", headers=PAGE)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login?next=%2Fprotected")
    answer = client.post(answer.headers["Location"], data=RIGHT, headers=SAME)
    assert answer.headers["Location"] == "/protected"
    assert client.get("/protected").text == "Logged in as: user1"
    client.post("/logout", headers=SAME)
    assert client.get("/protected").status_code == 401


def test_a_script_gets_401_and_never_the_sign_in_page(app):
    answer = app.test_client().get("/protected", headers={"Accept": "*/*", "Sec-Fetch-Mode": "cors"})
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    assert answer.headers["WWW-Authenticate"].startswith("Cookie ")


@pytest.mark.attack("I1")
@pytest.mark.asvs("V6.3.8")
def test_an_unknown_name_and_a_wrong_password_read_the_same(app):
    wrong = app.test_client().post("/login", data={**RIGHT, "password": "wrong"}, headers=SAME)
    unknown = app.test_client().post("/login", data={**RIGHT, "identifier": "user2"}, headers=SAME)
    mask = [
        (answer.status_code, answer.text.count("not right"), sorted(answer.headers.keys()))
        for answer in (wrong, unknown)
    ]
    assert mask[0] == mask[1]


@pytest.mark.attack("H3")
@pytest.mark.asvs("V7.4.1")
def test_a_captured_cookie_is_dead_after_signing_out(app):
    client = app.test_client()
    client.post("/login", data=RIGHT, headers=SAME)
    captured = client.get_cookie("ostiary_session").value
    client.post("/logout", headers=SAME)
    thief = app.test_client()
    thief.set_cookie("ostiary_session", captured)
    assert thief.get("/protected").status_code == 401


@pytest.mark.attack("H1")
@pytest.mark.attack("H2")
@pytest.mark.must("CS-Session")
@pytest.mark.asvs("V7.2.4")
def test_an_id_that_was_planted_is_never_adopted(app):
    client = app.test_client()
    planted = "01M85Z36JZF6ZSHTMVM1GKGZX1." + "A" * 43
    client.set_cookie("ostiary_session", planted)
    client.post("/login", data=RIGHT, headers=SAME)
    assert client.get_cookie("ostiary_session").value != planted
    thief = app.test_client()
    thief.set_cookie("ostiary_session", planted)
    assert thief.get("/protected").status_code == 401


@pytest.mark.attack("H13")
@pytest.mark.attack("H14")
@pytest.mark.attack("H15")
@pytest.mark.parametrize(
    "cookie",
    [
        "ostiary_session={0}; ostiary_session={0}",
        "=ostiary_session={0}",
        "ostiary_session=\x85\xff",
        "ostiary_session=" + "a" * 100_000,
        "ostiary_session=../../etc/passwd",
        "ostiary_session=",
    ],
)
def test_a_strange_cookie_counts_as_none_and_never_breaks_the_answer(app, cookie):
    client = app.test_client()
    client.post("/login", data=RIGHT, headers=SAME)
    good = client.get_cookie("ostiary_session").value
    stranger = app.test_client(use_cookies=False)
    answer = stranger.get("/protected", headers={"Cookie": cookie.format(good)})
    assert answer.status_code == 401
    assert stranger.get("/login", headers={"Cookie": cookie.format(good)}).status_code == 200


@pytest.mark.asvs("V3.7.2")
@pytest.mark.must("9700-2.1-b")
@pytest.mark.must("CS-Redirect")
def test_no_target_of_the_corpus_leads_elsewhere(app):
    groups = [case for group in CORPUS.values() if isinstance(group, list) for case in group]
    wires = [case["wire"] for case in groups if isinstance(case, dict) and "wire" in case]
    assert len(wires) > 30
    for wire in wires:
        with app.test_request_context(f"/login?next={wire}", method="POST", headers=SAME):
            location = app.jinja_env.globals["auth"].next_url("/protected")
        assert location.startswith("/"), wire
        assert not location.startswith(("//", "/\\")), wire


@pytest.mark.attack("F13")
def test_the_referer_is_never_a_target(app):
    answer = app.test_client().post("/login", data=RIGHT, headers={**SAME, "Referer": "http://localhost/elsewhere"})
    assert answer.headers["Location"] == "/protected"


@pytest.mark.attack("T9")
@pytest.mark.attack("F14")
@pytest.mark.attack("F15")
@pytest.mark.parametrize("host", ["evil.test", "good.test:80@evil.test", "localhost:99999", "a b"])
def test_a_strange_host_makes_no_absolute_link(app, host):
    answer = app.test_client().get("/protected", headers={**PAGE, "Host": host, "X-Forwarded-Host": "evil.test"})
    assert answer.status_code in (303, 400)
    assert answer.headers.get("Location", "/").startswith("/")


@pytest.mark.attack("U6")
@pytest.mark.attack("C17")
@pytest.mark.attack("G9")
@pytest.mark.attack("J13")
@pytest.mark.asvs("V15.3.5")
@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"[" * 100_000, "application/json", 413),
        (b"[" * 1_000, "application/json", 400),
        (b'{"identifier": {}, "password": "x"}', "application/json", 400),
        (b'{"identifier": "a", "password": 1}', "application/json", 400),
        (b'{"identifier": "a", "password": null}', "application/json", 400),
        (b'{"identifier": "a", "identifier": "b", "password": "x"}', "application/json", 400),
        (b'{"identifier": "user1", "password": "x"}', "text/plain", 415),
        (b"identifier=a&identifier=b&password=x", "application/x-www-form-urlencoded", 400),
        (b"identifier=a", "application/x-www-form-urlencoded", 400),
        (b"\xff\xfe", "application/json", 400),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_and_never_a_500(app, body, kind, status):
    answer = app.test_client().post("/login", data=body, content_type=kind, headers=SAME)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")


@pytest.mark.browser
def test_a_person_signs_in_and_out_in_a_browser(app):
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs Chromium: install Debian's package chromium")
    from playwright.sync_api import sync_playwright

    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.port}"
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium,
                args=[
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-background-networking",
                    "--no-first-run",
                    "--disable-sync",
                ],
            )
            page = browser.new_page()
            page.goto(f"{address}/protected")
            assert page.url == f"{address}/login?next=%2Fprotected"
            page.fill("[name=identifier]", "user1")
            page.fill("[name=password]", "wrong")
            page.click("button")
            assert page.inner_text("[role=alert]") == "The name or the password is not right."
            page.fill("[name=identifier]", "user1")
            page.fill("[name=password]", RIGHT["password"])
            page.click("button")
            assert page.url == f"{address}/protected"
            assert "user1" in page.inner_text("body")
            cookie = next(one for one in page.context.cookies() if one["name"] == "ostiary_session")
            assert cookie["httpOnly"]
            assert cookie["sameSite"] == "Lax"
            browser.close()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
