"""Nobody gives what she does not hold: not elsewhere, not for longer, not by a narrowed credential, not to herself."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.features.roles.house import ROLES
from tests.shop import NOON

from ostiary.features.roles import Group
from ostiary.features.roles.authority import Authority
from ostiary.features.roles.definitions import Definitions
from ostiary.features.roles.held import Holding, work_out
from ostiary.features.roles.holder import Assignment, Holder
from ostiary.kernel.principal import Principal

ACME, OTHER = ("org", "acme"), ("org", "other")
DEFINITIONS = Definitions(ROLES, ["reader"])
BOB = Holder("subject", "bob")
ADA = Principal("ada")


def _hold(role, place=None, ends_at=None, group=None):
    return Holding(role=role, place=place, ends_at=ends_at, group=group)


def _authority(*holdings, principal=ADA, groups=()):
    return Authority(principal, holdings, groups, DEFINITIONS, {}, now=NOON)


def _given(group, role, on=None):
    return [Assignment(subject=None, group=group, role=role, on=on, until=None, given_at=NOON, given_by=None)]


def test_what_she_holds_she_gives_there_and_what_it_inherits() -> None:
    owner = _authority(_hold("owner", ACME))
    assert owner.check_give(BOB, "owner", ACME, None)
    assert owner.check_give(BOB, "editor", ACME, None)
    assert owner.check_give(BOB, "writer", ACME, NOON + 1)
    assert owner.check_give(BOB, "boss", ACME, None).code == "beyond_own_rights"


def test_what_she_holds_at_a_place_she_gives_at_no_other_and_not_everywhere() -> None:
    owner = _authority(_hold("owner", ACME))
    assert not owner.check_give(BOB, "editor", OTHER, None)
    assert not owner.check_give(BOB, "editor", None, None)
    assert _authority(_hold("owner")).check_give(BOB, "editor", OTHER, None)


@pytest.mark.attack("V11")
def test_what_she_holds_everywhere_she_gives_at_a_place_where_she_belongs_or_says_who_does() -> None:
    """Whoever was given anything at a place belongs to it."""
    assert not _authority(_hold("editor")).check_give(BOB, "editor", ACME, None)
    assert not _authority(_hold("editor")).check_take(BOB, "editor", ACME)
    assert _authority(_hold("editor"), groups=["org:acme"]).check_give(BOB, "editor", ACME, None)
    assert _authority(_hold("editor"), _hold("reader", ACME)).check_take(BOB, "editor", ACME)
    for_a_time = _authority(_hold("editor"), _hold("reader", ACME, NOON + 5))
    assert for_a_time.check_give(BOB, "editor", ACME, NOON + 5)
    assert not for_a_time.check_give(BOB, "editor", ACME, None)
    assert not for_a_time.check_give(BOB, "editor", OTHER, NOON + 5)
    assert _authority(_hold("editor")).check_give(BOB, "editor", None, None)


def test_what_she_holds_for_a_time_she_gives_for_no_longer() -> None:
    owner = _authority(_hold("editor", ACME, NOON + 1000))
    assert owner.check_give(BOB, "editor", ACME, NOON + 1000)
    assert not owner.check_give(BOB, "editor", ACME, NOON + 1001)
    assert not owner.check_give(BOB, "editor", ACME, None)
    assert not _authority(_hold("editor", ACME, NOON)).check_give(BOB, "editor", ACME, NOON)


def test_permissions_are_not_the_role_since_a_guard_may_ask_for_its_name() -> None:
    writer = _authority(_hold("editor"))
    assert not writer.check_give(BOB, "boss", None, None), "it grants nothing, and a guard asks role='boss'"
    assert _authority(_hold("root")).check_give(BOB, "boss", None, None)


def test_a_narrowed_credential_carries_no_role_to_give() -> None:
    for scope in (frozenset(), frozenset({"role:assign"}), frozenset({"article:*", "role:*"})):
        narrow = replace(ADA, scope=scope)
        assert (
            _authority(_hold("editor"), principal=narrow).check_give(BOB, "editor", None, None).code
            == "insufficient_scope"
        )
    wide = replace(ADA, scope=frozenset({"*"}))
    assert _authority(_hold("editor"), principal=wide).check_give(BOB, "editor", None, None)


def test_a_credential_that_is_bound_to_a_place_gives_nowhere_else() -> None:
    bound = _authority(_hold("owner"), principal=replace(ADA, tenant=ACME))
    assert bound.check_give(BOB, "editor", ACME, None)
    assert bound.check_give(BOB, "editor", OTHER, None).code == "wrong_tenant"
    assert bound.check_give(BOB, "editor", None, None).code == "wrong_tenant"
    assert bound.check_define(["article:read"], ()).code == "wrong_tenant"


@pytest.mark.attack("V11")
def test_giving_to_oneself_needs_a_permission_of_its_own() -> None:
    me = Holder("subject", "ada")
    assert not _authority(_hold("editor")).check_give(me, "editor", ACME, None)
    assert not _authority(_hold("editor"), groups=["sales"]).check_give(Holder("group", "sales"), "editor", None, None)
    assert _authority(_hold("owner")).check_give(me, "editor", ACME, None), "role:* is hers"
    narrow = replace(ADA, scope=frozenset({"*"}))
    assert _authority(_hold("owner"), principal=narrow).check_give(me, "editor", ACME, None)


@pytest.mark.attack("V11")
def test_who_acts_in_the_name_of_another_gives_herself_nothing_of_hers() -> None:
    grants = {"helpdesk": frozenset({"role:assign"})}
    holdings = (_hold("editor"), _hold("helpdesk"))
    for actors in ((), ("eve",), ("job-7", "eve")):
        authority = Authority(replace(ADA, actors=actors), holdings, (), DEFINITIONS, grants, now=NOON)
        to_eve = authority.check_give(Holder("subject", "eve"), "editor", None, None)
        lets_eve_in = authority.check_add_member("eve", None, _given("sales", "editor"))
        assert to_eve.allowed is lets_eve_in.allowed is ("eve" not in actors)
        assert authority.check_give(BOB, "editor", None, None)


@pytest.mark.attack("V11")
def test_letting_oneself_into_a_group_is_giving_to_oneself_at_its_place() -> None:
    assert not _authority(_hold("editor")).check_add_member("ada", None, ())
    assert _authority(_hold("owner", ACME)).check_add_member("ada", ACME, ())
    for place in (None, OTHER):
        assert not _authority(_hold("owner", ACME)).check_add_member("ada", place, ())
    for facts in ({"scope": frozenset({"role:assign"})}, {"tenant": OTHER}):
        assert not _authority(_hold("owner"), principal=replace(ADA, **facts)).check_add_member("ada", ACME, ())


@pytest.mark.attack("V11")
def test_who_is_in_a_group_is_said_by_who_looks_after_it_also_where_it_holds_nothing_yet() -> None:
    """Whoever is in it holds what it is given later: an editor of ours must not choose who that is."""
    editor = _authority(_hold("editor"))
    assert editor.check_add_member("bob", None, ()).code == "beyond_own_rights"
    assert editor.check_remove_member("bob", None, ()).code == "beyond_own_rights"
    owner = _authority(_hold("owner", ACME))
    for place, may in ((ACME, True), (OTHER, False), (None, False)):
        assert bool(owner.check_add_member("bob", place, ())) is may
        assert bool(owner.check_remove_member("bob", place, ())) is may


@pytest.mark.attack("V11")
def test_a_narrowed_credential_gives_nothing_up_that_is_its_owners() -> None:
    me = Holder("subject", "ada")
    for scope in (frozenset(), frozenset({"role:assign"}), frozenset({"article:*", "role:*"})):
        narrow = _authority(_hold("owner"), principal=replace(ADA, scope=scope))
        assert narrow.check_take(me, "owner", None).code == "insufficient_scope"
        assert narrow.check_remove_member("ada", None, ()).code == "insufficient_scope"
    bound = _authority(_hold("owner"), principal=replace(ADA, tenant=ACME))
    assert bound.check_take(me, "owner", ACME)
    assert bound.check_remove_member("ada", ACME, ())
    for place in (None, OTHER):
        assert bound.check_take(me, "owner", place).code == "wrong_tenant"
        assert bound.check_remove_member("ada", place, ()).code == "wrong_tenant"
        (held,) = _given("sales", "editor", place)
        assert bound.check_remove_member("ada", ACME, [held]).code == "wrong_tenant", "what she holds by it elsewhere"
    wide = _authority(_hold("owner"), principal=replace(ADA, scope=frozenset({"*"})))
    assert wide.check_take(me, "owner", None)


@pytest.mark.attack("V11")
def test_a_permission_to_give_to_oneself_gives_nothing_she_does_not_hold() -> None:
    me = Holder("subject", "ada")
    assert not _authority(_hold("owner", ACME)).check_give(me, "owner", OTHER, None)
    assert not _authority(_hold("owner", ACME)).check_give(me, "boss", ACME, None)
    assert not _authority(_hold("owner", ACME, NOON + 9)).check_give(me, "owner", ACME, None)


def test_she_takes_what_she_could_give_and_may_always_leave() -> None:
    assert not _authority(_hold("editor", ACME)).check_take(BOB, "owner", ACME)
    assert _authority(_hold("owner", ACME)).check_take(BOB, "owner", ACME)
    assert _authority().check_take(Holder("subject", "ada"), "owner", ACME)


def test_a_role_is_defined_with_what_its_author_holds_everywhere() -> None:
    author = _authority(_hold("editor"))
    assert author.check_define(["article:publish"], ["writer"])
    assert not author.check_define(["order:read"], ())
    assert not author.check_define([], ["boss"])
    assert not _authority(_hold("editor", ACME)).check_define(["article:publish"], ())
    narrow = _authority(_hold("editor"), principal=replace(ADA, scope=frozenset({"article:read"})))
    assert not narrow.check_define(["article:publish"], ())


HOLDINGS = st.lists(
    st.builds(
        _hold, st.sampled_from(sorted(ROLES)), st.sampled_from([None, ACME, OTHER]), st.sampled_from([None, NOON + 5])
    ),
    max_size=4,
)


@given(
    HOLDINGS,
    st.sampled_from(sorted(ROLES)),
    st.sampled_from([None, ACME, OTHER]),
    st.sampled_from([None, NOON + 5, NOON + 9]),
)
def test_whoever_is_given_something_never_holds_more_than_who_gave_it(holdings, role, on, until) -> None:
    if not _authority(*holdings).check_give(BOB, role, on, until):
        return
    ends = [NOON + 1, NOON + 4, NOON + 5, NOON + 8, NOON + 100]
    for now in ends:
        for place in (None, ACME, OTHER):
            giver = work_out(holdings, DEFINITIONS, {}, version=0, now=now).at(place)
            taker = work_out([_hold(role, on, until)], DEFINITIONS, {}, version=0, now=now).at(place)
            # Everything includes every role.
            assert taker.roles <= giver.roles or "*" in giver.permissions
            assert taker.permissions <= giver.permissions or "*" in giver.permissions


# --- in requests --------------------------------------------------------------------------------------------


def _give(browser, who, role, org="acme"):
    return browser.post(f"/{org}/give", data={"who": who, "role": role})


def test_in_a_request_the_caller_is_asked_what_she_holds(house) -> None:
    browser = house.browser("ada")
    answer = _give(browser, "bob", "editor")
    assert (answer.status_code, answer.json["code"]) == (403, "beyond_own_rights")
    house.roles.assign("ada", "owner", on=ACME)
    assert _give(browser, "bob", "editor").json == {"given": True}
    assert "editor" in house.roles.of("bob", ACME)
    assert _give(browser, "bob", "editor", "other").status_code == 403
    assert _give(browser, "bob", "boss").status_code == 403
    (one,) = house.roles.assignments("bob")
    assert one.given_by == "ada"


def test_in_a_request_she_takes_only_what_she_holds(house) -> None:
    house.roles.assign("ada", "editor", on=ACME)
    house.roles.assign("bob", "owner", on=ACME)
    ada, bob = house.browser("ada"), house.browser("bob")
    assert ada.post("/acme/take", data={"who": "bob", "role": "owner"}).status_code == 403
    assert bob.post("/acme/take", data={"who": "ada", "role": "editor"}).json == {"taken": True}
    assert bob.post("/acme/take", data={"who": "bob", "role": "owner"}).json == {"taken": True}


@pytest.mark.attack("V11")
def test_in_a_request_nobody_gives_herself_anything_without_that_permission(house) -> None:
    house.roles.assign("ada", "editor", on=ACME)
    assert _give(house.browser("ada"), "ada", "writer").status_code == 403
    house.roles.assign("ada", "owner", on=ACME)
    assert _give(house.browser("ada"), "ada", "writer").json == {"given": True}


def test_a_request_of_nobody_gives_nothing_unless_the_application_says_in_whose_name(house) -> None:
    visitor = house.shop.browser()
    assert visitor.post("/give", data={"who": "bob", "role": "editor"}).status_code == 401
    assert visitor.post("/give", data={"who": "bob", "role": "editor", "by": "payments"}).json == {"given": True}
    (one,) = house.roles.assignments("bob")
    assert one.given_by == "payments"
    with pytest.raises(ValueError, match="one line"):
        house.roles.assign("bob", "writer", by="a\nb")


def test_who_lost_a_role_gives_it_no_more_whatever_her_session_remembers(house) -> None:
    house.roles.assign("ada", "owner", on=ACME)
    browser = house.browser("ada")
    assert _give(browser, "bob", "editor").status_code == 200
    house.roles.revoke("ada", "owner", on=ACME)
    assert _give(browser, "eve", "editor").status_code == 403


def test_what_a_group_holds_its_members_give(house) -> None:
    house.roles.groups.create(Group(ACME))
    house.roles.assign(Group(ACME), "owner", on=ACME)
    browser = house.browser("ada")
    assert _give(browser, "bob", "editor").status_code == 403
    house.roles.groups.add(Group(ACME), "ada")
    assert _give(browser, "bob", "editor").status_code == 200


def test_the_refusal_says_why_in_logs_and_not_to_the_caller(house) -> None:
    answer = _give(house.browser("ada"), "bob", "editor")
    assert answer.json["reason"] == "beyond_own_rights"
    assert "editor" not in answer.text
