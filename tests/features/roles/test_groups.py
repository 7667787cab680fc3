"""Groups: made, filled, emptied and removed; whoever is in one holds what it holds, and nobody is let in by less."""

import pytest
from tests.shop import NOON

from ostiary.events import GroupCreated, GroupDeleted, GroupMemberAdded, GroupMemberRemoved, RoleAssigned, RoleRevoked
from ostiary.features.roles import BeyondOwnRights, Group, Membership, NoSuchGroup
from ostiary.features.roles.holder import PlaceInUse, UnusableName

ACME = ("org", "acme")
SALES = Group("sales")


def test_a_group_is_a_word_or_the_place_that_an_organisation_is() -> None:
    assert (Group("sales").text, Group("sales").place) == ("sales", None)
    assert (Group(ACME).text, Group(ACME).place) == ("org:acme", ACME)


@pytest.mark.attack("V4")
@pytest.mark.parametrize(
    "name", ["", "Sales", "sales ", "sales\0", "org:acme", "ｓales", "a" * 65, ("", "x"), ("a:b", "c"), 5, None]
)
def test_what_is_neither_names_no_group(name) -> None:
    with pytest.raises(UnusableName) as refused:
        Group(name)
    assert [(one.field, one.code) for one in refused.value.errors] == [("group", "unusable")]


def test_a_group_is_made_once(house) -> None:
    assert house.roles.groups.create(SALES)
    assert not house.roles.groups.create(SALES)
    assert house.roles.groups.exists(SALES)
    assert not house.roles.groups.exists(Group("nobody"))


def test_members_hold_what_the_group_holds_whenever_it_was_given(house) -> None:
    groups = house.roles.groups
    groups.create(SALES)
    assert groups.add(SALES, "ada")
    assert not groups.add(SALES, "ada")
    house.roles.assign(SALES, "editor", on=ACME)
    assert "editor" in house.roles.of("ada", ACME)
    groups.add(SALES, "bob")
    assert "editor" in house.roles.of("bob", ACME)
    house.roles.revoke(SALES, "editor", on=ACME)
    assert house.roles.of("ada", ACME) == house.roles.of("bob", ACME) == {"reader"}


def test_whoever_leaves_keeps_what_is_her_own(house) -> None:
    house.roles.groups.create(SALES)
    house.roles.groups.add(SALES, "ada")
    house.roles.assign(SALES, "editor")
    house.roles.assign("ada", "writer")
    assert house.roles.groups.remove(SALES, "ada")
    assert not house.roles.groups.remove(SALES, "ada")
    assert house.roles.of("ada") == {"reader", "writer"}


def test_a_role_of_a_group_ends_for_everybody_in_it(house) -> None:
    house.roles.groups.create(SALES)
    house.roles.groups.add(SALES, "ada")
    house.roles.assign(SALES, "editor", until="1h")
    browser = house.browser("ada")
    assert browser.get("/role/editor").status_code == 200
    house.clock.pass_(3_600_000)
    assert browser.get("/role/editor").status_code == 403


def test_a_group_that_is_removed_leaves_nothing_behind(house) -> None:
    house.roles.groups.create(SALES)
    house.roles.groups.add(SALES, "ada")
    house.roles.groups.add(SALES, "bob")
    house.roles.assign(SALES, "editor")
    browser = house.browser("ada")
    assert browser.get("/role/editor").status_code == 200
    house.roles.groups.delete(SALES)
    assert browser.get("/role/editor").status_code == 403
    assert house.roles.assignments() == []
    house.roles.groups.create(SALES)
    assert house.roles.groups.members(SALES) == []
    assert house.roles.of(SALES) == frozenset()


def test_what_is_not_there_is_neither_filled_nor_removed(house) -> None:
    for act in (house.roles.groups.add, house.roles.groups.remove):
        with pytest.raises(NoSuchGroup):
            act(SALES, "ada")
    with pytest.raises(NoSuchGroup):
        house.roles.groups.delete(SALES)


def test_groups_and_members_are_listed_a_page_at_a_time(house) -> None:
    groups = house.roles.groups
    for name in ("a", "b", "c"):
        groups.create(Group(name))
    groups.create(Group(ACME))
    for subject in ("ada", "bob", "eve"):
        groups.add(Group("b"), subject)
    assert groups.list() == [(Group("a"), 0), (Group("b"), 3), (Group("c"), 0), (Group(ACME), 0)]
    assert groups.list(after="a", limit=1) == [(Group("b"), 3)]
    assert groups.members(Group("b"), after="ada", limit=1) == ["bob"]
    assert groups.of("ada") == [Group("b")]


def test_each_change_of_a_group_is_told_and_written_down(house) -> None:
    house.shop.events.clear()
    house.roles.groups.create(Group(ACME), by="sign-up")
    house.roles.groups.add(Group(ACME), "ada", by="sign-up")
    house.roles.groups.remove(Group(ACME), "ada")
    house.roles.groups.delete(Group(ACME))
    assert house.shop.events == [
        GroupCreated(at=NOON, group="org:acme", by="sign-up"),
        GroupMemberAdded(at=NOON, subject="ada", group="org:acme", by="sign-up"),
        GroupMemberRemoved(at=NOON, subject="ada", group="org:acme"),
        GroupDeleted(at=NOON, group="org:acme", members=0),
    ]
    assert house.shop.named()[-4:] == ["group_created", "group_member_added", "group_member_removed", "group_deleted"]


@pytest.mark.attack("V11")
def test_whoever_gives_a_group_a_role_can_see_whom_it_reaches_and_who_put_them_there(house) -> None:
    groups = house.roles.groups
    groups.create(SALES)
    groups.add(SALES, "ada", by="kim")
    house.clock.pass_(1000)
    groups.add(SALES, "bob", by="eve")
    assert groups.memberships(SALES) == [
        Membership(subject="ada", added_at=NOON, added_by="kim"),
        Membership(subject="bob", added_at=NOON + 1000, added_by="eve"),
    ]
    assert groups.memberships(SALES, after="ada") == groups.memberships(SALES)[1:]
    house.shop.events.clear()
    house.roles.assign(SALES, "editor")
    assert house.shop.events == [RoleAssigned(at=NOON + 1000, subject=None, role="editor", group="sales", members=2)]
    assert house.shop.audit()[-1][2]["members"] == 2


# --- an organisation that was, and the next of its name -----------------------------------------------------


def test_with_an_organisation_goes_whatever_anybody_was_given_on_its_place(house) -> None:
    groups, roles = house.roles.groups, house.roles
    groups.create(Group(ACME))
    groups.create(SALES)
    groups.add(SALES, "bob")
    roles.assign("eve", "owner", on=ACME)
    roles.assign(SALES, "editor", on=ACME)
    roles.assign("eve", "writer", on=("org", "acme2"))
    eve, bob = house.browser("eve"), house.browser("bob")
    assert eve.get("/acme/role/owner").status_code == bob.get("/acme/role/editor").status_code == 200
    kim, version = roles.held("kim").version, roles.held("eve").version
    house.shop.events.clear()
    groups.delete(Group(ACME), by="ops")
    assert house.shop.events == [
        RoleRevoked(at=NOON, subject=None, role="editor", on="org:acme", group="sales", by="ops"),
        RoleRevoked(at=NOON, subject="eve", role="owner", on="org:acme", by="ops"),
        GroupDeleted(at=NOON, group="org:acme", members=0, by="ops"),
    ]
    assert roles.held("eve").version > version
    assert roles.held("kim").version == kim
    assert groups.create(Group(ACME))
    assert eve.get("/acme/role/owner").status_code == bob.get("/acme/role/editor").status_code == 403
    assert [(one.subject, one.role, one.on) for one in roles.assignments()] == [("eve", "writer", ("org", "acme2"))]


def test_no_organisation_is_made_where_somebody_holds_something_already(house) -> None:
    house.roles.assign("eve", "owner", on=ACME)
    with pytest.raises(PlaceInUse):
        house.roles.groups.create(Group(ACME), by="sign-up")
    assert not house.roles.groups.exists(Group(ACME))
    house.roles.revoke("eve", "owner", on=ACME)
    house.roles.assign("eve", "owner", on=ACME, until="1h")
    house.clock.pass_(3_600_000)
    assert house.roles.groups.create(Group(ACME), by="sign-up"), "what has ended is held no more"
    house.roles.assign("ada", "owner", on=ACME)
    assert not house.roles.groups.create(Group(ACME), by="sign-up"), "it is there already"


def test_an_organisation_where_others_hold_more_is_not_hers_to_remove(house, as_ada) -> None:
    house.roles.groups.create(Group(ACME))
    house.roles.assign("ada", "owner", on=ACME)
    house.roles.assign("bob", "boss", on=ACME)
    with pytest.raises(BeyondOwnRights):
        as_ada(house.roles.groups.delete, Group(ACME))
    assert "boss" in house.roles.of("bob", ACME)
    house.roles.revoke("bob", "boss", on=ACME)
    house.roles.assign("bob", "editor", on=ACME)
    as_ada(house.roles.groups.delete, Group(ACME))
    assert house.roles.assignments() == []


# --- nobody lets somebody in by less ------------------------------------------------------------------------


@pytest.fixture
def as_ada(house):
    """Act as ada, in a request of hers."""

    def act(verb, *args, **kwargs):
        browser = house.browser("ada")
        cookie = browser.cookie()
        name = house.shop.runtime.cookies.name("ostiary_session")
        with house.shop.app.test_request_context("/", headers={"Cookie": f"{name}={cookie}"}):
            return verb(*args, **kwargs)

    return act


def test_putting_somebody_into_a_group_is_giving_her_each_of_its_roles(house, as_ada) -> None:
    groups = house.roles.groups
    groups.create(SALES)
    house.roles.assign(SALES, "editor", on=ACME)
    house.roles.assign(SALES, "boss")
    house.roles.define("helpdesk", ["role:assign"])
    house.roles.assign("ada", "helpdesk")
    house.roles.assign("ada", "owner", on=ACME)
    with pytest.raises(BeyondOwnRights):
        as_ada(groups.add, SALES, "bob")
    house.roles.assign("ada", "boss")
    assert as_ada(groups.add, SALES, "bob")
    assert as_ada(groups.remove, SALES, "bob")


@pytest.mark.attack("V11")
@pytest.mark.parametrize("group", [SALES, Group(ACME)])
def test_an_empty_group_is_filled_emptied_and_removed_by_who_looks_after_it(house, as_ada, group) -> None:
    """Not by whoever reaches a view that does it: its members hold what an administrator gives it later."""
    groups = house.roles.groups
    groups.create(group)
    groups.add(group, "eve")
    house.roles.assign("ada", "editor")
    for act in (
        lambda: as_ada(groups.add, group, "bob"),
        lambda: as_ada(groups.remove, group, "eve"),
        lambda: as_ada(groups.delete, group),
    ):
        with pytest.raises(BeyondOwnRights):
            act()
    assert groups.members(group) == ["eve"]
    house.roles.define("helpdesk", ["role:assign"])
    house.roles.assign("ada", "helpdesk", on=group.place)
    assert as_ada(groups.add, group, "bob")
    assert as_ada(groups.remove, group, "eve")
    as_ada(groups.delete, group)


@pytest.mark.attack("V11")
def test_who_may_not_fill_groups_does_not_learn_which_there_are(house, as_ada) -> None:
    house.roles.groups.create(SALES)
    for act in (house.roles.groups.add, house.roles.groups.remove):
        for group in (SALES, Group("nobody"), Group(ACME)):
            with pytest.raises(BeyondOwnRights):
                as_ada(act, group, "bob")


def test_whoever_is_in_a_group_may_leave_it(house, as_ada) -> None:
    house.roles.groups.create(SALES)
    house.roles.groups.add(SALES, "ada")
    house.roles.assign(SALES, "boss")
    assert as_ada(house.roles.groups.remove, SALES, "ada")


def test_what_is_held_for_a_time_lets_nobody_into_a_group_that_holds_it_for_good(house, as_ada) -> None:
    house.roles.groups.create(SALES)
    house.roles.assign(SALES, "editor")
    house.roles.define("helpdesk", ["role:assign"])
    house.roles.assign("ada", "helpdesk")
    house.roles.assign("ada", "editor", until="1h")
    with pytest.raises(BeyondOwnRights):
        as_ada(house.roles.groups.add, SALES, "bob")
    house.roles.assign("ada", "editor")
    assert as_ada(house.roles.groups.add, SALES, "bob")


@pytest.mark.attack("V11")
def test_nobody_lets_herself_into_a_group_that_holds_something(house, as_ada) -> None:
    house.roles.groups.create(SALES)
    house.roles.assign(SALES, "editor")
    house.roles.define("helpdesk", ["role:assign", "editor"])
    house.roles.assign("ada", "helpdesk")
    with pytest.raises(BeyondOwnRights):
        as_ada(house.roles.groups.add, SALES, "ada")
    house.roles.assign("ada", "owner")
    assert as_ada(house.roles.groups.add, SALES, "ada")


@pytest.mark.attack("V11")
@pytest.mark.parametrize("group", [SALES, Group(ACME)])
def test_nobody_lets_herself_into_a_group_that_holds_nothing_yet(house, as_ada, group) -> None:
    house.roles.groups.create(group)
    house.roles.define("helpdesk", ["role:assign"])
    house.roles.assign("ada", "helpdesk")
    with pytest.raises(BeyondOwnRights):
        as_ada(house.roles.groups.add, group, "ada")
    assert as_ada(house.roles.groups.add, group, "bob")
    house.roles.assign("ada", "owner", on=ACME)
    if group.place is None:
        with pytest.raises(BeyondOwnRights):
            as_ada(house.roles.groups.add, group, "ada")
        house.roles.assign("ada", "owner")
    assert as_ada(house.roles.groups.add, group, "ada")


@pytest.mark.attack("V11")
def test_nobody_gives_something_to_a_group_she_is_in_without_that_permission(house, as_ada) -> None:
    house.roles.groups.create(SALES)
    house.roles.groups.add(SALES, "ada")
    house.roles.define("helpdesk", ["role:assign"])
    house.roles.assign("ada", "helpdesk")
    house.roles.assign("ada", "editor", until="1h")
    with pytest.raises(BeyondOwnRights):
        as_ada(house.roles.assign, SALES, "editor", until="1h")
    house.roles.groups.remove(SALES, "ada")
    assert as_ada(house.roles.assign, SALES, "editor", until="1h")


def test_a_group_that_holds_more_than_she_does_is_not_hers_to_remove_or_to_empty(house, as_ada) -> None:
    house.roles.groups.create(SALES)
    house.roles.groups.add(SALES, "bob")
    house.roles.assign(SALES, "boss")
    house.roles.assign("ada", "owner")
    with pytest.raises(BeyondOwnRights):
        as_ada(house.roles.groups.delete, SALES)
    with pytest.raises(BeyondOwnRights):
        as_ada(house.roles.groups.remove, SALES, "bob")
    assert house.roles.groups.members(SALES) == ["bob"]
