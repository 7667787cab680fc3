"""A key that is bound to an organisation ends where its owner's being there does; one that was made from outside does not."""

import pytest
from tests.features.roles.house import open_house

from ostiary import ApiKeys
from ostiary.features.roles import Group

ACME = ("org", "acme")


@pytest.fixture
def house(database_url, clock):
    with open_house(database_url, clock=clock, further=(ApiKeys(),)) as made:
        made.roles.groups.create(Group(ACME))
        yield made


def _key(house, owner):
    with house.shop.app.app_context():
        return house.shop.auth.api_keys.create(owner, name="k", tenant=ACME).secret


def _get(house, secret, path="/tenant"):
    return house.shop.app.test_client().get(path, headers={"Authorization": f"Bearer {secret}"})


@pytest.mark.asvs("V8.4.1")
@pytest.mark.parametrize("how", ["removed", "deleted", "revoked", "over"])
def test_a_key_of_an_organisation_that_its_owner_has_left_is_good_nowhere(house, how) -> None:
    acme = Group(ACME)
    if how in ("removed", "deleted"):
        house.roles.groups.add(acme, "ada")
    else:
        house.roles.assign("ada", "editor", on=ACME, until="1h" if how == "over" else None)
    secret = _key(house, "ada")
    assert _get(house, secret).json == {"tenant": list(ACME)}
    match how:
        case "removed":
            house.roles.groups.remove(acme, "ada")
        case "deleted":
            house.roles.groups.delete(acme)
            house.roles.groups.create(acme)
        case "revoked":
            house.roles.revoke("ada", "editor", on=ACME)
        case _:
            house.clock.pass_(3_600_000)
    refused = _get(house, secret)
    assert (refused.status_code, refused.json["code"]) == (401, "invalid_credential")
    assert house.shop.events[-1].reason == "left_its_place"


def test_its_successor_ends_with_it(house) -> None:
    acme = Group(ACME)
    house.roles.groups.add(acme, "ada")
    with house.shop.app.app_context():
        keys = house.shop.auth.api_keys
        old = keys.create("ada", name="k", tenant=ACME).key
        secret = keys.rotate(old.id, owner="ada").secret
    assert _get(house, secret).status_code == 200
    house.roles.groups.remove(acme, "ada")
    assert _get(house, secret).status_code == 401


def test_it_is_good_again_once_she_is_back(house) -> None:
    acme = Group(ACME)
    house.roles.groups.add(acme, "ada")
    secret = _key(house, "ada")
    house.roles.groups.remove(acme, "ada")
    assert _get(house, secret).status_code == 401
    house.roles.groups.add(acme, "ada")
    assert _get(house, secret).status_code == 200


def test_a_key_is_bound_to_where_its_owner_is_not_at_home(house) -> None:
    """A machine, or somebody of the staff who holds everywhere what it takes: nobody leaves a place she never was at."""
    house.roles.assign("kim", "editor")
    for owner in ("kim", "nightly-export"):
        secret = _key(house, owner)
        assert _get(house, secret).json == {"tenant": list(ACME)}
        assert _get(house, secret, "/acme/articles").status_code == 200
        assert _get(house, secret, "/other/articles").status_code == 403
