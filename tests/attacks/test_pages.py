"""Attacks on our pages: bytes that are no text, oracles without a trace, mounted applications, headers, cookies."""

import re

import pytest
from flask import Flask, jsonify
from tests.attacks.wire import send
from tests.features.passwords.people import ADA, BETTER, GOOD, PAGE, open_people
from tests.shop import KEY, open_shop
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from ostiary import RememberMe, Sessions, SignIn
from ostiary.features.one_time_tokens import OneTimeTokenActions
from ostiary.flask import Auth
from ostiary.kernel.clock import HOUR
from ostiary.kernel.errors import ConfigurationError

OPEN_PAGES = (
    "/auth/register",
    "/auth/verify-address",
    "/auth/forgot-password",
    "/auth/reset-password",
    "/auth/sign-in",
)
CLOSED_PAGES = ("/auth/account", "/auth/change-password", "/auth/sessions")


@pytest.fixture
def people(sqlite_url):
    with open_people(sqlite_url, further=(RememberMe(),)) as made:
        yield made


@pytest.mark.parametrize("path", [*OPEN_PAGES, *CLOSED_PAGES, "/auth/sign-out"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_query_that_is_no_text_is_a_bad_request(people, path, method):
    """Werkzeug decodes a query as UTF-8 and fails; a server passes on whatever bytes it is sent."""
    people.app.testing = False
    for accept in ("text/html", "*/*"):
        status, _ = send(people.app, path, "token=\xff\xfe&next=\x80", method, HTTP_ACCEPT=accept)
        assert status in (400, 405)


def test_a_sign_in_view_of_the_application_ignores_a_next_that_is_no_text(sqlite_url):
    with open_shop(sqlite_url) as shop:
        body = b'{"identifier":"ada","password":"correct horse battery staple"}'
        for accept in ("text/html", "*/*"):
            status, headers = send(
                shop.app, "/login", "next=\xff", "POST", body=body, CONTENT_TYPE="application/json", HTTP_ACCEPT=accept
            )
            assert status in (200, 303)
            assert headers.get("Location", "/") == "/"


def test_a_right_password_leaves_a_trace_whatever_else_the_request_says(people):
    """A malformed wish to be remembered must not turn the sign-in page into an oracle that nobody hears of."""
    people.accounts.create(email=ADA, password=GOOD)
    answers = [
        people.browser().post("/auth/sign-in", json={"identifier": ADA, "password": password, "remember": "perhaps"})
        for password in (GOOD, "wrong")
    ]
    assert answers[0].status_code == answers[1].status_code == 400
    assert answers[0].data == answers[1].data


def test_a_person_is_told_when_to_come_back(people):
    """Retry-After (RFC 6585 §4) on the page as in the document."""
    browser = people.browser()
    for headers in (PAGE, {}):
        answers = [browser.post("/auth/forgot-password", data={"identifier": ADA}, headers=headers) for _ in range(7)]
        assert answers[-1].status_code == 429
        assert int(answers[-1].headers["Retry-After"]) > 0


@pytest.mark.asvs("V3.4.3")
@pytest.mark.parametrize("path", [*OPEN_PAGES, *CLOSED_PAGES, "/auth/sign-out", "/auth/nothing", "/auth/sessions/x"])
@pytest.mark.parametrize("signed_in", [False, True])
def test_every_page_of_ours_says_what_it_may_load_and_that_nobody_keeps_it(people, path, signed_in):
    browser = people.member() if signed_in else people.browser()
    for method in ("get", "post"):
        answer = getattr(browser, method)(path, headers=PAGE)
        if answer.status_code in (303, 404, 405) and "Content-Security-Policy" not in answer.headers:
            assert answer.status_code != 303 or answer.headers["Cache-Control"] == "no-store"
            continue
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] in ("no-referrer", "same-origin")
        # Nothing that the policy would stop.
        assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=|javascript:", answer.text)


@pytest.mark.attack("J19")
def test_no_page_with_a_token_in_its_address_tells_where_it_was(people):
    people.register(people.browser())
    page = people.browser().get(people.mailbox.last(ADA).link, headers=PAGE)
    assert page.headers["Referrer-Policy"] == "no-referrer"
    refused = people.browser().post(
        "/auth/verify-address", data={"token": people.token(), "password": "x"}, headers=PAGE
    )
    assert refused.headers["Referrer-Policy"] == "no-referrer"
    gone = people.browser().get("/auth/verify-address?token=nothing", headers=PAGE)
    assert (gone.status_code, gone.headers["Referrer-Policy"]) == (410, "no-referrer")


@pytest.mark.asvs("V3.3.1")
@pytest.mark.asvs("V3.3.4")
def test_every_cookie_of_the_journey_is_a_host_cookie_in_production(sqlite_url):
    production = {
        "OSTIARY_DEVELOPMENT": "0",
        "OSTIARY_PUBLIC_URL": "https://people.example",
        "OSTIARY_MAIL_URL": "smtp+starttls://people:secret@mail.people.example",
        "OSTIARY_MAIL_FROM": "people@people.example",
        "OSTIARY_MAIL_WORKER": "none",
    }
    with open_people(sqlite_url, further=(RememberMe(),), config=production) as people:
        people.app.testing = False
        browser = people.browser()
        browser.environ_base["wsgi.url_scheme"] = "https"
        browser.environ_base["HTTP_HOST"] = "people.example"
        account = people.accounts.create(email=ADA, password=GOOD)
        with people.database.write() as tx:
            token = people.runtime.resources[OneTimeTokenActions].issue(
                tx,
                purpose="reset_password",
                subject=account.id,
                payload={"email": ADA},
                lifetime=HOUR,
                now=people.clock.now(),
            )
        answers = [
            browser.get("/auth/register", headers=PAGE),
            people.register(browser, "bob@example.com"),
            browser.get(f"/auth/reset-password?token={token}", headers=PAGE),
            browser.post("/auth/reset-password", json={"password": BETTER}),
            browser.post("/auth/sign-in", json={"identifier": ADA, "password": BETTER, "remember": True}),
            browser.post("/auth/change-password", json={"current": BETTER, "password": GOOD}),
            browser.post("/auth/sign-out", json={}),
        ]
        assert [answer.status_code for answer in answers] == [200, 202, 303, 200, 200, 200, 204]
        cookies = [cookie for answer in answers for cookie in answer.headers.getlist("Set-Cookie")]
        stems = {cookie.partition("=")[0].removeprefix("__Host-") for cookie in cookies}
        assert {"ostiary_registration", "ostiary_reset", "ostiary_session", "ostiary_remember", "ostiary_csrf"} <= stems
        for cookie in cookies:
            assert cookie.startswith("__Host-")
            assert "; Secure" in cookie
            assert "; HttpOnly" in cookie
            assert "; Path=/" in cookie
            assert "SameSite=Lax" in cookie
            assert "Domain" not in cookie


@pytest.mark.parametrize("path", [*OPEN_PAGES, *CLOSED_PAGES, "/auth/sign-out", "/auth/sessions/abc"])
def test_head_and_options_change_nothing_and_unknown_methods_are_refused(people, path):
    browser = people.member()
    before = browser.cookie(), browser.get("/").json
    people.mailbox.clear()
    assert browser.head(path).status_code < 500
    assert browser.options(path).status_code in (200, 405)
    for method in ("PUT", "PATCH", "TRACE", "PROPFIND"):
        assert browser.open(path, method=method).status_code in (403, 405)
    assert (browser.cookie(), browser.get("/").json) == before
    assert not people.mailbox.to(ADA)


def prefixed(people, script_name="/shop"):
    """A client of the application mounted below a prefix, as a server mounts it."""
    mounted = DispatcherMiddleware(Flask("root"), {script_name: people.app})
    return Client(mounted)


def test_links_in_mails_and_redirects_keep_the_place_where_the_application_is_mounted(people):
    client = prefixed(people)
    headers = {"Sec-Fetch-Site": "same-origin"}
    answer = client.post("/shop/auth/register", json={"identifier": ADA, "password": GOOD}, headers=headers)
    assert answer.status_code == 202
    link = people.mailbox.last(ADA).link
    assert link.startswith("http://localhost/shop/auth/verify-address?token=")
    page = client.get(link.removeprefix("http://localhost"), headers=PAGE)
    assert page.status_code == 200
    assert 'action="/shop/auth/verify-address"' in page.text
    assert 'href="/shop/auth/static/ostiary.css"' in page.text
    confirmed = client.post("/shop/auth/verify-address", data={"token": people.token()}, headers=PAGE)
    assert confirmed.headers["Location"] == "/shop/auth/sign-in?why=confirmed"
    refused = client.get("/shop/auth/account", headers=PAGE)
    assert refused.headers["Location"].startswith("/shop/auth/sign-in?next=%2Fshop%2Fauth%2Faccount")


@pytest.mark.parametrize("path", ["/auth/sign-in", "/auth/sign-out", "/auth/nowhere", "/auth/forgot-password"])
def test_no_page_leads_out_of_the_place_where_the_application_is_mounted(people, path):
    page = prefixed(people).get(f"/shop{path}", headers=PAGE)
    for address in re.findall(r'(?:href|action)="([^"]*)"', page.text):
        assert address.startswith(("/shop/", "#")), address


def test_after_signing_in_one_is_in_the_mounted_application(people):
    people.accounts.create(email=ADA, password=GOOD)
    client = prefixed(people)
    answer = client.post("/shop/auth/sign-in", data={"identifier": ADA, "password": GOOD}, headers=PAGE)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/shop/"


@pytest.mark.parametrize(
    "target", ["//evil.test", "https://evil.test", "/\\evil.test", "javascript:alert(1)", "/\t/evil.test"]
)
@pytest.mark.parametrize(
    "path",
    [
        "/auth/sign-in",
        "/auth/register",
        "/auth/reset-password",
        "/auth/forgot-password",
        "/auth/verify-address",
        "/auth/sign-out",
        "/auth/change-password",
    ],
)
def test_next_leads_to_no_other_site_from_any_page(people, path, target):
    browser = people.member()
    data = {"identifier": ADA, "password": GOOD, "current": GOOD, "token": "x", "next": target}
    for answer in (
        browser.get(path, query_string={"next": target}, headers=PAGE),
        browser.post(path, data=data, query_string={"next": target}, headers=PAGE),
        browser.post(path, data=data, headers=PAGE),
    ):
        assert "evil.test" not in answer.headers.get("Location", "").partition("?")[0]
        assert not answer.headers.get("Location", "/").startswith(("//", "http", "java"))
        assert f'href="{target}' not in answer.text


def test_an_application_whose_handlers_answer_every_error_still_shows_our_forms(sqlite_url):
    with open_people(sqlite_url) as people:

        @people.app.errorhandler(Exception)
        def everything(error):
            return jsonify(mine=getattr(error, "code", 500)), getattr(error, "code", None) or 500

        browser = people.browser()
        form = browser.post("/auth/register", data={"identifier": "x", "password": "y"}, headers=PAGE)
        assert form.status_code == 422
        assert "<form" in form.text
        program = browser.post("/auth/register", json={"identifier": "x", "password": "y"})
        assert (program.status_code, program.json) == (422, {"mine": 422})
        away = browser.get("/auth/account", headers=PAGE)
        assert away.status_code == 303, "to sign in is no error"


def test_two_applications_in_one_process_know_nothing_of_each_other(tmp_path):
    with open_people(f"sqlite:///{tmp_path / 'a'}") as one, open_people(f"sqlite:///{tmp_path / 'b'}") as other:
        browser = one.browser()
        one.register(browser)
        token = one.token()
        stranger = other.browser()
        stranger.set_cookie("ostiary_registration", browser.cookie("ostiary_registration"))
        assert other.confirm(stranger, token).status_code == 410
        assert one.confirm(browser, token).status_code == 200
        one.sign_in(browser)
        stranger.set_cookie("ostiary_session", browser.cookie())
        assert stranger.get("/").status_code == 401


def test_a_closed_application_asks_every_view_of_its_own_whatever_it_is_called():
    """The name of our blueprint is not a way around the declaration of a view."""
    app = Flask("closed")
    app.config.update(OSTIARY_SECRET_KEY=KEY, PROPAGATE_EXCEPTIONS=True)
    Auth(app, [Sessions()], closed=True)

    @app.get("/x")
    def ostiary():
        return "everybody's"

    with pytest.raises(ConfigurationError, match="undeclared_view|says neither"):
        app.test_client().get("/x")


@pytest.mark.attack("I1")
def test_a_sign_in_says_and_stores_the_same_for_an_unknown_name_and_every_account_that_is_shut(people):
    shut = {"eve@example.com": people.accounts.suspend, "old@example.com": people.accounts.close}
    people.accounts.create(email=ADA, password=GOOD)
    people.accounts.create(email="new@example.com", password=GOOD, verified=False)
    for address, verb in shut.items():
        account = people.accounts.create(email=address, password=GOOD)
        verb(account, reason="spam") if verb == people.accounts.suspend else verb(account)
    seen = {}
    for address, password in (
        (ADA, "wrong"),
        ("nobody@example.com", GOOD),
        ("new@example.com", GOOD),
        ("eve@example.com", GOOD),
        ("old@example.com", GOOD),
    ):
        answer = people.sign_in(people.browser(), address, password)
        cookies = [cookie.partition("=")[0] for cookie in answer.headers.getlist("Set-Cookie")]
        seen[address] = (answer.status_code, answer.data, cookies, sorted(name for name, _ in answer.headers))
    assert len({str(answer) for answer in seen.values()}) == 1, seen


def test_a_pending_sign_in_that_was_planted_gives_nobody_anything(sqlite_url):
    with open_people(sqlite_url, further=(SignIn(policy=2, vouches=("totp",)),)) as people:
        people.accounts.create(email=ADA, password=GOOD)
        people.accounts.create(email="eve@example.com", password=GOOD)
        attacker, victim = people.browser(), people.browser()
        people.sign_in(attacker, "eve@example.com", GOOD)
        victim.set_cookie("ostiary_pending", attacker.cookie("ostiary_pending"))
        answer = people.sign_in(victim, ADA, GOOD)
        assert (answer.status_code, answer.json["code"]) == (401, "factor_needed")
        assert victim.get("/").status_code == 401
