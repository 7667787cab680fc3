"""The rules there are: ownership, roles, permissions, tenants, relations, conditions, proofs; each of one object."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from typing_extensions import override

from ostiary.features.policies.rule import Attribute, Rule, show
from ostiary.features.policies.situation import Nowhere, Situation
from ostiary.features.policies.three_valued import Op, Truth, compare, spelling, spells
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.decision import Reason
from ostiary.kernel.errors import misconfigured
from ostiary.kernel.permission import any_covers
from ostiary.kernel.principal import On, Principal
from ostiary.kernel.requirement import Names, Requirement, Rights, check_requirement

NOT_FOLLOWED: Final = frozenset({"write_only", "noload", "raise_on_sql"})
"""The ways of SQLAlchemy not to load what a relationship leads to."""


@dataclass(frozen=True, slots=True)
class Owner(Rule):
    """The attribute holds the caller's subject."""

    attribute: Attribute

    @override
    def attributes(self) -> Iterator[Attribute]:
        yield self.attribute

    @override
    def look(self, situation: Situation) -> tuple[Truth, str]:
        subject = situation.principal.subject if situation.principal else None
        if subject is None:
            return False, "nobody is signed in"
        value = situation.attribute(self.attribute)
        return spells(value, subject), f"{self.attribute} is {show(value)}, and the caller is {show(subject)}"

    def __str__(self) -> str:
        return f"owner({self.attribute})"


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a right must be held: a kind of place, and its name or the attribute that holds its name."""

    kind: str
    name: "Attribute | str"

    def place(self, situation: Situation) -> On | None:
        """The place; None where the attribute is None."""
        if not isinstance(self.name, Attribute):
            return (self.kind, self.name)
        value = situation.attribute(self.name)
        return None if value is None else (self.kind, spelling(value))

    def attributes(self) -> Iterator[Attribute]:
        """The attribute it reads, if it reads one."""
        if isinstance(self.name, Attribute):
            yield self.name

    def __str__(self) -> str:
        return f"({self.kind}, {self.name})"


class Right(Rule):
    """A rule about a right of the caller's: a role or a permission, at a spot or everywhere.

    What the person holds and only her credential lacks, by its scope or by the place it is bound to, is unknown and not
    false: so ``not_`` of it is not true either, and a credential narrows whatever the rule is.
    """

    __slots__ = ()

    spot: Spot | None

    @override
    def attributes(self) -> Iterator[Attribute]:
        if self.spot is not None:
            yield from self.spot.attributes()

    @override
    def look(self, situation: Situation) -> tuple[Truth, str]:
        rights, principal = situation.rights, situation.holder
        if rights is None or not principal:
            return False, "nobody is signed in" if rights is not None else "nothing here grants it"
        if self.spot is not None and self.spot.place(situation) is None:
            everywhere = self.given_to(principal) and self.held_everywhere(rights, principal, self.spot.kind)
            return everywhere or None, f"{self.spot.name} is None: {self.right} held everywhere would be enough"
        place = None if self.spot is None else self.spot.place(situation)
        if self.given_to(principal) and self.held(rights, principal, place):
            return True, f"the caller holds {self.right}{_where(place)}"
        if self.held(rights, replace(principal, tenant=None), place):
            return None, f"the person holds {self.right}{_where(place)}, and the credential was not given it there"
        return False, f"the caller does not hold {self.right}{_where(place)}"

    @property
    def right(self) -> str:
        """What it is about."""
        raise TypeError(self)

    def given_to(self, principal: Principal) -> bool:  # noqa: ARG002 - a scope says nothing about roles
        """Whether the credential was given it."""
        return True

    def held(self, rights: Rights, principal: Principal, place: On | None) -> bool:
        """Whether it is held at the place."""
        raise TypeError(self, rights, principal, place)

    def places(self, rights: Rights, principal: Principal, kind: str) -> list[frozenset[str] | None]:
        """Where each part of it is held; None is everywhere."""
        raise TypeError(self, rights, principal, kind)

    def held_everywhere(self, rights: Rights, principal: Principal, kind: str) -> bool:
        """Whether it is held wherever that is."""
        return all(found is None for found in self.places(rights, principal, kind))


@dataclass(frozen=True, slots=True)
class Holds(Right):
    """The caller holds the role there, or everywhere."""

    role: Names
    spot: Spot | None = None

    @property
    @override
    def right(self) -> str:
        return str(self.role)

    @override
    def held(self, rights: Rights, principal: Principal, place: On | None) -> bool:
        return self.role.met_by(rights.roles(principal, place))

    @override
    def places(self, rights: Rights, principal: Principal, kind: str) -> list[frozenset[str] | None]:
        return [rights.places(principal, kind, role=name) for name in self.role.names]

    @override
    def held_everywhere(self, rights: Rights, principal: Principal, kind: str) -> bool:
        found = self.places(rights, principal, kind)
        return self.role.met_by({name for name, held in zip(self.role.names, found, strict=True) if held is None})

    def __str__(self) -> str:
        return f"holds({self.role}{'' if self.spot is None else f', on={self.spot}'})"


@dataclass(frozen=True, slots=True)
class Permitted(Right):
    """The caller holds the permission there, or everywhere, and her credential was given it."""

    permission: str
    spot: Spot | None = None

    @property
    @override
    def right(self) -> str:
        return self.permission

    @override
    def given_to(self, principal: Principal) -> bool:
        return principal.scope is None or any_covers(principal.scope, self.permission)

    @override
    def held(self, rights: Rights, principal: Principal, place: On | None) -> bool:
        return any_covers(rights.permissions(principal, place), self.permission)

    @override
    def places(self, rights: Rights, principal: Principal, kind: str) -> list[frozenset[str] | None]:
        return [rights.places(principal, kind, permission=self.permission)]

    def __str__(self) -> str:
        return f"permitted({self.permission}{'' if self.spot is None else f', on={self.spot}'})"


@dataclass(frozen=True, slots=True)
class Tenant(Rule):
    """The caller's session or token is bound to the place that the attribute names (ASVS 5.0 V8.4.1).

    ``unbound``  one that is bound to no place at all is good, too; never one that is bound to another. What she would meet
                 if hers were not bound is unknown and not false, as in ``Right``: so ``not_`` of it opens nothing to it
    """

    attribute: Attribute
    kind: str
    unbound: bool = False

    @override
    def attributes(self) -> Iterator[Attribute]:
        yield self.attribute

    @override
    def look(self, situation: Situation) -> tuple[Truth, str]:
        # Bound to no place is what the person is; bound to one only a credential is.
        bound = (situation.holder if self.unbound else situation.principal).tenant
        if self.unbound and bound is None:
            return True, "the credential is bound to no place"
        if not situation.principal or bound is None or bound[0] != self.kind:
            return (None if self.unbound else False), f"the credential is bound to no {self.kind}"
        value = situation.attribute(self.attribute)
        met = spells(value, bound[1])
        text = f"{self.attribute} is {show(value)}, and the credential is bound to {bound[1]}"
        return ((met or None) if self.unbound else met), text

    def __str__(self) -> str:
        return f"tenant({self.attribute}, {self.kind}{', unbound' if self.unbound else ''})"


@dataclass(frozen=True, slots=True)
class Related(Rule):
    """One of the related resources (a list of shares, a project, a folder) meets the rule.

    Where one of them would meet it by what the person holds and only her credential lacks, it is unknown: so ``not_`` of it
    opens nothing, as ``Right`` says of what is not related.
    """

    relationship: Attribute
    rule: Rule

    @override
    def attributes(self) -> Iterator[Attribute]:
        yield self.relationship

    @override
    def judge(self, situation: Situation, *, full: bool = False) -> Reason:
        try:
            found = situation.attribute(self.relationship)
        except Nowhere:
            return Rule.judge(self, situation)
        grounds: list[Reason] = []
        for one in _each(situation.resource, self.relationship.name, found):
            grounds.append(self.rule.judge(situation.about(one), full=full))
            if grounds[-1].met is True and not full:
                break
        # As EXISTS: there is one, or there is none; what is unknown is none.
        met = any(one.met is True for one in grounds) or (None if self._met_by_person(situation, found) else False)
        return Reason("related", f"one of {self.relationship}", children=tuple(grounds), met=met)

    def _met_by_person(self, situation: Situation, found: Any) -> bool:
        """Whether one of them would meet the rule, if the credential had been given all that the person holds."""
        if not situation.narrowed or not asks_credential(self.rule):
            return False
        hers = situation.of_person()
        each = _each(situation.resource, self.relationship.name, found)
        return any(self.rule.judge(hers.about(one)).met is True for one in each)

    @override
    def look(self, situation: Situation) -> tuple[Truth, str]:
        del situation
        raise Nowhere

    def __str__(self) -> str:
        return f"related({self.relationship}, {self.rule})"


@dataclass(frozen=True, slots=True)
class Compare(Rule):
    """An attribute compared with a value, or with another attribute; three-valued, as in SQL."""

    attribute: Attribute
    op: Op
    value: Any

    @override
    def attributes(self) -> Iterator[Attribute]:
        yield self.attribute
        if isinstance(self.value, Attribute):
            yield self.value

    @override
    def look(self, situation: Situation) -> tuple[Truth, str]:
        have = situation.attribute(self.attribute)
        want = situation.attribute(self.value) if isinstance(self.value, Attribute) else self.value
        return compare(have, self.op, want), f"{self.attribute} is {show(have)}; wanted: {self.op} {show(want)}"

    @property
    @override
    def code(self) -> str:
        return "where"

    def __str__(self) -> str:
        return f"{self.attribute} {self.op} {show(self.value)}"


@dataclass(frozen=True, slots=True)
class Where(Rule):
    """A condition in SQL, and the same of an object as a function of the application's."""

    expression: Any
    test: Callable[[Any], object]

    @override
    def look(self, situation: Situation) -> tuple[Truth, str]:
        if situation.resource is None:
            raise Nowhere
        found = self.test(situation.resource)
        if found is not None and not isinstance(found, bool):
            message = f"where(…, test=) answered a {type(found).__name__}, and not True, False or None"
            raise TypeError(message)
        return found, "the application's own condition"

    def __str__(self) -> str:
        return "where(…)"


@dataclass(frozen=True, slots=True)
class Proven(Rule):
    """The caller has proven who she is well enough, recently enough, by such a credential."""

    requirement: Requirement

    @override
    def look(self, situation: Situation) -> tuple[Truth, str]:
        # What the credential may be used for is asked of the policy as a whole.
        principal = replace(situation.principal, scope=None, tenant=None)
        decision = check_requirement(self.requirement, principal, now=situation.context.at)
        if decision.allowed:
            return True, "she has proven enough"
        met: Truth = False
        if situation.shown:
            # Whoever proves one thing may prove another with it: what is not shown is not known to be missing.
            wanted = decision.would_pass_if
            met = True if wanted and set(wanted) <= set(situation.shown) else None
        return met, decision.because[0].text

    def __str__(self) -> str:
        return f"proven({', '.join(self.requirement.proof_words())})"


def asks_credential(rule: Rule) -> bool:
    """Whether a rule, or one about what is related, may be met by the person and not by her credential."""
    match rule:
        case Related():
            return asks_credential(rule.rule)
        case Right() | Tenant(unbound=True):
            return True
        case _:
            return any(map(asks_credential, rule.parts()))


def _where(place: On | None) -> str:
    return "" if place is None else f" on {place[0]}:{place[1]}"


def _each(resource: object, name: str, found: Any) -> Iterator[Any]:
    """What a relationship leads to: nothing, one, or each of a collection."""
    mapper: Any = getattr(type(resource), "__mapper__", None)
    # A single related object may be iterable, or have a method `add`, for reasons of its own: the mapping knows.
    relationship = None if mapper is None else mapper.relationships.get(name)
    if relationship is not None and relationship.lazy in NOT_FOLLOWED:
        # Of a declared rule told at the start; a rule that a function answers comes here. `noload` looks as if it led nowhere.
        what = f"a rule follows {type(resource).__name__}.{name}, whose lazy={relationship.lazy!r} loads nothing"
        raise misconfigured("no_relationship", what, "follow a relationship that may be loaded")
    if found is None:
        return
    many = isinstance(found, list | tuple | set | frozenset | dict) if relationship is None else relationship.uselist
    if not many:
        yield found
    elif isinstance(found, Mapping):
        # Not by its `values`: the query that `lazy="dynamic"` answers has a method of that name, which finds nothing.
        yield from found.values()
    else:
        yield from found
