"""Where a session acts: at a place she belongs to, from the next request on; and never with more rights than before."""

import pytest
from tests.features.roles.house import open_house

from ostiary import ApiKeys, Sessions
from ostiary.events import OrganisationSwitched
from ostiary.features.roles import Group
from ostiary.features.roles.organisations import NoSession
from ostiary.kernel.errors import NotAuthenticated

ACME, OTHER = ("org", "acme"), ("org", "other")


@pytest.fixture
def browser(house):
    """Ada's: a member of acme, and an editor of other."""
    house.roles.groups.create(Group(ACME))
    house.roles.groups.create(Group("sales"))
    house.roles.groups.add(Group(ACME), "ada")
    house.roles.groups.add(Group("sales"), "ada")
    house.roles.assign(Group(ACME), "editor", on=ACME)
    house.roles.assign("ada", "editor", on=OTHER)
    return house.browser("ada")


def _switch(browser, on):
    return browser.post("/auth/organisation", json={} if on is None else {"on": on})


def test_she_belongs_where_she_is_a_member_and_where_she_was_given_a_role(house, browser) -> None:
    assert house.roles.organisations("ada") == (ACME, OTHER)
    assert browser.get("/auth/organisation").json == {"organisation": None, "organisations": ["org:acme", "org:other"]}
    house.roles.assign("ada", "editor", on=("org", "past"), until="1h")
    house.clock.pass_(3_600_000)
    assert house.roles.organisations("ada") == (ACME, OTHER)


def test_the_session_acts_there_from_the_next_request_on(house, browser) -> None:
    assert _switch(browser, "org:acme").json == {"organisation": "org:acme"}
    assert browser.get("/auth/organisation").json["organisation"] == "org:acme"
    assert browser.get("/acme/role/editor").status_code == 200
    assert _switch(browser, "org:other").status_code == 200
    assert browser.get("/acme/role/editor").status_code == 403
    assert browser.get("/other/role/editor").status_code == 200
    assert _switch(browser, None).json == {"organisation": None}
    assert browser.get("/acme/role/editor").status_code == browser.get("/other/role/editor").status_code == 200


@pytest.mark.asvs("V8.4.1")
def test_a_session_that_acts_at_one_place_is_refused_at_every_other(house, browser) -> None:
    house.roles.assign("ada", "root")
    assert browser.get("/role/root").status_code == browser.get("/nowhere/role/root").status_code == 200
    _switch(browser, "org:acme")
    assert browser.get("/acme/role/root").status_code == 200, "what is held everywhere is held there"
    for path in ("/other/role/editor", "/other/articles", "/nowhere/role/root", "/role/root", "/may/article:read"):
        assert browser.get(path).status_code == 403, path
    assert browser.get("/account").status_code == 200, "who she is does not depend on the place"


@pytest.mark.asvs("V8.4.1")
@pytest.mark.attack("V15")
def test_the_place_is_taken_from_the_session_and_from_nothing_a_request_says(house, browser) -> None:
    _switch(browser, "org:acme")
    for headers in ({"X-Tenant": "org:other"}, {"X-Organisation": "other"}, {"X-Forwarded-Host": "other.localhost"}):
        assert browser.get("/other/role/editor?tenant=org:other&on=org:other", headers=headers).status_code == 403
    assert browser.post("/role/editor", json={"tenant": "org:other", "on": "org:other"}).status_code == 403


@pytest.mark.parametrize("on", ["org:nowhere", "org:acme ", "org:Acme", "team:acme", "sales"])
def test_where_she_does_not_belong_she_does_not_act_and_whether_it_exists_is_not_told(house, browser, on) -> None:
    house.roles.groups.create(Group(("org", "secret")))
    absent, secret = _switch(browser, on), _switch(browser, "org:secret")
    assert absent.status_code in (400, 404)
    assert (secret.status_code, secret.json["code"]) == (404, "not_a_member")
    if absent.status_code == 404:
        assert absent.json == secret.json
    assert browser.get("/auth/organisation").json["organisation"] is None


def test_proving_more_leaves_the_session_where_it_acts(house, browser) -> None:
    _switch(browser, "org:acme")
    browser.vouch("ada", "password")
    assert browser.get("/auth/organisation").json["organisation"] == "org:acme"
    browser.vouch("bob", "password")
    assert browser.get("/auth/organisation").json["organisation"] is None


def test_one_browser_is_changed_and_no_other(house, browser) -> None:
    second = house.browser("ada")
    _switch(browser, "org:acme")
    assert second.get("/auth/organisation").json["organisation"] is None


def test_changing_the_place_is_told_and_written_down(house, browser) -> None:
    house.shop.events.clear()
    _switch(browser, "org:acme")
    (event,) = house.shop.events
    assert isinstance(event, OrganisationSwitched)
    assert (event.subject, event.on) == ("ada", "org:acme")
    assert house.shop.named("ada")[-1] == "organisation_switched"


@pytest.mark.asvs("V3.5.1")
def test_a_foreign_page_changes_nothing(house, browser) -> None:
    answer = browser.post("/auth/organisation", data={"on": "org:acme"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert browser.get("/auth/organisation").json["organisation"] is None


def test_a_key_acts_where_it_was_bound_when_it_was_made(sqlite_url, clock) -> None:
    with open_house(sqlite_url, clock=clock, further=(ApiKeys(),)) as house:
        house.roles.assign("ada", "editor", on=ACME)
        with house.shop.app.app_context():
            secret = house.shop.auth.api_keys.create("ada", name="k").secret
        headers = {"Authorization": f"Bearer {secret}"}
        program = house.shop.app.test_client()
        assert program.post("/auth/organisation", json={"on": "org:acme"}, headers=headers).status_code == 403
        with house.shop.app.test_request_context("/", method="POST", headers=headers), pytest.raises(NoSession):
            house.roles.switch(ACME)


def test_nobody_acts_nowhere(house) -> None:
    with pytest.raises(NotAuthenticated):
        house.roles.switch(ACME)
    assert _switch(house.shop.browser(), "org:acme").status_code == 401


PAGE = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}


def test_a_person_sees_her_organisations_and_changes_the_place_by_a_button(house, browser) -> None:
    page = browser.get("/auth/organisation", headers=PAGE)
    assert page.status_code == 200
    assert 'aria-label="Act here: acme"' in page.text
    answer = browser.post("/auth/organisation", data={"on": "org:acme"}, headers=PAGE)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/auth/organisation")
    page = browser.get("/auth/organisation", headers=PAGE)
    assert 'aria-label="Leave for now: acme"' in page.text


def test_who_belongs_nowhere_is_told_so(house) -> None:
    page = house.browser("bob").get("/auth/organisation", headers=PAGE)
    assert "You belong to no organisation yet." in page.text


@pytest.mark.asvs("V8.4.1")
@pytest.mark.parametrize("how", ["removed", "deleted", "revoked", "over"])
def test_who_belongs_there_no_more_acts_there_no_more(house, browser, how) -> None:
    if how in ("removed", "deleted"):
        _switch(browser, "org:acme")
        acme = Group(ACME)
        house.roles.groups.remove(acme, "ada") if how == "removed" else house.roles.groups.delete(acme)
    elif how == "revoked":
        _switch(browser, "org:other")
        house.roles.revoke("ada", "editor", on=OTHER)
    else:
        house.roles.assign("ada", "editor", on=("org", "past"), until="1h")
        _switch(browser, "org:past")
        house.clock.pass_(3_600_000)
    assert browser.get("/auth/organisation").json["organisation"] is None
    assert browser.get("/tenant").json == {"tenant": None}
    assert browser.get("/acme/role/editor").status_code == (200 if how in ("revoked", "over") else 403)
    assert _switch(browser, "org:acme" if how in ("revoked", "over") else "org:other").status_code == 200


def test_a_process_that_remembers_sessions_learns_at_once_where_one_acts(database_url) -> None:
    with open_house(database_url, sessions=Sessions(cache="1m")) as house:
        for place in (ACME, OTHER):
            house.roles.assign("ada", "editor", on=place)
        browser = house.browser("ada")
        for place in (ACME, OTHER, None):
            browser.get("/account")
            _switch(browser, None if place is None else f"org:{place[1]}")
            assert browser.get("/tenant").json["tenant"] == (None if place is None else list(place))


@pytest.mark.attack("V11")
def test_what_is_held_everywhere_lets_nobody_into_an_organisation(house) -> None:
    """At a place any role is more than it is everywhere: whoever was given it there belongs there."""
    house.roles.groups.create(Group(ACME))
    # One that everybody holds, and one that every customer is given who signs up.
    house.roles.assign("eve", "writer")
    eve = house.browser("eve")
    for role in ("reader", "writer"):
        assert eve.post("/acme/give", data={"who": "kim", "role": role}).status_code == 403
    assert house.roles.organisations("kim") == ()
    assert _switch(house.browser("kim"), "org:acme").status_code == 404
    house.roles.assign("bob", "reader", on=ACME)
    assert eve.post("/acme/take", data={"who": "bob", "role": "reader"}).status_code == 403
    assert house.roles.organisations("bob") == (ACME,)


def test_whoever_looks_after_an_organisation_gives_there_what_is_held_everywhere(house) -> None:
    house.roles.assign("ada", "owner", on=ACME)
    ada = house.browser("ada")
    assert ada.post("/acme/give", data={"who": "kim", "role": "reader"}).status_code == 200
    assert ada.post("/other/give", data={"who": "kim", "role": "reader"}).status_code == 403
    assert ada.post("/acme/take", data={"who": "kim", "role": "reader"}).status_code == 200
