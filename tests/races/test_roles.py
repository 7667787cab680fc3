"""Roles from many threads and two servers at once: nobody keeps what was taken, gives what she is losing, or makes a circle."""

import random
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillWaiting
from contextlib import suppress
from threading import Barrier, Event

import pytest
from tests.features.roles.house import open_house

from ostiary import Accounts
from ostiary.events import RoleRevoked
from ostiary.features.accounts import AccountActions
from ostiary.features.roles import BeyondOwnRights, Group, NoSuchGroup
from ostiary.features.roles.define import RoleInUse
from ostiary.features.roles.holder import PlaceInUse
from ostiary.features.roles.store import raise_rights_of_holders
from ostiary.kernel.errors import ValidationFailed
from ostiary.kernel.principal import Principal

ACME = ("org", "acme")
PEOPLE = ["ada", "bob", "eve", "kim"]
GROUPS = [Group("sales"), Group(ACME)]


@pytest.fixture
def house(database_url, clock):
    with open_house(database_url, clock=clock, pool_size=16) as made:
        yield made


@pytest.fixture
def clock():
    from tests.shop import FrozenClock

    return FrozenClock()


@pytest.mark.asvs("V8.3.2")
@pytest.mark.asvs("V15.4.2")
def test_whatever_happens_at_once_no_server_remembers_what_is_no_longer_so(database_url, clock) -> None:
    """Every change raises the rights of everybody it concerns, or somebody would go on with what was remembered."""
    with (
        open_house(database_url, clock=clock, pool_size=16) as here,
        open_house(database_url, clock=clock, pool_size=16) as there,
    ):
        here.roles.define("seller", ["order:read"])
        for group in GROUPS:
            here.roles.groups.create(group)

        def change(seed):
            chance = random.Random(seed)
            roles = chance.choice([here, there]).roles
            for _ in range(12):
                who, group, role = chance.choice(PEOPLE), chance.choice(GROUPS), chance.choice(["seller", "editor"])
                on = chance.choice([None, ACME])
                verb = chance.choice(
                    [
                        lambda: roles.assign(who, role, on=on),
                        lambda: roles.revoke(who, role, on=on),
                        lambda: roles.assign(group, role, on=on),
                        lambda: roles.revoke(group, role, on=on),
                        lambda: roles.groups.add(group, who),
                        lambda: roles.groups.remove(group, who),
                        lambda: roles.define("seller", chance.sample(["order:read", "order:*", "writer"], 2)),
                    ]
                )
                verb()
                for house in (here, there):
                    _ask(house, chance.choice(PEOPLE))

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(change, range(6)))
        for house in (here, there):
            for person in PEOPLE:
                assert _ask(house, person) == _read(house, person)


def _ask(house, person):
    """What a server says of somebody whose session has just been read."""
    principal = Principal(person, rights_version=_version(house, person))
    return [house.rights._at(principal, on) for on in (None, ACME)]


def _read(house, person):
    return [house.roles.held_at(person, on) for on in (None, ACME)]


def _version(house, person):
    from sqlalchemy import select

    from ostiary.storage.subjects import subjects

    with house.database.read() as connection:
        return (
            connection.execute(select(subjects.c.rights).where(subjects.c.subject == person)).scalar_one_or_none() or 0
        )


def test_who_is_being_demoted_gives_nothing_meanwhile(house) -> None:
    """Her rights are locked by whoever changes them: the change she makes comes before that one, or is refused."""
    house.roles.assign("ada", "owner", on=ACME)
    ada, revoking, go = house.browser("ada"), Event(), Event()

    @house.shop.auth.during(RoleRevoked)
    def pause(event, tx):
        revoking.set()
        assert go.wait(10)

    with ThreadPoolExecutor(2) as pool:
        demotion = pool.submit(house.roles.revoke, "ada", "owner", on=ACME)
        assert revoking.wait(10)
        gift = pool.submit(ada.post, "/acme/give", data={"who": "bob", "role": "editor"})
        try:
            with pytest.raises(StillWaiting):
                gift.result(0.5)
        finally:
            go.set()
        assert demotion.result(10)
        answer = gift.result(10)
    assert (answer.status_code, answer.json["code"]) == (403, BeyondOwnRights.code)
    assert house.roles.assignments("bob") == []


@pytest.mark.attack("V5")
def test_of_two_roles_that_would_inherit_each_other_at_once_one_is_refused(house) -> None:
    house.roles.define("a", [])
    house.roles.define("b", [])
    gate = Barrier(2)

    def define(role, inherited):
        gate.wait(10)
        try:
            house.roles.define(role, [inherited])
        except ValidationFailed as refused:
            return refused.errors[0].code
        return "defined"

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(define, ["a", "b"], ["b", "a"]))
    assert sorted(found) == ["defined", "role_cycle"]


def test_the_same_change_by_many_at_once_is_one_change(house) -> None:
    house.shop.events.clear()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: house.roles.assign("ada", "editor", on=ACME), range(8)))
    assert sorted(found) == [False] * 7 + [True]
    assert [event.name() for event in house.shop.events] == ["role_assigned"]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: house.roles.revoke("ada", "editor", on=ACME), range(8)))
    assert sorted(found) == [False] * 7 + [True]
    assert house.roles.held("ada").version == 2


def test_a_role_is_removed_or_given_and_never_both(house) -> None:
    for _ in range(5):
        house.roles.define("auditor", ["audit:read"])
        gate = Barrier(2)

        def give():
            gate.wait(10)
            try:
                return house.roles.assign("ada", "auditor")
            except ValidationFailed:
                return False

        def remove():
            gate.wait(10)
            try:
                return house.roles.undefine("auditor")
            except RoleInUse:
                return False

        with ThreadPoolExecutor(2) as pool:
            given, removed = pool.submit(give), pool.submit(remove)
            assert given.result(10) != removed.result(10)
        assert house.roles.drift() == ()
        house.roles.revoke("ada", "auditor")
        house.roles.undefine("auditor")


def test_who_is_added_to_a_group_that_is_being_removed_is_in_none(house) -> None:
    for _ in range(5):
        house.roles.groups.create(Group("sales"))
        house.roles.assign(Group("sales"), "editor")
        gate = Barrier(2)

        def add():
            gate.wait(10)
            try:
                house.roles.groups.add(Group("sales"), "ada")
            except NoSuchGroup:
                return False
            return True

        def delete():
            gate.wait(10)
            house.roles.groups.delete(Group("sales"))

        with ThreadPoolExecutor(2) as pool:
            pool.submit(add), pool.submit(delete).result(10)  # noqa: B018 - both are begun
        assert house.roles.of("ada") == {"reader"}
        assert house.roles.groups.of("ada") == []
        assert _ask(house, "ada") == _read(house, "ada")


def test_a_role_for_a_group_and_a_member_who_adds_members_wait_for_each_other_and_never_both(house) -> None:
    """The group is locked before any subject, and all subjects in one order."""
    sales = Group("sales")
    house.roles.groups.create(sales)
    for who in ("kim", "bob"):
        house.roles.assign(who, "root")
    house.roles.groups.add(sales, "bob")
    kim, bob = house.browser("kim"), house.browser("bob")
    gate = Barrier(2)

    def give():
        gate.wait(10)
        for _ in range(15):
            assert kim.post("/auth/role-assignments", json={"group": "sales", "role": "editor"}).status_code == 201
            assert kim.delete("/auth/role-assignments?group=sales&role=editor").status_code == 204

    def add():
        gate.wait(10)
        for _ in range(15):
            assert bob.post("/auth/groups/sales/members", json={"subject": "eve"}).status_code == 201
            assert bob.delete("/auth/groups/sales/members/eve").status_code == 204

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(give), pool.submit(add)]:
            done.result(60)
    assert _ask(house, "bob") == _read(house, "bob")


def test_who_is_given_something_on_an_organisation_that_is_being_removed_holds_nothing_at_the_next(house) -> None:
    for _ in range(5):
        house.roles.groups.create(Group(ACME))
        gate = Barrier(2)

        def give():
            gate.wait(10)
            house.roles.assign("ada", "owner", on=ACME)

        def delete():
            gate.wait(10)
            house.roles.groups.delete(Group(ACME))

        with ThreadPoolExecutor(2) as pool:
            given, removed = pool.submit(give), pool.submit(delete)
            given.result(10), removed.result(10)  # noqa: B018 - both have ended
        if house.roles.assignments("ada"):
            with pytest.raises(PlaceInUse):
                house.roles.groups.create(Group(ACME))
            house.roles.revoke("ada", "owner", on=ACME)
        assert _ask(house, "ada") == _read(house, "ada")


def test_an_administrator_and_a_job_that_change_the_same_wait_for_each_other_and_never_both(house) -> None:
    """Whoever makes a change, the rights of whom it concerns are locked before what she holds."""
    house.roles.assign("kim", "root")
    house.roles.assign("bob", "editor")
    kim = house.browser("kim")
    gate = Barrier(2)

    def by_job():
        gate.wait(10)
        for number in range(30):
            house.roles.assign("bob", "editor", until=f"{number + 1}h")

    def by_administrator():
        gate.wait(10)
        for number in range(30):
            body = {"subject": "bob", "role": "editor", "until": f"{number + 1}d"}
            assert kim.post("/auth/role-assignments", json=body).status_code in (200, 201)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(by_job), pool.submit(by_administrator)]:
            done.result(60)
    assert _ask(house, "bob") == _read(house, "bob")


def test_an_account_is_closed_while_its_role_is_redefined_and_neither_waits_for_both(database_url, clock) -> None:
    with open_house(database_url, clock=clock, pool_size=16, further=(Accounts(),)) as house:
        accounts = house.shop.runtime.action("accounts", AccountActions)
        ada = accounts.create(email="ada@example.com")
        house.roles.define("seller", ["order:read"])
        house.roles.assign(ada, "seller")
        begun, go = Event(), Event()

        def redefine():
            with house.roles._changes.begin("job", exclusive=True) as change:
                begun.set()
                assert go.wait(10)
                raise_rights_of_holders(change.tx, ["seller"], now=change.now)

        with ThreadPoolExecutor(2) as pool:
            redefined = pool.submit(redefine)
            assert begun.wait(10)
            closed = pool.submit(accounts.close, ada)
            with suppress(StillWaiting):
                closed.result(0.5)
            go.set()
            redefined.result(10)
            closed.result(10)
        assert house.roles.of(ada.id) == {"reader"}
