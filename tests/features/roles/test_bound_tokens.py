"""A token that is bound to one organisation is refused at every other, whatever its person holds there."""

import pytest
from tests.features.roles.house import open_house

from ostiary import Tokens
from ostiary.features.roles import Group
from ostiary.features.tokens.access_token import AccessTokens, Grant

ACME, OTHER = ("org", "acme"), ("org", "other")


@pytest.fixture
def house(sqlite_url, clock):
    with open_house(sqlite_url, clock=clock, further=(Tokens(),)) as made:
        yield made


def _get(house, path, *, tenant=None, scope=None):
    access = house.shop.runtime.resources[AccessTokens]
    token = access.issue(
        Grant(subject="ada", factors=(), epoch=0, tenant=tenant, scope=scope), now=house.clock.now()
    ).text
    return house.shop.app.test_client().get(path, headers={"Authorization": f"Bearer {token}"})


@pytest.mark.asvs("V8.4.1")
def test_a_token_of_one_tenant_is_refused_at_another(house) -> None:
    for on in (ACME, OTHER):
        house.roles.assign("ada", "editor", on=on)
    house.roles.assign("ada", "root")
    assert _get(house, "/acme/role/editor", tenant=ACME).status_code == 200
    assert _get(house, "/acme/role/root", tenant=ACME).status_code == 200
    for path in ("/other/role/editor", "/other/articles", "/role/root", "/may/order:read"):
        assert _get(house, path).status_code == 200
        refused = _get(house, path, tenant=ACME)
        assert (refused.status_code, refused.json["code"]) == (403, "not_allowed")
    assert house.shop.events[-1].code == "wrong_tenant"


def test_a_bound_and_narrowed_token_needs_both(house) -> None:
    house.roles.assign("ada", "editor", on=ACME)
    narrow = frozenset({"article:read"})
    assert _get(house, "/acme/articles", tenant=ACME, scope=narrow).status_code == 200
    assert _get(house, "/other/articles", tenant=ACME, scope=narrow).status_code == 403
    assert _get(house, "/acme/articles", tenant=ACME, scope=frozenset({"order:read"})).status_code == 403


def test_a_token_that_was_issued_before_a_change_says_nothing_of_it(house) -> None:
    access = house.shop.runtime.resources[AccessTokens]
    token = access.issue(Grant(subject="ada", factors=(), epoch=0), now=house.clock.now()).text
    program, headers = house.shop.app.test_client(), {"Authorization": f"Bearer {token}"}
    assert program.get("/role/editor", headers=headers).status_code == 403
    house.roles.assign("ada", "editor")
    assert program.get("/role/editor", headers=headers).status_code == 200
    house.roles.revoke("ada", "editor")
    assert program.get("/role/editor", headers=headers).status_code == 403


def test_a_stateless_token_is_as_good_as_what_its_person_holds_now(sqlite_url, clock) -> None:
    secret = "Pw7-b3XzQm9Kd2Rv5Tn8Ly4Hc6Jg1Sf0A"
    with open_house(sqlite_url, clock=clock, further=(Tokens(secret=secret, stateless=True),)) as house:
        access = house.shop.runtime.resources[AccessTokens]
        token = access.issue(Grant(subject="ada", factors=(), epoch=0), now=house.clock.now()).text
        program, headers = house.shop.app.test_client(), {"Authorization": f"Bearer {token}"}
        for _ in range(2):
            assert program.get("/role/editor", headers=headers).status_code == 403
            house.roles.assign("ada", "editor")
            assert program.get("/role/editor", headers=headers).status_code == 200
            house.roles.revoke("ada", "editor")


@pytest.mark.asvs("V8.4.1")
def test_a_token_of_an_organisation_that_its_person_has_left_is_good_nowhere(house) -> None:
    house.roles.groups.create(Group(ACME))
    house.roles.groups.add(Group(ACME), "ada")
    assert _get(house, "/tenant", tenant=ACME).json == {"tenant": list(ACME)}
    house.roles.groups.remove(Group(ACME), "ada")
    refused = _get(house, "/tenant", tenant=ACME)
    assert (refused.status_code, refused.json["code"]) == (401, "invalid_credential")
    assert _get(house, "/tenant").status_code == 200
