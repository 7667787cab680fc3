"""Roles in the database: beside those of the code, checked as strictly, and in force at the next request."""

import pytest
from tests.features.roles.house import ROLES, open_house
from tests.shop import NOON

from ostiary import Roles
from ostiary.events import RoleDefined, RoleUndefined
from ostiary.features.roles.define import DefinedInCode, RoleInUse
from ostiary.kernel.errors import ValidationFailed

ACME = ("org", "acme")


def _refused(act, *args):
    with pytest.raises(ValidationFailed) as refused:
        act(*args)
    return [(error.field, error.code) for error in refused.value.errors]


def test_a_role_of_the_database_grants_and_inherits_as_one_of_the_code_does(house) -> None:
    house.roles.define("auditor", ["reader", "audit:read"])
    house.roles.define("chief-auditor", ["auditor", "audit:*"])
    house.roles.assign("ada", "chief-auditor")
    assert house.roles.of("ada") == {"chief-auditor", "auditor", "reader"}
    assert house.roles.permissions_of("ada") == {"audit:read", "audit:*", "article:read"}


def test_both_are_in_one_list_that_says_where_each_comes_from(house) -> None:
    house.roles.define("auditor", ["editor", "audit:read"])
    found = {role.name: role for role in house.roles.list()}
    assert set(found) == {*ROLES, "auditor"}
    assert (found["auditor"].origin, found["reader"].origin) == ("database", "code")
    assert found["auditor"].as_json() == {
        "name": "auditor",
        "origin": "database",
        "grants": ["audit:read", "editor"],
        "inherits": ["editor", "writer"],
        "permissions": ["article:*", "article:write", "audit:read"],
        "default": False,
    }
    assert found["reader"].default


def test_a_role_that_is_redefined_is_another_at_the_next_request(house) -> None:
    house.roles.define("auditor", ["audit:read"])
    house.roles.define("chief", ["auditor"])
    house.roles.assign("ada", "chief", on=ACME)
    house.roles.assign("bob", "chief")
    ada, bob = house.browser("ada"), house.browser("bob")
    assert ada.get("/acme/role/editor").status_code == bob.get("/may/order:read").status_code == 403
    house.roles.define("auditor", ["editor", "order:read"])
    assert ada.get("/acme/role/editor").status_code == bob.get("/may/order:read").status_code == 200
    house.roles.define("auditor", ["audit:read"])
    assert ada.get("/acme/role/editor").status_code == bob.get("/may/order:read").status_code == 403


def test_defining_what_is_defined_so_already_changes_nothing(house) -> None:
    house.roles.define("auditor", ["audit:read"])
    house.roles.assign("ada", "auditor")
    version = house.roles.held("ada").version
    house.roles.define("auditor", ["audit:read", "audit:read"])
    assert house.roles.held("ada").version == version


def test_a_change_raises_the_rights_of_its_holders_and_of_nobody_else(house) -> None:
    house.roles.define("auditor", ["audit:read"])
    house.roles.assign("ada", "auditor")
    house.roles.assign("bob", "editor")
    before = {name: house.roles.held(name).version for name in ("ada", "bob", "eve")}
    house.roles.define("auditor", ["audit:*"])
    after = {name: house.roles.held(name).version for name in ("ada", "bob", "eve")}
    assert {name for name in before if after[name] != before[name]} == {"ada"}


@pytest.mark.parametrize(
    ("role", "grants", "error"),
    [
        ("Auditor", ["audit:read"], ("role", "not_a_role_name")),
        ("auditor", "audit:read", ("grants", "text")),
        ("auditor", ["audit:Read"], ("grants", "not_a_permission")),
        ("auditor", [7], ("grants", "not_a_permission")),
        ("auditor", ["a:" + "b" * 200], ("grants", "not_a_permission")),
        ("auditor", ["nobody"], ("grants", "unknown_role")),
        ("auditor", ["Reader"], ("grants", "not_a_role_name")),
        ("auditor", ["auditor"], ("grants", "role_cycle")),
        ("auditor", [f"a:{n}" for n in range(257)], ("grants", "too_many")),
    ],
)
def test_what_cannot_be_a_role_is_not_defined(house_here, role, grants, error) -> None:
    assert _refused(house_here.roles.define, role, grants) == [error]
    assert {one.name for one in house_here.roles.list()} == set(ROLES)


@pytest.mark.attack("V5")
def test_no_circle_is_let_in_however_long_it_is(house) -> None:
    house.roles.define("a", [])
    house.roles.define("b", ["a"])
    house.roles.define("c", ["b", "editor"])
    assert _refused(house.roles.define, "a", ["c"]) == [("grants", "role_cycle")]
    assert {one.name: one.inherits for one in house.roles.list()}["a"] == ()


def test_what_the_code_defines_is_changed_only_there(house_here) -> None:
    with pytest.raises(DefinedInCode):
        house_here.roles.define("editor", ["*"])


def test_a_role_that_is_held_or_inherited_is_not_removed(house) -> None:
    house.roles.define("auditor", ["audit:read"])
    house.roles.define("chief", ["auditor"])
    house.roles.assign("ada", "chief")
    for name in ("auditor", "chief"):
        with pytest.raises(RoleInUse):
            house.roles.undefine(name)
    house.roles.revoke("ada", "chief")
    assert house.roles.undefine("chief")
    assert house.roles.undefine("auditor")
    assert not house.roles.undefine("auditor")


def test_definitions_are_told_and_written_down(house) -> None:
    house.shop.events.clear()
    house.roles.define("auditor", ["audit:read", "reader"], by="ops")
    house.roles.undefine("auditor")
    assert house.shop.events == [
        RoleDefined(at=NOON, role="auditor", grants=("audit:read", "reader"), by="ops"),
        RoleUndefined(at=NOON, role="auditor"),
    ]
    assert house.shop.named()[-2:] == ["role_defined", "role_undefined"]


def test_what_is_removed_beside_the_code_is_seen_by_processes_of_the_version_before(database_url, clock) -> None:
    """While a version is deployed that brings the role into the code, older processes still read it from the database."""
    with open_house(database_url, clock=clock) as older:
        older.roles.define("auditor", ["audit:read"])
        older.roles.assign("ada", "auditor")
        assert "audit:read" in older.rights.permissions(older.principal(), None)
        with open_house(database_url, clock=clock, roles=Roles({**ROLES, "auditor": ["audit:list"]})) as newer:
            assert newer.roles.undefine("auditor")
        assert "audit:read" not in older.rights.permissions(older.principal(), None)
