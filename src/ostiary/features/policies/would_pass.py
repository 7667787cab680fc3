"""What would have to change for a rule to be met: found by search, tried before it is said.

Every answer is a set of changes that belong together. The search is bounded, and an answer that would not do (one change
undoes what another needs) is dropped, because it is tried on the rule before anybody hears of it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice, product
from types import MappingProxyType
from typing import Final, TypeAlias

from ostiary.features.policies.rule import AllOf, AnyOf, Attribute, Not, Rule
from ostiary.features.policies.rules import Compare, Holds, Owner, Permitted, Proven, Right, Spot, Tenant
from ostiary.features.policies.situation import Situation
from ostiary.kernel.decision import KINDS, PROOFS, Change
from ostiary.kernel.principal import On, Principal
from ostiary.kernel.requirement import Place, Rights, missing_proofs

Way: TypeAlias = tuple[Change, ...]
"""Changes that are enough together."""

# Of each rule the cheapest few are kept: enough for any rule a person writes, and a bound for those a program writes.
_KEPT: Final = 12
_TRIED: Final = 144


def find_way(rules: Iterable[Rule], situation: Situation, given: Way = ()) -> Way | None:
    """The cheapest changes by which every rule is met, ``given`` among them; None where none was found."""
    rules = tuple(rules)
    for way in _all([[given], *(_ways(rule, situation, want=True) for rule in rules)]):
        changed = after(situation, way)
        if all(rule.judge(changed).met is True for rule in rules):
            return tuple(sorted(way, key=lambda change: KINDS.index(change.kind)))
    return None


def _ways(rule: Rule, situation: Situation, *, want: bool) -> list[Way]:
    """The ways to make a rule true, or false: the cheapest first, untried."""
    if rule.judge(situation).met is want:
        return [()]
    match rule:
        case AnyOf() | AllOf():
            several = [_ways(part, situation, want=want) for part in rule.parts()]
            one_is_enough = isinstance(rule, AnyOf) is want
            return _cheapest(way for ways in several for way in ways) if one_is_enough else _all(several)
        case Not():
            return _ways(rule.rule, situation, want=not want)
        case _ if want:
            return _cheapest(_ways_to_meet(rule, situation))
        case Compare():
            return _cheapest(_opposite(rule, situation))
        case _:
            return []


def _ways_to_meet(rule: Rule, situation: Situation) -> Iterator[Way]:
    principal = situation.principal
    match rule:
        case Owner() if principal:
            yield from _held_by(situation, rule.attribute, principal.subject)
        case Right() if principal:
            yield from _ways_to_hold(rule, situation)
        case Tenant() if principal:
            value = None if situation.resource is None else situation.attribute(rule.attribute)
            if value is not None:
                yield (Change("tenant", on=(rule.kind, str(value))),)
        case Proven() if principal:
            yield missing_proofs(rule.requirement, principal, now=situation.context.at)
        case Compare():
            yield from _agreement(rule, situation)
        case _:
            return


def _ways_to_hold(rule: Right, situation: Situation) -> Iterator[Way]:
    """What the credential lacks, and with it what the person does."""
    principal, place = situation.principal, _place(rule.spot, situation)
    lacks: list[Change] = []
    if principal.tenant is not None and principal.tenant != place:
        lacks.append(Change("tenant", on=place))
    if isinstance(rule, Permitted) and not rule.given_to(principal):
        lacks.append(Change("scope", rule.permission))
    if lacks:
        yield tuple(lacks)
    if isinstance(rule, Permitted):
        yield (*lacks, Change("permission", rule.permission, on=place))
    elif isinstance(rule, Holds):
        granted = tuple(Change("role", name, on=place) for name in rule.role.names)
        yield from [(*lacks, *granted)] if rule.role.mode == "all" else [(*lacks, one) for one in granted]


def _agreement(rule: Compare, situation: Situation) -> Iterator[Way]:
    """What the attribute would have to be."""
    wanted = rule.value
    if isinstance(wanted, Attribute):
        wanted = None if situation.resource is None else situation.attribute(wanted)
        if wanted is None:
            return
    match rule.op:
        case "==" | "is" | "<=" | ">=":
            yield (Change("attribute", wanted, of=rule.attribute.name),)
        case "in":
            yield from ((Change("attribute", one, of=rule.attribute.name),) for one in wanted if one is not None)
        case "!=" | "is not" if isinstance(wanted, bool):
            yield (Change("attribute", not wanted, of=rule.attribute.name),)
        case "not in" if None not in wanted and set(wanted) <= {True, False}:
            yield from ((Change("attribute", one, of=rule.attribute.name),) for one in {True, False} - set(wanted))
        case _:
            return


def _opposite(rule: Compare, situation: Situation) -> Iterator[Way]:
    """What the attribute would have to be for the comparison to be false."""
    opposite = {"==": "!=", "!=": "==", "is": "is not", "is not": "is", "in": "not in", "not in": "in"}
    negated = {**opposite, "<": ">=", "<=": ">", ">": "<=", ">=": "<"}[rule.op]
    yield from _agreement(replace(rule, op=negated), situation)  # type: ignore[arg-type] # an Op, as its key is


def _all(several: list[list[Way]]) -> list[Way]:
    """Every combination of one way of each, without those that contradict themselves."""
    found: list[Way] = [()]
    for ways in several:
        joined = (_join(one, other) for one, other in islice(product(found, ways), _TRIED))
        found = _cheapest(way for way in joined if way is not None)
    return found


def _join(one: Way, other: Way) -> Way | None:
    values = {change.of: change.value for change in one if change.kind == "attribute"}
    bound = {change.on for change in (*one, *other) if change.kind == "tenant"}
    for change in other:
        if change.kind == "attribute" and values.get(change.of, change.value) != change.value:
            return None
    return None if len(bound) > 1 else tuple(dict.fromkeys((*one, *other)))


def _cheapest(ways: Iterable[Way]) -> list[Way]:
    return sorted(dict.fromkeys(ways), key=_cost)[:_KEPT]


def _cost(way: Way) -> tuple[int, int]:
    """What the caller can do herself first, then what somebody must grant, then what is true of the resource."""
    return sum(KINDS.index(change.kind) + 1 for change in way), len(way)


def _place(spot: Spot | None, situation: Situation) -> Place:
    if spot is None or (situation.resource is None and isinstance(spot.name, Attribute)):
        return None
    return spot.place(situation)


def _held_by(situation: Situation, attribute: Attribute, subject: str) -> Iterator[Way]:
    """The attribute as it would be if it held the subject; nothing where it is a number, and the subject is none."""
    value = None if situation.resource is None else situation.attribute(attribute)
    if not isinstance(value, int) or isinstance(value, bool):
        yield (Change("attribute", subject, of=attribute.name),)
    elif subject.isascii() and subject.isdecimal():
        yield (Change("attribute", int(subject), of=attribute.name),)


# --- the situation as it would be ---------------------------------------------------------------------------


class _GrantedToo:
    """Rights as they would be with some roles and permissions more."""

    def __init__(self, rights: Rights | None, granted: Iterable[Change]) -> None:
        self._rights = rights
        self._granted = tuple(granted)

    def permissions(self, principal: Principal, on: Place) -> frozenset[str]:
        held = frozenset[str]() if self._rights is None else self._rights.permissions(principal, on)
        return held | self._more("permission", principal, on)

    def roles(self, principal: Principal, on: Place) -> frozenset[str]:
        held = frozenset[str]() if self._rights is None else self._rights.roles(principal, on)
        return held | self._more("role", principal, on)

    def places(
        self, principal: Principal, kind: str, *, role: str | None = None, permission: str | None = None
    ) -> frozenset[str] | None:
        held = (
            frozenset[str]()
            if self._rights is None
            else self._rights.places(principal, kind, role=role, permission=permission)
        )
        more = [one.on for one in self._granted if one.value == (role if one.kind == "role" else permission)]
        if principal.tenant is not None:
            # Bound to one place, where what is held everywhere is held, too.
            here = principal.tenant[0] == kind and (None in more or principal.tenant in more)
            return (held or frozenset()) | {principal.tenant[1]} if here else held
        if held is None or None in more:
            return None
        return held | {place[1] for place in more if place is not None and place[0] == kind}

    def belongs(self, principal: Principal, place: On) -> bool:
        more = any(one.on == place for one in self._granted)
        return more or (self._rights is not None and self._rights.belongs(principal, place))

    def _more(self, kind: str, principal: Principal, on: Place) -> frozenset[str]:
        if principal.tenant not in (None, on):
            return frozenset()
        return frozenset(one.value for one in self._granted if one.kind == kind and one.on in (None, on))


def after(situation: Situation, way: Way) -> Situation:
    """The situation as it would be after these changes."""
    principal = situation.principal
    for change in way:
        if change.kind == "scope" and principal.scope is not None:
            principal = replace(principal, scope=principal.scope | {change.value})
        elif change.kind == "tenant":
            principal = replace(principal, tenant=change.on)
    granted = [change for change in way if change.kind in ("role", "permission")]
    changed = {change.of: change.value for change in way if change.kind == "attribute" and change.of is not None}
    return replace(
        situation,
        principal=principal,
        rights=_GrantedToo(situation.rights, granted) if granted else situation.rights,
        changed=MappingProxyType({**situation.changed, **changed}),
        # No proof is made up: a rule about proofs is told which of its demands would be met.
        shown=tuple(change for change in way if change.kind in PROOFS or change.kind == "via"),
    )
