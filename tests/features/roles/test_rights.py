"""What guards ask: one statement the first time, none as long as nothing changes, and never what was before a change."""

from dataclasses import replace

import pytest
from tests.features.roles.house import open_house
from tests.shop import NOON

from ostiary.features.roles import Group
from ostiary.features.roles.rights import RoleRights
from ostiary.kernel.principal import ANONYMOUS, UNKNOWN_RIGHTS, Principal

ACME, OTHER = ("org", "acme"), ("org", "other")


class Counted:
    """The guard's reads, counted."""

    def __init__(self, reads) -> None:
        self.reads, self.asked = reads, 0
        self.compile = reads.compile

    def fetch_all(self, read, parameters):
        self.asked += 1
        return self.reads.fetch_all(read, parameters)


@pytest.fixture
def counted(house):
    from ostiary.storage.guard_reads import GuardReads

    reads = Counted(house.shop.runtime.resources[GuardReads])
    rights = RoleRights(house.roles._changes.definitions, reads, house.clock, capacity=2)
    return rights, reads


def test_rights_are_read_once_a_version(house, counted) -> None:
    rights, reads = counted
    ada = house.principal()
    for _ in range(3):
        assert rights.roles(ada, None) == {"reader"}
        assert rights.permissions(ada, ACME) == {"article:read"}
    assert reads.asked == 1
    house.roles.assign("ada", "editor", on=ACME)
    assert rights.roles(ada, ACME) == {"reader"}, "her credential was read before the change"
    ada = house.principal()
    assert rights.roles(ada, ACME) == {"reader", "writer", "editor"}
    assert rights.roles(ada, OTHER) == {"reader"}
    assert reads.asked == 2


def test_a_request_that_began_before_a_change_gets_what_is_newer(house, counted) -> None:
    rights, reads = counted
    house.roles.assign("ada", "editor")
    before = house.principal()
    house.roles.revoke("ada", "editor")
    assert rights.roles(house.principal(), None) == {"reader"}
    assert rights.roles(before, None) == {"reader"}
    assert reads.asked == 1


def test_a_principal_that_does_not_know_its_version_is_read_each_time(house, counted) -> None:
    rights, reads = counted
    ada = Principal("ada")
    assert ada.rights_version == UNKNOWN_RIGHTS
    assert rights.roles(ada, None) == {"reader"}
    house.roles.assign("ada", "writer")
    assert rights.roles(ada, None) == {"reader", "writer"}
    assert reads.asked == 2


def test_what_ends_is_not_remembered_beyond_its_end(house, counted) -> None:
    rights, reads = counted
    house.roles.assign("ada", "writer", until="5m")
    ada = house.principal()
    assert rights.roles(ada, None) == {"reader", "writer"}
    house.clock.at = NOON + 5 * 60_000 - 1
    assert rights.roles(ada, None) == {"reader", "writer"}
    assert reads.asked == 1
    house.clock.at += 1
    assert rights.roles(ada, None) == {"reader"}
    assert reads.asked == 2


def test_as_many_subjects_are_remembered_as_there_is_room_for(house, counted) -> None:
    rights, reads = counted
    for name in ("ada", "bob", "eve"):
        rights.roles(house.principal(name), None)
    assert reads.asked == 3
    rights.roles(house.principal("eve"), None)
    assert reads.asked == 3
    rights.roles(house.principal("ada"), None)
    assert reads.asked == 4


def test_nobody_holds_nothing_not_even_what_everybody_holds(house, counted) -> None:
    rights, reads = counted
    assert rights.roles(ANONYMOUS, None) == rights.permissions(ANONYMOUS, ACME) == frozenset()
    assert rights.places(ANONYMOUS, "org", role="reader") == frozenset()
    assert reads.asked == 0


def test_a_credential_that_is_bound_to_a_place_holds_there_and_nowhere_else(house) -> None:
    house.roles.assign("ada", "editor", on=ACME)
    house.roles.assign("ada", "editor", on=OTHER)
    house.roles.assign("ada", "root")
    bound = house.principal(tenant=ACME)
    assert house.rights.roles(bound, ACME) == {"reader", "writer", "editor", "root"}
    assert house.rights.roles(bound, OTHER) == house.rights.roles(bound, None) == frozenset()
    assert house.rights.places(bound, "org", role="editor") == {"acme"}
    assert house.rights.places(bound, "org", permission="article:read") == {"acme"}
    assert house.rights.places(bound, "team", role="root") == frozenset()
    assert house.rights.places(bound, "org", role="boss") == frozenset()
    assert house.rights.places(replace(bound, tenant=None), "org", role="editor") == {"acme", "other"}
    assert house.rights.places(replace(bound, tenant=None), "org", role="root") is None


def test_a_role_of_a_group_is_held_by_its_members_as_long_as_they_are_in_it(house) -> None:
    house.roles.groups.create(Group("sales"))
    house.roles.assign(Group("sales"), "editor", on=ACME)
    assert house.rights.roles(house.principal(), ACME) == {"reader"}
    house.roles.groups.add(Group("sales"), "ada")
    assert house.rights.roles(house.principal(), ACME) == {"reader", "writer", "editor"}
    house.roles.groups.remove(Group("sales"), "ada")
    assert house.rights.roles(house.principal(), ACME) == {"reader"}


@pytest.mark.asvs("V8.3.2")
def test_a_change_is_seen_at_the_next_request_in_every_process(database_url, clock) -> None:
    with open_house(database_url, clock=clock) as here, open_house(database_url, clock=clock) as there:
        browser = there.browser("ada")
        assert browser.get("/role/editor").status_code == 403
        here.roles.assign("ada", "editor")
        assert browser.get("/role/editor").status_code == 200
        here.roles.revoke("ada", "editor")
        assert browser.get("/role/editor").status_code == 403
        here.roles.groups.create(Group("sales"))
        here.roles.groups.add(Group("sales"), "ada")
        here.roles.define("seller", ["order:*"])
        here.roles.assign(Group("sales"), "seller")
        assert browser.get("/role/editor").status_code == 403
        here.roles.define("seller", ["editor"])
        assert browser.get("/role/editor").status_code == 200
        here.roles.define("seller", [])
        assert browser.get("/role/editor").status_code == 403
