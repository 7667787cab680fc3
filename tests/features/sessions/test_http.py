"""The addresses of sessions: only a signed-in browser reaches them, and only its own person's sessions."""

import pytest
from tests.shop import Shop, open_shop

from ostiary.features.sessions.http import ROUTES

PLACES = [
    ("GET", "/auth/sessions"),
    ("DELETE", "/auth/sessions/01MCC5RM00EWA9225KV23V9H8W"),
    ("POST", "/auth/sessions/01MCC5RM00EWA9225KV23V9H8W"),
    ("POST", "/auth/sign-out"),
]


@pytest.fixture
def shop(sqlite_url):
    with open_shop(sqlite_url) as made:
        yield made


def _id(browser) -> str:
    return browser.cookie().partition(".")[0]


@pytest.mark.asvs("V2.4.1")
def test_none_of_the_addresses_is_open_to_strangers(shop: Shop) -> None:
    guarded = [route for route in ROUTES if route.requires is not None]
    assert len(PLACES) == len(guarded), "an address was added: say here that it is guarded, or limited"
    for method, place in PLACES:
        assert shop.browser().open(place, method=method).status_code == 401, place


@pytest.mark.parametrize(("method", "place"), PLACES[1:])
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_ends_nothing(shop: Shop, method: str, place: str, site: str) -> None:
    browser = shop.browser()
    browser.sign_in()
    assert browser.open(place, method=method, headers={"Sec-Fetch-Site": site}).status_code == 403
    assert browser.who == "ada"


@pytest.mark.asvs("V7.5.2")
def test_a_person_ends_a_session_of_hers_on_another_device(shop: Shop) -> None:
    laptop, phone = shop.browser(), shop.browser()
    laptop.sign_in()
    phone.sign_in()
    assert laptop.delete(f"/auth/sessions/{_id(phone)}").status_code == 204
    assert (laptop.who, phone.who) == ("ada", "")
    assert shop.audit("ada")[-1][0] == "session_ended"


@pytest.mark.asvs("V7.5.2")
def test_somebody_elses_session_answers_as_one_that_does_not_exist(shop: Shop) -> None:
    ada, bob = shop.browser(), shop.browser()
    ada.sign_in("ada")
    bob.sign_in("bob")
    his = ada.delete(f"/auth/sessions/{_id(bob)}")
    nobodys = ada.delete("/auth/sessions/01MCC5RM00EWA9225KV23V9H8W")
    assert (his.status_code, his.data) == (nobodys.status_code, nobodys.data) == (404, his.data)
    assert (bob.who, shop.named().count("session_ended")) == ("bob", 0)


@pytest.mark.parametrize("id", ["%00", "..%2f..", "'%20OR%201=1", "%F0%9F%92%A9", "x" * 5_000])
def test_an_id_that_is_none_is_not_found(shop: Shop, id: str) -> None:
    browser = shop.browser()
    browser.sign_in()
    assert browser.delete(f"/auth/sessions/{id}").status_code == 404
    assert browser.who == "ada"


@pytest.mark.parametrize(("scope", "left"), [("here", ["", "ada"]), ("others", ["ada", ""]), ("everywhere", ["", ""])])
@pytest.mark.parametrize("kind", ["data", "json"])
def test_signing_out_goes_as_far_as_it_is_told(shop: Shop, scope: str, left: list[str], kind: str) -> None:
    laptop, phone = shop.browser(), shop.browser()
    laptop.sign_in()
    phone.sign_in()
    assert laptop.post("/auth/sign-out", **{kind: {"scope": scope}}).status_code == 204
    assert [laptop.who, phone.who] == left


def test_signing_out_without_a_scope_is_here(shop: Shop) -> None:
    laptop, phone = shop.browser(), shop.browser()
    laptop.sign_in()
    phone.sign_in()
    answer = laptop.post("/auth/sign-out")
    assert (answer.status_code, answer.headers["Clear-Site-Data"]) == (204, '"cache"')
    assert (laptop.cookie(), laptop.who, phone.who) == (None, "", "ada")


@pytest.mark.parametrize("scope", ["", "all", "HERE", "here ", 1, None, ["here"], {"here": 1}, True])
def test_a_scope_that_is_none_ends_nothing(shop: Shop, scope) -> None:
    laptop, phone = shop.browser(), shop.browser()
    laptop.sign_in()
    phone.sign_in()
    answer = laptop.post("/auth/sign-out", json={"scope": scope})
    assert answer.status_code in (400, 204)
    if answer.status_code == 400:
        assert laptop.who == "ada"
    assert phone.who == "ada", "whatever it was, it was not everywhere"


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("HEAD", 200), ("PUT", 405), ("PATCH", 405)])
def test_signing_out_is_a_post(shop: Shop, method: str, status: int) -> None:
    browser = shop.browser()
    browser.sign_in()
    assert browser.open("/auth/sign-out", method=method).status_code == status
    assert browser.who == "ada"


@pytest.mark.must("63B-5.1")
def test_our_own_answers_are_kept_by_nobody(shop: Shop) -> None:
    browser = shop.browser()
    browser.sign_in()
    assert browser.get("/auth/sessions").headers["Cache-Control"] == "no-store"


@pytest.mark.attack("H20")
@pytest.mark.parametrize("way", ["/auth/sign-out", "/leave"])
def test_signing_out_gives_up_a_sign_in_that_was_begun(sqlite_url: str, way: str) -> None:
    from ostiary import SignIn

    policy = {"ada": 2}
    settings = SignIn(policy=lambda subject: policy.get(subject, 1), vouches=("totp",))
    with open_shop(sqlite_url, sign_in=settings) as shop:
        browser, thief = shop.browser(), shop.browser()
        browser.sign_in("bob")
        assert browser.sign_in("ada").status_code == 401
        thief.set_cookie("ostiary_pending", browser.cookie("ostiary_pending"))
        assert browser.post(way).status_code < 300
        assert browser.cookie("ostiary_pending") is None
        for one in (browser, thief):
            one.vouch("ada", "totp")
            assert one.who == ""
        assert shop.rows() == []


@pytest.mark.attack("H20")
def test_a_visitor_who_has_proven_one_factor_can_give_up(sqlite_url: str) -> None:
    from ostiary import SignIn

    with open_shop(sqlite_url, sign_in=SignIn(policy=2, vouches=("totp",))) as shop:
        browser, thief = shop.browser(), shop.browser()
        browser.sign_in("ada")
        thief.set_cookie("ostiary_pending", browser.cookie("ostiary_pending"))
        browser.post("/leave")
        assert browser.cookie("ostiary_pending") is None
        thief.vouch("ada", "totp")
        assert (thief.who, shop.rows()) == ("", [])
