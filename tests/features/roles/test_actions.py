"""Roles given and taken: by whom, where, until when; each change is one row, one event, and a new version of her rights."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from flask import request
from tests.shop import NOON

from ostiary.events import RoleAssigned, RoleRevoked
from ostiary.features.roles import Group, NoSuchGroup
from ostiary.kernel.clock import DAY
from ostiary.kernel.errors import ValidationFailed
from ostiary.storage.subjects import read_epoch

ACME, OTHER = ("org", "acme"), ("org", "other")


def _refused(act, *args, **kwargs):
    with pytest.raises(ValidationFailed) as refused:
        act(*args, **kwargs)
    return [(error.field, error.code) for error in refused.value.errors]


def test_a_role_is_held_once_it_is_given_and_not_once_it_is_taken(house) -> None:
    assert house.roles.of("ada") == {"reader"}
    assert house.roles.assign("ada", "editor", on=ACME)
    assert house.roles.of("ada", ACME) == {"reader", "writer", "editor"}
    assert house.roles.of("ada", OTHER) == house.roles.of("ada") == {"reader"}
    assert house.roles.permissions_of("ada", ACME) == {"article:read", "article:write", "article:*"}
    assert house.roles.revoke("ada", "editor", on=ACME)
    assert house.roles.of("ada", ACME) == {"reader"}


def test_a_role_is_taken_where_it_was_given_and_nowhere_else(house) -> None:
    house.roles.assign("ada", "editor")
    assert not house.roles.revoke("ada", "editor", on=ACME)
    assert not house.roles.revoke("bob", "editor")
    assert "editor" in house.roles.of("ada", ACME)


def test_giving_twice_changes_nothing_the_second_time(house) -> None:
    house.shop.events.clear()
    assert [house.roles.assign("ada", "editor") for _ in range(3)] == [True, False, False]
    assert house.roles.held("ada").version == 1
    assert [type(event) for event in house.shop.events] == [RoleAssigned]


def test_giving_again_changes_when_it_ends(house) -> None:
    house.roles.assign("ada", "editor", until="30d")
    assert house.roles.assign("ada", "editor", until="60d")
    (one,) = house.roles.assignments("ada")
    assert one.until == NOON + 60 * DAY
    assert house.roles.assign("ada", "editor")
    (one,) = house.roles.assignments("ada")
    assert one.until is None


def test_an_end_is_an_instant_or_a_time_from_now_and_lies_ahead(house) -> None:
    noon = datetime.fromtimestamp(NOON / 1000, UTC)
    house.roles.assign("ada", "editor", until=noon + timedelta(hours=1))
    house.roles.assign("ada", "writer", until=timedelta(hours=1))
    assert {one.until for one in house.roles.assignments("ada")} == {NOON + 3_600_000}
    assert _refused(house.roles.assign, "ada", "boss", until=noon) == [("until", "past")]
    assert _refused(house.roles.assign, "ada", "boss", until=noon.replace(tzinfo=None)) == [("until", "naive")]
    assert _refused(house.roles.assign, "ada", "boss", until="soon") == [("until", "unusable")]


def test_what_has_ended_is_held_and_listed_no_more(house) -> None:
    house.roles.assign("ada", "editor", on=ACME, until="1h")
    house.clock.pass_(3_600_000)
    assert house.roles.of("ada", ACME) == {"reader"}
    assert house.roles.assignments("ada") == house.roles.members("editor", ACME) == []


def test_a_role_that_nobody_defines_is_not_given_and_the_answer_says_what_was_meant(house) -> None:
    with pytest.raises(ValidationFailed, match="unknown_role") as refused:
        house.roles.assign("ada", "editr")
    assert refused.value.errors[0].message == "There is no role 'editr'. Did you mean 'editor'?"
    house.roles.define("auditor", ["audit:read"])
    with pytest.raises(ValidationFailed) as refused:
        house.roles.assign("ada", "auditr")
    assert refused.value.errors[0].message == "There is no role 'auditr'. Did you mean 'auditor'?"
    for role in (None, 5, ["editor"], "Editor"):
        assert _refused(house.roles.assign, "ada", role) == [("role", "unknown_role")]


@pytest.mark.attack("V4")
@pytest.mark.parametrize("name", ["root\0", "root ", "Root", "ROOT", "ｒoot", "rооt", "root\n", "role:root", "*", ""])
def test_a_name_that_only_looks_like_a_role_is_neither_given_nor_asked_for(house_here, name) -> None:
    house = house_here
    house.roles.assign("ada", "root")
    assert _refused(house.roles.assign, "bob", name) == [("role", "unknown_role")]
    assert house.roles.of("bob") == {"reader"}
    browser = house.browser("ada")
    assert browser.get("/role/root").status_code == 200
    assert browser.get(f"/role/{quote(name)}").status_code in (403, 404)


@pytest.mark.parametrize(
    "on", ["acme", ("org",), ("", "acme"), ("org", ""), ("a:b", "c"), ("org", "a\nb"), ("org", "a" * 300)]
)
def test_a_place_is_a_kind_and_a_name(house_here, on) -> None:
    assert _refused(house_here.roles.assign, "ada", "editor", on=on) == [("on", "unusable")]
    assert _refused(house_here.roles.of, "ada", on) == [("on", "unusable")]


def test_places_with_colons_in_their_names_stay_apart(house) -> None:
    house.roles.assign("ada", "editor", on=("org", "acme:west"))
    assert "editor" in house.roles.of("ada", ("org", "acme:west"))
    assert "editor" not in house.roles.of("ada", ("org", "acme"))


def test_a_number_is_nobody_and_the_error_says_what_to_write(house_here) -> None:
    with pytest.raises(TypeError, match=r"write str\(…\)"):
        house_here.roles.assign(5, "editor")


@pytest.mark.asvs("V16.2.1")
def test_each_change_is_told_and_written_down_with_who_made_it(house) -> None:
    house.shop.events.clear()
    house.roles.assign("ada", "editor", on=ACME, until="1h", by="billing")
    house.roles.revoke("ada", "editor", on=ACME)
    given, taken = house.shop.events
    assert given == RoleAssigned(
        at=NOON, subject="ada", role="editor", on="org:acme", until=NOON + 3_600_000, group=None, by="billing"
    )
    assert taken == RoleRevoked(at=NOON, subject="ada", role="editor", on="org:acme")
    assert house.shop.audit("ada")[-2:] == [
        ("role_assigned", "ada", {"role": "editor", "on": "org:acme", "until": NOON + 3_600_000, "by": "billing"}),
        ("role_revoked", "ada", {"role": "editor", "on": "org:acme"}),
    ]


def test_a_listener_that_refuses_takes_the_role_back(house) -> None:
    @house.shop.auth.during(RoleAssigned)
    def refuse(event, tx):
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        house.roles.assign("ada", "editor")
    assert house.roles.of("ada") == {"reader"}
    assert house.roles.held("ada").version == 0


def test_a_change_of_roles_signs_nobody_out(house) -> None:
    browser = house.browser("ada")
    house.roles.assign("ada", "editor")
    assert browser.get("/role/editor").status_code == 200
    with house.database.read() as connection:
        assert read_epoch(connection, "ada") == 0


def test_who_holds_a_role_is_told_however_she_came_to_it(house) -> None:
    house.roles.assign("ada", "editor")
    house.roles.assign("bob", "owner", on=ACME)
    house.roles.assign("eve", "writer", on=OTHER)
    house.roles.groups.create(Group("sales"))
    house.roles.groups.add(Group("sales"), "kim")
    house.roles.assign(Group("sales"), "writer")
    assert house.roles.members("writer") == ["ada", "kim"]
    assert house.roles.members("writer", ACME) == ["ada", "bob", "kim"]
    assert house.roles.members("writer", OTHER) == ["ada", "eve", "kim"]
    assert house.roles.members("editor", ACME) == ["ada", "bob"]
    assert house.roles.members("writer", ACME, limit=2) == ["ada", "bob"]
    assert house.roles.members("writer", ACME, after="bob", limit=2) == ["kim"]


def test_assignments_are_found_by_whatever_is_said(house) -> None:
    house.roles.assign("ada", "editor", on=ACME)
    house.roles.assign("ada", "writer")
    house.roles.assign("bob", "editor", on=OTHER)
    found = {(one.subject, one.role, one.on) for one in house.roles.assignments(role="editor")}
    assert found == {("ada", "editor", ACME), ("bob", "editor", OTHER)}
    assert [one.role for one in house.roles.assignments("ada")] == ["editor", "writer"]
    assert [one.subject for one in house.roles.assignments(on=OTHER)] == ["bob"]
    assert house.roles.assignments("ada", role="editor", on=OTHER) == []


def test_what_a_group_holds_can_be_asked_and_a_group_that_is_not_there_holds_nothing(house) -> None:
    house.roles.groups.create(Group("sales"))
    house.roles.assign(Group("sales"), "editor", on=ACME)
    assert house.roles.of(Group("sales"), ACME) == {"editor", "writer"}
    assert house.roles.of(Group("sales")) == frozenset()
    with pytest.raises(NoSuchGroup):
        house.roles.assign(Group("nobody"), "editor")
    with pytest.raises(NoSuchGroup):
        house.roles.revoke(Group("nobody"), "editor")


def test_ended_assignments_are_pruned(house) -> None:
    from ostiary import Roles
    from ostiary.features.roles.store import role_assignments
    from ostiary.storage.prune import prune

    house.roles.assign("ada", "editor", until="1h")
    house.roles.assign("bob", "editor")
    (expiring,) = Roles({}).expiring()
    assert expiring.table is role_assignments
    assert prune(house.database, NOON + 3_600_000, tables=[expiring]) == {"ostiary_role_assignments": 1}
    assert [one.subject for one in house.roles.assignments()] == ["bob"]


# --- what a view of the application was sent ----------------------------------------------------------------

UNUSABLE = ["", "x" * 300, "a\nb", "a\0b", "\ud800"]


@pytest.mark.attack("V10")
@pytest.mark.parametrize("text", UNUSABLE)
def test_what_names_no_organisation_is_what_somebody_entered_and_no_error_of_the_server(house_here, text) -> None:
    app, auth = house_here.shop.app, house_here.shop.auth

    @app.post("/organisations")
    @auth.require
    def found():
        return {"made": auth.roles.groups.create(Group(("org", request.get_json()["name"])), by="sign-up")}

    answer = house_here.browser("ada").post("/organisations", json={"name": text})
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "group")


@pytest.mark.attack("V10")
@pytest.mark.parametrize("text", [text for text in UNUSABLE if text != "a\nb"])
def test_what_names_no_subject_is_what_somebody_entered_and_no_error_of_the_server(house, text) -> None:
    roles, groups = house.roles, house.roles.groups
    groups.create(Group("sales"))
    acts = (
        lambda: roles.assign(text, "editor"),
        lambda: roles.revoke(text, "editor"),
        lambda: groups.add(Group("sales"), text),
        lambda: groups.remove(Group("sales"), text),
        lambda: groups.of(text),
        lambda: roles.of(text),
        lambda: roles.organisations(text),
    )
    for act in acts:
        with pytest.raises(ValidationFailed) as refused:
            act()
        assert [one.field for one in refused.value.errors] == ["subject"]
    browser = house.browser("ada")
    if text.isprintable():
        house.roles.assign("ada", "owner", on=ACME)
        for act in ("give", "take"):
            assert browser.post(f"/acme/{act}", data={"who": text, "role": "editor"}).status_code == 422


def test_what_names_no_role_was_given_to_nobody(house) -> None:
    for role in ("", "x" * 300, "a\0b", "\ud800"):
        assert not house.roles.revoke("bob", role)


@pytest.mark.parametrize("role", ["", "\0", "editor\0", "\ud800", "Editor", "x" * 300])
def test_what_names_no_role_is_held_by_nobody(house, role) -> None:
    house.roles.assign("ada", "editor")
    assert (house.roles.members(role), house.roles.assignments(role=role)) == ([], [])
