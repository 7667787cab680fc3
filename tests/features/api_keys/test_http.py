"""The addresses of API keys: a person's own, in her browser, after a fresh sign-in; a key reaches none of them."""

import pytest
from flask import Flask
from tests.features.api_keys.keys import UNKNOWN, KeyShop
from tests.shop import FrozenClock, open_shop

from ostiary import ApiKeys, Passwords, RememberMe, Sessions
from ostiary.features.api_keys.http import ROUTES
from ostiary.flask import Auth
from ostiary.kernel.clock import MINUTE
from ostiary.testing import AuthKit

PAGE = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
PLACES = [
    ("GET", "/auth/api-keys"),
    ("POST", "/auth/api-keys"),
    ("POST", f"/auth/api-keys/{UNKNOWN}/rotate"),
    ("DELETE", f"/auth/api-keys/{UNKNOWN}"),
    ("POST", f"/auth/api-keys/{UNKNOWN}"),
]


@pytest.fixture
def ada(keys_here):
    browser = keys_here.shop.browser()
    browser.sign_in()
    return browser


@pytest.mark.asvs("V2.4.1")
def test_none_of_the_addresses_is_open_to_strangers(keys_here: KeyShop) -> None:
    assert len(PLACES) == len(ROUTES), "an address was added: say here that it is guarded"
    for method, place in PLACES:
        assert keys_here.shop.browser().open(place, method=method).status_code == 401, place


@pytest.mark.attack("R13")
@pytest.mark.parametrize("scope", [None, ["*"]])
@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
def test_a_key_makes_replaces_lists_and_revokes_no_keys(keys_here, scope, header) -> None:
    new = keys_here.create(scope=scope)
    for method, place in PLACES:
        answer = keys_here.ask(new.secret, place.replace(UNKNOWN, new.key.id), method=method, header=header)
        assert answer.status_code == 403, place
    assert [row.id for row in keys_here.rows()] == [new.key.id]


@pytest.mark.asvs("V7.2.2")
def test_a_key_opens_no_session(keys_here) -> None:
    answer = keys_here.ask(keys_here.create().secret, "/account")
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert keys_here.shop.rows() == []


def test_a_key_is_shown_in_the_answer_that_makes_it_and_never_again(keys_here, ada) -> None:
    answer = ada.post("/auth/api-keys", json={"name": "export", "scope": ["order:read"], "expires": "90d"})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
    secret = answer.json["secret"]
    assert answer.json["key"]["scope"] == ["order:read"]
    assert keys_here.ask(secret, "/who").json["subject"] == "ada"
    listed = ada.get("/auth/api-keys")
    assert [key["name"] for key in listed.json["keys"]] == ["export"]
    assert secret not in listed.text
    assert secret.partition(".")[2] not in listed.text


@pytest.mark.parametrize(("method", "place"), PLACES[1:])
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_changes_nothing(keys_here, ada, method, place, site) -> None:
    new = keys_here.create()
    place = place.replace(UNKNOWN, new.key.id)
    answer = ada.open(place, method=method, json={"name": "x"}, headers={"Sec-Fetch-Site": site})
    assert answer.status_code == 403
    assert [(row.id, row.successor) for row in keys_here.rows()] == [(new.key.id, None)]


@pytest.mark.attack("R13")
@pytest.mark.attack("N17")
@pytest.mark.asvs("V15.3.3")
def test_a_key_is_for_whoever_asks_whatever_else_the_form_says(keys_here, ada) -> None:
    privileged = {
        "owner": "bob", "subject": "bob", "userId": "bob", "user_id": "bob", "id": UNKNOWN, "limit": "1000000/minute",
        "tenant": ["org", "acme"], "remaining": -1, "epoch": 9, "enabled": True, "successor": UNKNOWN,
    }  # fmt: skip
    answer = ada.post("/auth/api-keys", json={"name": "export", **privileged})
    assert answer.status_code == 201
    (row,) = keys_here.rows()
    assert (row.subject, row.allowance, row.tenant, row.epoch, row.successor) == ("ada", None, None, 0, None)
    assert row.id != UNKNOWN
    # Nor does it decide who has to be signed in.
    assert keys_here.shop.browser().post("/auth/api-keys", json={"name": "x", "userId": "ada"}).status_code == 401


def test_after_a_quarter_of_an_hour_she_confirms_that_it_is_she(keys_here, ada) -> None:
    new = keys_here.create()
    keys_here.shop.clock.pass_(15 * MINUTE)
    assert ada.post("/auth/api-keys", json={"name": "x"}).status_code == 201
    keys_here.shop.clock.pass_(1)
    for place in ("/auth/api-keys", f"/auth/api-keys/{new.key.id}/rotate"):
        answer = ada.post(place, json={"name": "x"})
        assert (answer.status_code, answer.json["code"]) == (403, "step_up_needed")
    # Looking and revoking need no fresh proof: whoever finds a leak acts at once.
    assert ada.get("/auth/api-keys").status_code == 200
    assert ada.delete(f"/auth/api-keys/{new.key.id}").status_code == 204


def test_a_replaced_key_is_good_for_a_while(keys_here, ada) -> None:
    old = keys_here.create()
    answer = ada.post(f"/auth/api-keys/{old.key.id}/rotate", json={"overlap": "24h"})
    assert answer.status_code == 201
    assert {keys_here.who(old.secret), keys_here.who(answer.json["secret"])} == {"ada"}
    assert ada.post(f"/auth/api-keys/{old.key.id}/rotate").json["code"] == "already_rotated"


@pytest.mark.attack("V3")
@pytest.mark.parametrize(("method", "place"), PLACES[2:])
def test_somebody_elses_key_answers_as_one_that_does_not_exist(keys_here, ada, method, place) -> None:
    his = keys_here.create("bob")
    found = [ada.open(place.replace(UNKNOWN, id), method=method) for id in (his.key.id, UNKNOWN)]
    assert [answer.status_code for answer in found] == [404, 404]
    assert found[0].data == found[1].data
    assert keys_here.who(his.secret) == "bob"
    assert "api_key_revoked" not in keys_here.shop.named()


@pytest.mark.parametrize("id", ["%00", "..%2f..", "'%20OR%201=1", "%F0%9F%92%A9", "x" * 5_000])
def test_an_id_that_is_none_is_not_found(ada, id) -> None:
    assert ada.delete(f"/auth/api-keys/{id}").status_code == 404
    assert ada.post(f"/auth/api-keys/{id}/rotate").status_code == 404


@pytest.mark.asvs("V15.3.5")
@pytest.mark.parametrize("field", ["name", "scope", "expires"])
@pytest.mark.parametrize(
    "value", [None, 5, True, {}, {"a": 1}, [], [1], [None], [["x"]], "\x00", "x" * 5_000, "order:read", [""]]
)
def test_whatever_json_is_sent_is_refused_or_narrows_and_is_never_an_error_of_ours(
    keys_here, ada, field, value
) -> None:
    answer = ada.post("/auth/api-keys", json={"name": "export", field: value})
    assert answer.status_code in (201, 400, 422)
    if field == "scope":
        # What cannot be read is never taken for "without a scope".
        assert answer.status_code != 201
        assert keys_here.rows() == []


def test_an_empty_list_of_permissions_is_no_key_for_everything(keys_here, ada) -> None:
    answer = ada.post("/auth/api-keys", json={"name": "export", "scope": []})
    assert (answer.status_code, answer.json["errors"][0]["code"]) == (422, "empty")
    assert keys_here.rows() == []


# Pages


def test_a_person_makes_replaces_and_revokes_a_key_on_pages(keys_here, ada) -> None:
    page = ada.get("/auth/api-keys", headers=PAGE)
    assert page.status_code == 200
    assert "None." in page.text
    form = {"name": "<b>export</b>", "scope": "order:read, invoice:*", "expires": "90d"}
    made = ada.post("/auth/api-keys", data=form, headers=PAGE)
    assert (made.status_code, made.headers["Cache-Control"]) == (201, "no-store")
    (row,) = keys_here.rows()
    assert (row.name, row.scope) == ("<b>export</b>", "invoice:* order:read")
    assert "<b>" not in made.text
    assert f"ost_test_{row.id}." in made.text
    assert "shown this once" in made.text
    replaced = ada.post(f"/auth/api-keys/{row.id}/rotate", headers=PAGE)
    assert replaced.status_code == 201
    assert "replaced" in ada.get("/auth/api-keys", headers=PAGE).text
    revoked = ada.post(f"/auth/api-keys/{row.id}", headers=PAGE)
    assert (revoked.status_code, revoked.headers["Location"]) == (303, "/auth/api-keys")


def test_a_blank_scope_on_the_page_narrows_nothing(keys_here, ada) -> None:
    ada.post("/auth/api-keys", data={"name": "export", "scope": " ", "expires": ""}, headers=PAGE)
    assert [row.scope for row in keys_here.rows()] == [None]


def test_a_form_that_is_wrong_comes_back_with_what_was_typed(keys_here, ada) -> None:
    answer = ada.post("/auth/api-keys", data={"name": "", "scope": "Order", "expires": "soon"}, headers=PAGE)
    assert answer.status_code == 422
    for text in ('value="Order"', 'value="soon"', "Give it a name", "A permission is written", "Say how long it lives"):
        assert text in answer.text
    assert keys_here.rows() == []


def test_the_page_leads_to_a_fresh_sign_in_and_back(keys_here, ada) -> None:
    keys_here.create()
    keys_here.shop.clock.pass_(16 * MINUTE)
    page = ada.get("/auth/api-keys", headers=PAGE)
    assert "/auth/sign-in?why=stale&amp;next=%2Fauth%2Fapi-keys" in page.text
    assert "Make the key" not in page.text
    assert "Replace" not in page.text
    assert "Revoke" in page.text


def test_the_account_page_has_a_section_that_leads_there(sqlite_url) -> None:
    app = Flask("shop")
    app.testing = True
    Auth(app, [Passwords(memory_kib=19_456, passes=2, lanes=1), Sessions(), ApiKeys()], database=sqlite_url)
    with AuthKit(app) as kit:
        browser = kit.client(kit.account(email="ada@example.com"))
        assert "No program has a key" in browser.get("/auth/account", headers=PAGE).text
        browser.post("/auth/api-keys", json={"name": "export"})
        page = browser.get("/auth/account", headers=PAGE).text
        assert "1 key acts for you in programs." in page
        assert "An API key was made" in page
        facts = browser.get("/auth/account").json["api_keys"]["keys"]
        assert [key["name"] for key in facts] == ["export"]


# Every credential at every address


@pytest.mark.parametrize("scope", [None, ["*"]])
def test_a_key_reaches_no_address_that_is_a_person_s(sqlite_url, scope) -> None:
    """Every address of ours, of every feature at hand; not even to sign its owner out everywhere."""
    with open_shop(sqlite_url, clock=FrozenClock(), further=[ApiKeys(), RememberMe()]) as shop:
        keys, browser = KeyShop(shop), shop.browser()
        browser.sign_in("ada")
        secret = keys.create(scope=scope).secret
        for route in shop.runtime.assembly.routes():
            if route.requires is None:
                continue
            path = "/auth" + route.rule.replace("<id>", UNKNOWN)
            answer = keys.ask(secret, path, method=route.method)
            assert answer.status_code == 403, (route.method, route.rule)
        assert browser.who == "ada"


GUARDS = {
    "plain": {},
    "session": {"via": "session"},
    "key": {"via": "api_key"},
    "fresh": {"fresh": "5m"},
    "proof": {"proof": "password"},
}
ANSWERS = {
    # credential: what each guard answers, in the order above
    "nobody": [401, 401, 401, 401, 401],
    "session": [200, 200, 403, 200, 200],
    "stale session": [200, 200, 403, 403, 200],
    "key": [200, 403, 200, 403, 403],
    "narrowed key": [403, 403, 403, 403, 403],
    "bad key": [401, 401, 401, 401, 401],
    "bad key beside a session": [401, 401, 401, 401, 401],
    "key beside a session": [200, 403, 200, 403, 403],
}


@pytest.mark.asvs("V8.2.1")
@pytest.mark.parametrize("credential", ANSWERS)
def test_every_credential_at_every_guard(keys_here, credential) -> None:
    shop = keys_here.shop
    for name, demands in GUARDS.items():
        guard = shop.auth.require(**demands)
        shop.app.add_url_rule(f"/guarded/{name}", f"guarded_{name}", guard(lambda: {"passed": True}))
    browser, headers = shop.browser(), {}
    if "session" in credential:
        browser.sign_in()
        shop.clock.pass_(6 * MINUTE if credential == "stale session" else 0)
    if "key" in credential:
        secret = keys_here.create(scope=["*"] if "narrowed" in credential else None).secret
        headers["X-API-Key"] = secret[:-1] if "bad" in credential else secret
    found = [browser.get(f"/guarded/{name}", headers=headers).status_code for name in GUARDS]
    assert found == ANSWERS[credential]
