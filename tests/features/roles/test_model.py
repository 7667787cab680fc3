"""Everything that can happen to roles, at random, beside a model of a few dictionaries: they never disagree.

The model knows nothing of versions, locks and statements. What a guard says (from memory), what is asked anew, who holds a
role and where somebody belongs are compared after every few changes.
"""

import random

import pytest
from tests.features.roles.house import open_house
from tests.shop import NOON

from ostiary import Roles
from ostiary.features.roles import Group
from ostiary.features.roles.holder import PlaceInUse
from ostiary.kernel.clock import HOUR
from ostiary.kernel.principal import Principal

CODE = {"owner": ["editor", "member:*"], "editor": ["article:*"], "reader": ["article:read"]}
DEFAULT = ["reader"]
NAMED = ["seller", "auditor"]
PEOPLE = ["ada", "bob", "eve"]
PLACES = [None, ("org", "acme"), ("org", "other")]
GROUPS = [Group("sales"), Group(("org", "acme"))]
ENTRIES = ["order:read", "order:*", "audit:read", "editor", "reader", *NAMED]


class Model:
    """What should be so."""

    def __init__(self) -> None:
        self.now = NOON
        self.given: dict[tuple[object, str, object], int | None] = {}
        self.members: dict[Group, set[str]] = {}
        self.defined: dict[str, frozenset[str]] = {}

    def holdings(self, who: str) -> list[tuple[str, object]]:
        holders = {who, *(group for group, members in self.members.items() if who in members)}
        return [
            (role, on)
            for (holder, role, on), until in self.given.items()
            if holder in holders and (until is None or until > self.now)
        ]

    def expand(self, roles) -> tuple[frozenset[str], frozenset[str]]:
        found, permissions, waiting = set(), set(), list(roles)
        while waiting:
            role = waiting.pop()
            if role in found:
                continue
            found.add(role)
            for entry in CODE.get(role, self.defined.get(role, ())):
                (permissions.add if ":" in entry else waiting.append)(entry)
        return frozenset(found), frozenset(permissions)

    def at(self, who: str, on: object) -> tuple[frozenset[str], frozenset[str]]:
        return self.expand([*DEFAULT, *(role for role, place in self.holdings(who) if place in (None, on))])

    def members_of(self, role: str, on: object) -> list[str]:
        return [
            who
            for who in PEOPLE
            if any(place in (None, on) and role in self.expand([held])[0] for held, place in self.holdings(who))
        ]

    def organisations(self, who: str) -> tuple[object, ...]:
        belongs = {group.place for group, members in self.members.items() if who in members}
        places = {place for _, place in self.holdings(who)} | belongs
        return tuple(sorted(place for place in places if place is not None))

    def held_on(self, place: object) -> bool:
        """Whether anybody holds anything on exactly this place."""
        ends = (until for (_, _, on), until in self.given.items() if place is not None and on == place)
        return any(until is None or until > self.now for until in ends)

    @staticmethod
    def on(key: tuple[object, str, object], group: Group) -> bool:
        """Whether this was given on the place that an organisation is."""
        return group.place is not None and key[2] == group.place

    def inherits(self, role: str) -> frozenset[str]:
        return self.expand([role])[0]


def _step(chance: random.Random, model: Model, house) -> None:
    roles, who, group = house.roles, chance.choice(PEOPLE), chance.choice(GROUPS)
    role, on = chance.choice([*CODE, *NAMED]), chance.choice(PLACES)
    holder = chance.choice([who, group])
    defined = role in CODE or role in model.defined
    match chance.randrange(10):
        case 0 | 1 | 2:
            until = chance.choice([None, None, model.now + HOUR])
            if defined and (not isinstance(holder, Group) or holder in model.members):
                changed = roles.assign(holder, role, on=on, until=None if until is None else "1h")
                assert changed == (model.given.get((holder, role, on), "absent") != until)
                model.given[holder, role, on] = until
        case 3 | 4:
            if not isinstance(holder, Group) or holder in model.members:
                taken = roles.revoke(holder, role, on=on)
                assert taken == (model.given.pop((holder, role, on), "absent") != "absent")
        case 5:
            if group not in model.members and model.held_on(group.place):
                with pytest.raises(PlaceInUse):
                    roles.groups.create(group)
            else:
                assert roles.groups.create(group) == (group not in model.members)
                model.members.setdefault(group, set())
        case 6:
            if group in model.members:
                assert roles.groups.add(group, who) == (who not in model.members[group])
                model.members[group].add(who)
        case 7:
            if group in model.members:
                assert roles.groups.remove(group, who) == (who in model.members[group])
                model.members[group].discard(who)
        case 8:
            name, entries = chance.choice(NAMED), frozenset(chance.sample(ENTRIES, 2))
            inherited = {entry for entry in entries if ":" not in entry}
            known = all(one in CODE or one in model.defined for one in inherited)
            if known and not any(name in model.inherits(one) for one in inherited):
                roles.define(name, entries)
                model.defined[name] = entries
        case _:
            if chance.random() < 0.5 and group in model.members:
                roles.groups.delete(group)
                del model.members[group]
                model.given = {
                    key: until for key, until in model.given.items() if key[0] != group and not model.on(key, group)
                }
            else:
                model.now += HOUR // 3
                house.clock.at = model.now


def _compare(model: Model, house) -> None:
    for who in PEOPLE:
        version = house.roles.held(who).version
        principal = Principal(who, rights_version=version)
        for on in PLACES:
            expected = model.at(who, on)
            assert (house.rights.roles(principal, on), house.rights.permissions(principal, on)) == expected
            held = house.roles.held_at(who, on)
            assert (held.roles, held.permissions) == expected
        assert house.roles.organisations(who) == model.organisations(who)
        found = house.rights.places(principal, "org", role="editor")
        everywhere = "editor" in model.at(who, None)[0]
        assert (found is None) == everywhere
        if found is not None:
            assert found == {on[1] for on in PLACES if on is not None and "editor" in model.at(who, on)[0]}
    for role in ("editor", "seller"):
        for on in PLACES:
            assert house.roles.members(role, on) == model.members_of(role, on)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_guards_say_what_the_model_says(database_url, clock, seed) -> None:
    chance, model = random.Random(seed), Model()
    with open_house(database_url, clock=clock, roles=Roles(CODE, default=DEFAULT)) as house:
        for _ in range(25):
            for _ in range(4):
                _step(chance, model, house)
            _compare(model, house)
        assert len(model.given) > 2
