"""Token cookies: what a browser without a session is given, how it is renewed, and what another site cannot do with it."""

import pytest
from tests.shop import PASSWORD, Browser
from tests.token_shop import open_token_shop

from ostiary import Sessions, Tokens
from ostiary.kernel.clock import MINUTE
from ostiary.kernel.errors import ConfigurationError

ACCESS, REFRESH = "ostiary_access", "ostiary_refresh"
FOREIGN = {"Sec-Fetch-Site": "cross-site"}


@pytest.fixture
def shop(database_url):
    with open_token_shop(database_url, tokens=Tokens(cookies=True)) as made:
        yield made


def _signed_in(shop) -> Browser:
    browser = shop.browser()
    answer = browser.post("/auth/sign-in", json={"identifier": "ada", "password": PASSWORD})
    assert (answer.status_code, answer.json) == (200, {"subject": "ada", "next": "/"})
    return browser


def _set(answer) -> dict[str, str]:
    cookies = answer.headers.getlist("Set-Cookie")
    return {cookie.partition("=")[0]: cookie for cookie in cookies}


def _refresh(browser: Browser, **headers):
    return browser.post("/auth/token/refresh", json={}, headers=headers)


def test_signing_in_gives_cookies_and_shows_no_token(shop):
    browser = _signed_in(shop)
    assert browser.get("/account").json == {"subject": "ada"}
    assert browser.get("/auth/session").json["principal"]["subject"] == "ada"


@pytest.mark.asvs("V3.3.1")
def test_the_cookies_are_prefixed_and_the_refresh_token_goes_to_one_address(database_url):
    with open_token_shop(database_url, tokens=Tokens(cookies=True), production=True) as shop:
        answer = shop.browser().post("/auth/sign-in", json={"identifier": "ada", "password": PASSWORD})
        cookies = _set(answer)
        access, refresh = cookies[f"__Host-{ACCESS}"], cookies[f"__Secure-{REFRESH}"]
        for cookie in (access, refresh):
            assert {"Secure", "HttpOnly", "SameSite=Lax", "Max-Age=2592000"} <= set(cookie.split("; "))
        assert "Path=/" in access.split("; ")
        assert "Path=/auth/token/refresh" in refresh.split("; ")
        assert answer.headers["Cache-Control"] == "no-store"


def test_an_expired_access_token_says_so_and_is_kept(shop):
    browser = _signed_in(shop)
    shop.clock.pass_(15 * MINUTE)
    answer = browser.get("/account")
    assert (answer.status_code, answer.json["code"]) == (401, "token_expired")
    assert browser.cookie(ACCESS) is not None
    assert browser.get("/who").json["subject"] == "", "a public view goes on as nobody's"
    told = browser.get("/auth/session").json
    assert (told["principal"], told["expired"]) == (None, True)


def test_every_tab_learns_that_it_may_refresh_and_none_sends_its_owner_to_sign_in(shop):
    browser = _signed_in(shop)
    shop.clock.pass_(15 * MINUTE)
    answers = [browser.get("/account") for _ in range(3)]
    assert [(answer.status_code, answer.json["code"]) for answer in answers] == [(401, "token_expired")] * 3
    assert _refresh(browser).status_code == 200
    assert browser.get("/account").status_code == 200


def test_the_expired_cookie_goes_when_there_is_nothing_left_to_renew(shop):
    browser = _signed_in(shop)
    shop.clock.pass_(15 * MINUTE)
    with shop.app.app_context():
        shop.auth.tokens.revoke_all("ada")
    assert browser.get("/account").json["code"] == "token_expired"
    answer = _refresh(browser)
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_grant")
    assert "Max-Age=0" in _set(answer)[ACCESS]
    assert "Max-Age=0" in _set(answer)[REFRESH]
    assert browser.get("/account").json["code"] == "not_authenticated"
    assert "expired" not in browser.get("/auth/session").json


def test_an_expired_token_that_nothing_renews_is_cleared():
    with open_token_shop(None, tokens=Tokens(stateless=True, cookies=True)) as shop:
        browser = shop.browser()
        assert browser.post("/auth/sign-in", json={"identifier": "ada", "password": PASSWORD}).status_code == 200
        assert browser.get("/account").status_code == 200
        shop.clock.pass_(15 * MINUTE)
        answer = browser.get("/account")
        assert (answer.status_code, answer.json["code"]) == (401, "not_authenticated")
        assert "Max-Age=0" in _set(answer)[ACCESS]
        assert "expired" not in browser.get("/auth/session").json


def test_without_a_database_signing_out_forgets_the_one_cookie_there_is():
    with open_token_shop(None, tokens=Tokens(stateless=True, cookies=True)) as shop:
        browser = shop.browser()
        browser.post("/auth/sign-in", json={"identifier": "ada", "password": PASSWORD})
        answer = browser.post("/auth/sign-out")
        assert (answer.status_code, list(_set(answer))) == (204, [ACCESS])
        assert browser.get("/account").status_code == 401


def test_a_refresh_renews_both_cookies_and_shows_no_token(shop):
    browser = _signed_in(shop)
    before = browser.cookie(ACCESS)
    shop.clock.pass_(15 * MINUTE)
    answer = _refresh(browser)
    assert (answer.status_code, answer.json) == (200, {"expires_in": 900})
    assert browser.cookie(ACCESS) != before
    assert browser.get("/account").json == {"subject": "ada"}


@pytest.mark.attack("G5")
def test_another_site_cannot_refresh_act_or_sign_out(shop):
    browser = _signed_in(shop)
    assert _refresh(browser, **FOREIGN).status_code == 403
    assert [row.generation for row in shop.families()] == [1]
    for path in ("/note", "/auth/sign-out", "/leave"):
        assert browser.post(path, headers=FOREIGN).status_code == 403, path
    assert browser.get("/account").status_code == 200


@pytest.mark.attack("G7")
def test_the_token_of_another_family_is_refused_and_of_our_own_outlives_a_refresh(database_url):
    with open_token_shop(database_url, tokens=Tokens(cookies=True), config={"OSTIARY_CSRF": "token"}) as shop:
        ada, other = shop.browser(), shop.browser()
        for browser in (ada, other):
            visitor = browser.get("/auth/session").json["csrf"]
            browser.post(
                "/auth/sign-in",
                json={"identifier": "ada", "password": PASSWORD},
                headers={"X-Ostiary-CSRF": visitor},
            )
        token, foreign = ada.get("/auth/session").json["csrf"], other.get("/auth/session").json["csrf"]
        assert ada.post("/note").status_code == 403
        assert ada.post("/note", headers={"X-Ostiary-CSRF": foreign}).status_code == 403
        assert ada.post("/note", headers={"X-Ostiary-CSRF": token}).status_code == 200
        assert _refresh(ada).status_code == 403
        assert _refresh(ada, **{"X-Ostiary-CSRF": foreign}).status_code == 403
        shop.clock.pass_(15 * MINUTE)
        # A page that was loaded again knows no token; who asks is told one, also when the access token is over.
        fresh = ada.get("/auth/session").json["csrf"]
        assert _refresh(ada, **{"X-Ostiary-CSRF": fresh}).status_code == 200
        assert ada.post("/note", headers={"X-Ostiary-CSRF": token}).status_code == 200


def test_a_family_that_a_stranger_writes_into_a_token_gets_no_csrf_token(shop):
    browser = _signed_in(shop)
    header, payload, _ = browser.cookie(ACCESS).split(".")
    shop.clock.pass_(15 * MINUTE)
    browser.set_cookie(ACCESS, f"{header}.{payload}.{'A' * 86}")
    answer = browser.get("/auth/session")
    assert "expired" not in answer.json
    assert "Max-Age=0" in _set(answer)[ACCESS]


@pytest.mark.parametrize("value", ["x", "a.b.c", "", "A" * 3_000])
def test_a_bad_cookie_is_cleared_and_counts_as_none(shop, value):
    browser = shop.browser()
    browser.set_cookie(ACCESS, value)
    answer = browser.get("/who")
    assert answer.json["subject"] == ""
    assert "Max-Age=0" in _set(answer)[ACCESS]


def test_a_good_token_in_the_header_is_heard_whatever_the_cookie_says(shop):
    browser, program = shop.browser(), shop.program()
    browser.set_cookie(ACCESS, "x")
    answer = browser.get("/account", headers={"Authorization": f"Bearer {program.access}"})
    assert answer.json == {"subject": "ada"}


def test_signing_out_ends_the_family_and_forgets_both(shop):
    browser = _signed_in(shop)
    access = browser.cookie(ACCESS)
    answer = browser.post("/auth/sign-out")
    assert answer.status_code == 204
    cookies = _set(answer)
    assert "Max-Age=0" in cookies[ACCESS]
    assert "Max-Age=0" in cookies[REFRESH]
    assert "Path=/auth/token/refresh" in cookies[REFRESH]
    browser.set_cookie(ACCESS, access)
    assert browser.get("/account").status_code == 401, "a copy of the cookie is as dead"
    assert shop.families() == []
    assert "refresh_family_ended" in shop.names()


@pytest.mark.parametrize(("scope", "left"), [("others", ["here"]), ("everywhere", [])])
def test_signing_out_the_others_or_everywhere(shop, scope, left):
    here, there = _signed_in(shop), _signed_in(shop)
    assert here.post("/auth/sign-out", json={"scope": scope}).status_code == 204
    assert there.get("/account").status_code == 401
    assert _refresh(there).status_code == 400
    assert here.get("/account").status_code == (200 if left else 401)
    assert len(shop.families()) == len(left)
    if left:
        assert _refresh(here).status_code == 200


def test_the_view_of_an_application_signs_out_as_well(shop):
    browser = _signed_in(shop)
    assert browser.post("/leave").status_code == 200
    assert shop.families() == []
    assert browser.cookie(ACCESS) is None


def test_signing_in_again_replaces_the_family_and_adds_a_proof(shop):
    browser = _signed_in(shop)
    (first,) = shop.families()
    shop.clock.pass_(10 * MINUTE)
    assert browser.get("/recent").status_code == 403, "a cookie's step-up is a browser's, and no token's"
    browser.post("/auth/sign-in", json={"identifier": "ada", "password": PASSWORD})
    (second,) = shop.families()
    assert first.id != second.id
    assert browser.get("/recent").status_code == 200


def test_somebody_else_signing_in_ends_the_family_of_the_one_before(shop):
    browser = _signed_in(shop)
    browser.post("/auth/sign-in", json={"identifier": "bob", "password": PASSWORD})
    assert [row.subject for row in shop.families()] == ["bob"]
    assert browser.get("/account").json == {"subject": "bob"}


def test_a_refresh_token_that_is_dead_takes_its_cookies_along(shop):
    browser = _signed_in(shop)
    with shop.app.app_context():
        shop.auth.tokens.revoke_all("ada")
    answer = _refresh(browser)
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_grant")
    assert "Max-Age=0" in _set(answer)[REFRESH]
    assert _refresh(browser).status_code == 400, "and without one there is nothing to refresh"


def test_the_address_for_programs_gives_tokens_and_no_cookies_here_as_well(shop):
    answer = shop.token()
    assert "access_token" in answer.json
    assert "Set-Cookie" not in answer.headers


def test_without_cookies_and_without_sessions_a_sign_in_answers_tokens(sqlite_url):
    with open_token_shop(sqlite_url) as shop:
        answer = shop.browser().post("/auth/sign-in", json={"identifier": "ada", "password": PASSWORD})
        assert {"access_token", "refresh_token"} <= set(answer.json)


def test_sessions_alone_answer_who_is_signed_in(sqlite_url):
    from tests.shop import open_shop

    with open_shop(sqlite_url) as shop:
        browser = shop.browser()
        assert browser.get("/auth/session").json["principal"] is None
        browser.sign_in()
        told = browser.get("/auth/session").json
        assert told["principal"]["subject"] == "ada"
        assert browser.post("/note", headers={"X-Ostiary-CSRF": told["csrf"]}).status_code == 200


def test_token_cookies_beside_sessions_would_never_be_set(sqlite_url):
    with pytest.raises(ConfigurationError, match="cookies=True"):
        with open_token_shop(sqlite_url, Sessions(), tokens=Tokens(cookies=True)):
            pass


@pytest.mark.attack("H13")
@pytest.mark.parametrize("waited", [0, 16 * MINUTE], ids=["access token good", "access token over"])
def test_a_planted_refresh_cookie_of_another_family_makes_nobody_its_owner(shop, waited):
    """A sibling subdomain can plant it: its path keeps it from being a __Host- cookie. The access cookie it cannot."""
    victim, attacker = _signed_in(shop), shop.browser()
    attacker.post("/auth/sign-in", json={"identifier": "bob", "password": PASSWORD})
    planted = attacker.get_cookie(REFRESH, path="/auth/token/refresh").value
    shop.clock.pass_(waited)
    victim.set_cookie(REFRESH, planted, path="/auth/token/refresh")
    assert _refresh(victim).status_code == 400
    assert victim.get("/account").status_code == 401
    assert _refresh(attacker).status_code == 200, "and nothing of his was spent"
