"""Drift: what was given and means nothing any more, and what two places define differently, is found and has a cure."""

from tests.features.roles.house import open_house

from ostiary import Roles
from ostiary.features.roles.definitions import Definitions
from ostiary.features.roles.drift import never_met
from ostiary.kernel.requirement import Requirement, any_of


def test_what_guards_ask_for_and_no_role_gives_is_found() -> None:
    definitions = Definitions({"owner": ["editor", "member:*"], "editor": ["article:write"]}, [])
    in_database = {"auditor": frozenset({"audit:read"})}
    asked = [
        Requirement(permission="article:write"),
        Requirement(permission="member:add"),
        Requirement(permission="audit:read"),
        Requirement(role=any_of("owner", "auditor")),
        Requirement(permission="artcle:write"),
        Requirement(permission="invoice:pay"),
        Requirement(role=any_of("edtor")),
        Requirement(role=any_of("astronaut")),
        Requirement(),
    ]
    found = [(one.code, one.cure) for one in never_met(definitions, in_database, asked)]
    assert found == [
        ("asks_for_no_role", "define it: ostiary roles define astronaut …"),
        ("asks_for_no_role", "did you mean 'editor'?"),
        ("asks_for_no_permission", "did you mean 'article:write'?"),
        ("asks_for_no_permission", "grant it in a role"),
    ]
    assert list(never_met(Definitions({"root": ["*"]}, []), {}, [Requirement(permission="invoice:pay")])) == []


def test_nothing_drifts_as_long_as_code_and_database_agree(house) -> None:
    house.roles.define("auditor", ["reader", "audit:read"])
    house.roles.assign("ada", "auditor")
    house.roles.assign("bob", "editor")
    assert house.roles.drift() == ()


def test_what_a_release_forgot_is_found(database_url) -> None:
    with open_house(database_url, roles=Roles({"clerk": ["order:read"], "reader": []})) as before:
        before.roles.assign("ada", "clerk")
        before.roles.assign("bob", "clerk", on=("org", "acme"))
        before.roles.define("auditor", ["clerk"])
        before.roles.define("boss", ["order:*"])
    with open_house(database_url, roles=Roles({"boss": ["*"]})) as after:
        found = {(one.problem.code, one.role): one.problem for one in after.roles.drift()}
        assert set(found) == {("role_of_nobody", "clerk"), ("inherits_nothing", "auditor"), ("defined_twice", "boss")}
        assert "given 2 times" in found["role_of_nobody", "clerk"].what
        assert found["defined_twice", "boss"].cure.endswith("ostiary roles undefine boss")
        assert {one.name: one.origin for one in after.roles.list()} == {"boss": "both", "auditor": "database"}
        assert after.roles.undefine("boss")
        assert ("defined_twice", "boss") not in {(one.problem.code, one.role) for one in after.roles.drift()}


def test_a_role_that_means_nothing_can_still_be_taken_away(database_url) -> None:
    with open_house(database_url, roles=Roles({"clerk": ["order:read"]})) as before:
        before.roles.assign("ada", "clerk")
    with open_house(database_url, roles=Roles({})) as after:
        assert after.roles.of("ada") == {"clerk"}
        assert after.roles.permissions_of("ada") == frozenset()
        assert after.roles.revoke("ada", "clerk")
        assert after.roles.drift() == ()
