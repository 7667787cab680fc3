"""The list of refresh families: a person sees who holds a token of hers, and ends one; nobody else does."""

import pytest
from flask import Flask
from tests.shop import PASSWORD
from tests.token_shop import Program, open_token_shop

from ostiary import Accounts, ApiKeys, Passwords, Sessions, Tokens
from ostiary.flask import Auth
from ostiary.kernel.clock import DAY, MINUTE

FIELDS = {
    "id", "client", "session", "started_at", "refreshed_at", "ends_at", "methods", "scope", "tenant", "device", "device_name",
    "network", "current",
}  # fmt: skip


@pytest.fixture
def shop(database_url):
    with open_token_shop(database_url, ApiKeys()) as made:
        yield made


def listed(shop, subject="ada"):
    with shop.app.app_context():
        return shop.auth.tokens.families(subject)


@pytest.mark.asvs("V10.4.9")
def test_the_holder_of_an_unrestricted_token_sees_who_holds_one_and_which_is_hers(shop):
    here = shop.program()
    shop.clock.pass_(MINUTE)
    there = shop.program()
    shop.clock.pass_(MINUTE)
    there.take(there.refresh())
    answer = here.get("/auth/tokens")
    assert answer.status_code == 200
    newest, oldest = answer.json["families"]
    assert set(newest) == FIELDS
    assert [(one["current"], one["methods"], one["scope"]) for one in (newest, oldest)] == [
        (False, ["password"], None),
        (True, ["password"], None),
    ]
    assert newest["refreshed_at"] > newest["started_at"] > oldest["refreshed_at"] == oldest["started_at"]
    assert here.refresh_token.partition(".")[0] == oldest["id"]
    assert here.refresh_token.rpartition(".")[2] not in answer.text


def test_one_that_is_ended_is_refused_with_its_access_tokens_and_the_others_go_on(shop):
    here, there = shop.program(), shop.program()
    (family,) = [one["id"] for one in here.get("/auth/tokens").json["families"] if not one["current"]]
    ending = {"headers": {"Authorization": f"Bearer {here.access}"}}
    assert here.client.delete(f"/auth/tokens/{family}", **ending).status_code == 204
    assert (there.who, there.refresh().status_code) == ("401", 400)
    assert (here.who, here.refresh().status_code) == ("ada", 200)
    ended = [event for event in shop.events if event.name() == "refresh_family_ended"]
    assert [(event.subject, event.family, event.reason) for event in ended] == [("ada", family, "ended")]
    again = here.client.delete(f"/auth/tokens/{family}", **ending)
    assert (again.status_code, again.json["code"]) == (404, "not_found")


@pytest.mark.asvs("V8.2.2")
def test_somebody_elses_is_as_good_as_unknown(shop):
    ada, bob = shop.program(), Program(shop, shop.token(identifier="bob", password=PASSWORD))
    (family,) = listed(shop, "bob")
    for id in (family.id, "01MCC5RM00EWA9225KV23V9H8W", "x", "%00"):
        answer = ada.post(f"/auth/tokens/{id}")
        assert (answer.status_code, answer.json["code"]) == (404, "not_found")
    assert bob.who == "bob"
    with shop.app.app_context():
        assert shop.auth.tokens.end_family(family.id, subject="ada") is False
        assert shop.auth.tokens.end_family(family.id, subject="bob") is True
    assert bob.who == "401"


def test_what_would_not_be_exchanged_any_more_is_not_listed(shop):
    shop.program()
    shop.clock.pass_(14 * DAY - 1)
    used = shop.program()
    assert len(listed(shop)) == 2
    shop.clock.pass_(1)
    assert len(listed(shop)) == 1
    with shop.app.app_context():
        shop.auth.tokens.revoke_all("ada")
    assert listed(shop) == []
    assert used.who == "401"


def test_a_narrowed_token_and_a_key_look_after_no_tokens(shop):
    shop.wish = {"scope": ["order:read"]}
    whole = shop.program()
    narrowed = Program(shop, whole.client.post("/login", json={"identifier": "ada", "password": PASSWORD}))
    (family, *_) = listed(shop)
    with shop.app.app_context():
        key = shop.auth.api_keys.create("ada", name="nightly").secret
    for secret in (narrowed.access, key):
        headers = {"Authorization": f"Bearer {secret}"}
        assert narrowed.client.get("/auth/tokens", headers=headers).status_code == 403
        assert narrowed.client.delete(f"/auth/tokens/{family.id}", headers=headers).status_code == 403
    assert narrowed.client.get("/auth/tokens").status_code == 401
    assert {one.scope for one in listed(shop)} == {None, frozenset({"order:read"})}


def test_a_browser_with_token_cookies_ends_another_by_a_form_of_ours_alone(database_url):
    with open_token_shop(database_url, tokens=Tokens(cookies=True)) as shop:
        here, there = shop.browser(), shop.browser()
        for browser in (here, there):
            browser.post("/auth/sign-in", json={"identifier": "ada", "password": PASSWORD})
        page = here.get("/auth/tokens", headers={"Accept": "text/html"})
        assert "Programs signed in for you" in page.text
        assert page.text.count("this one") == 1
        (family,) = [one["id"] for one in here.get("/auth/tokens").json["families"] if not one["current"]]
        foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
        assert here.post(f"/auth/tokens/{family}", headers=foreign).status_code == 403
        assert there.get("/account").status_code == 200
        assert here.post(f"/auth/tokens/{family}").status_code == 204
        assert there.get("/account").status_code == 401
        assert here.get("/account").status_code == 200


def test_tokens_issued_beside_a_session_say_so(database_url):
    with open_token_shop(database_url, Sessions()) as shop:
        browser = shop.browser()
        browser.post("/auth/sign-in", json={"identifier": "ada", "password": PASSWORD})
        assert browser.post("/vouch/ada").status_code == 200
        (session,) = browser.get("/auth/sessions").json["sessions"]
        (family,) = browser.get("/auth/tokens").json["families"]
        assert (family["session"], family["current"]) == (session["id"], False)


def test_what_a_client_says_of_itself_is_shown_as_text(database_url):
    with open_token_shop(database_url, Sessions()) as shop:
        browser = shop.browser()
        browser.post("/auth/sign-in", json={"identifier": "ada", "password": PASSWORD})
        program = shop.app.test_client(use_cookies=False)
        program.post(
            "/auth/token",
            json={"identifier": "ada", "password": PASSWORD},
            headers={"User-Agent": "<script>alert(1)</script>"},
        )
        page = browser.get("/auth/tokens", headers={"Accept": "text/html"}).text
        assert "<script>alert" not in page


def test_the_account_page_shows_programs_beside_devices_and_ends_them(sqlite_url):
    app = Flask("shop")
    app.testing = True
    app.config["OSTIARY_DATABASE_URL"] = sqlite_url
    auth = Auth(app, [Accounts(), Passwords(memory_kib=19_456, passes=2, lanes=1), Sessions(), Tokens()])
    signing_in = {"identifier": "ada@shop.example", "password": PASSWORD}
    with app.app_context():
        auth.accounts.create(email="ada@shop.example", password=PASSWORD, verified=True)
    browser, program = app.test_client(), app.test_client(use_cookies=False)
    ours = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
    assert browser.post("/auth/sign-in", data=signing_in, headers=ours).status_code == 303
    refresh = program.post("/auth/token", json=signing_in).json["refresh_token"]
    page = browser.get("/auth/account", headers=ours).text
    assert "Where you are signed in" in page
    assert "Programs signed in for you" in page
    facts = browser.get("/auth/account").json
    (family,) = facts["tokens"]["families"]
    assert (len(facts["devices"]["sessions"]), family["id"]) == (1, refresh.partition(".")[0])
    ended = browser.post(f"/auth/tokens/{family['id']}", headers=ours)
    assert (ended.status_code, ended.location) == (303, "/auth/account")
    assert program.post("/auth/token/refresh", json={"refresh_token": refresh}).status_code == 400
    assert browser.get("/auth/account").json["tokens"] == {"families": []}
