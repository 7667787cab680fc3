"""Rules: who may, as values that are read in Python of one object and in SQL of every row (ownership, roles, sharing).

A rule is true, false or unknown, as in SQL: an attribute that is None makes a comparison unknown, and only what is true
is allowed. ``visible.py`` says the same in SQL; a test compares the two on generated rows.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NoReturn, cast

from ostiary.features.policies.situation import Nowhere, Situation, Truth, both, either, spells
from ostiary.kernel.combinable import Combinable, Mode
from ostiary.kernel.decision import Reason
from ostiary.kernel.permission import any_covers
from ostiary.kernel.principal import On
from ostiary.kernel.requirement import Names, Requirement, check_requirement

Op = Literal["==", "!=", "<", "<=", ">", ">=", "is", "is not", "in", "not in"]

_LONGEST: Final = 60


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of the resource, by its name; and the class it was taken from, where that is known."""

    name: str
    owner: type | None = None

    def __str__(self) -> str:
        return self.name


class Rule(Combinable):
    """One rule. Joined by ``any_of``, ``all_of`` and ``not_``."""

    __slots__ = ()

    def judge(self, situation: Situation, *, full: bool = False) -> Reason:
        """Whether it is met, with its grounds. ``full``: also those that cannot change the answer any more."""
        try:
            met, text = self.look(situation)
        except Nowhere:
            met, text = None, "it depends on the resource, and the question is about none in particular"
        return Reason(self.code, text, met=met)

    @property
    def code(self) -> str:
        """The stable name of this kind of rule."""
        return type(self).__name__.lower()

    def look(self, situation: Situation) -> tuple[Truth, str]:
        """Whether it is met, and why: the part of ``judge`` that differs between rules without parts."""
        raise TypeError(self, situation)

    def parts(self) -> "tuple[Rule, ...]":
        """The rules it is made of, about the same resource."""
        return ()

    def attributes(self) -> Iterator[Attribute]:
        """The attributes of the resource that it looks at."""
        for part in self.parts():
            yield from part.attributes()

    def combine(self, mode: Mode, parts: Sequence[Combinable]) -> "Rule":
        """Several rules as one."""
        rules = tuple(part for part in parts if isinstance(part, Rule))
        if len(rules) == 1:
            return rules[0]
        return AnyOf(rules) if mode == "any" else AllOf(rules)

    def __bool__(self) -> NoReturn:
        message = "a rule is true of somebody and something only: join rules with any_of, all_of and not_, not with or, and, not"
        raise TypeError(message)


@dataclass(frozen=True, slots=True)
class AnyOf(Rule):
    """One of these rules is enough."""

    rules: tuple[Rule, ...]

    def parts(self) -> tuple[Rule, ...]:
        return self.rules

    def judge(self, situation: Situation, *, full: bool = False) -> Reason:
        grounds = []
        for rule in self.rules:
            grounds.append(rule.judge(situation, full=full))
            if grounds[-1].met is True and not full:
                break
        return Reason("any_of", "one of these", children=tuple(grounds), met=either([one.met for one in grounds]))

    def __str__(self) -> str:
        return f"any_of({', '.join(map(str, self.rules))})"


@dataclass(frozen=True, slots=True)
class AllOf(Rule):
    """All of these rules are wanted."""

    rules: tuple[Rule, ...]

    def parts(self) -> tuple[Rule, ...]:
        return self.rules

    def judge(self, situation: Situation, *, full: bool = False) -> Reason:
        grounds = []
        for rule in self.rules:
            grounds.append(rule.judge(situation, full=full))
            if grounds[-1].met is False and not full:
                break
        return Reason("all_of", "all of these", children=tuple(grounds), met=both([one.met for one in grounds]))

    def __str__(self) -> str:
        return f"all_of({', '.join(map(str, self.rules))})"


@dataclass(frozen=True, slots=True)
class Not(Rule):
    """The rule must be false. Unknown stays unknown, and that is not allowed either."""

    rule: Rule

    def parts(self) -> tuple[Rule, ...]:
        return (self.rule,)

    def judge(self, situation: Situation, *, full: bool = False) -> Reason:
        ground = self.rule.judge(situation, full=full)
        return Reason("not", "not this", children=(ground,), met=None if ground.met is None else not ground.met)

    def __str__(self) -> str:
        return f"not_({self.rule})"


@dataclass(frozen=True, slots=True)
class Anyone(Rule):
    """Everybody who may be asked about: whoever is signed in, and visitors where the policy is for them."""

    def look(self, situation: Situation) -> tuple[Truth, str]:
        del situation
        return True, "everybody may"

    def __str__(self) -> str:
        return "anyone()"


@dataclass(frozen=True, slots=True)
class Nobody(Rule):
    """No one."""

    def look(self, situation: Situation) -> tuple[Truth, str]:
        del situation
        return False, "nobody may"

    def __str__(self) -> str:
        return "not_(anyone())"


@dataclass(frozen=True, slots=True)
class Owner(Rule):
    """The attribute holds the caller's subject."""

    attribute: Attribute

    def attributes(self) -> Iterator[Attribute]:
        yield self.attribute

    def look(self, situation: Situation) -> tuple[Truth, str]:
        subject = situation.principal.subject if situation.principal else None
        if subject is None:
            return False, "nobody is signed in"
        value = situation.attribute(self.attribute.name)
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
        value = situation.attribute(self.name.name)
        return None if value is None else (self.kind, str(value))

    def attributes(self) -> Iterator[Attribute]:
        """The attribute it reads, if it reads one."""
        if isinstance(self.name, Attribute):
            yield self.name

    def __str__(self) -> str:
        return f"({self.kind}, {self.name})"


@dataclass(frozen=True, slots=True)
class Holds(Rule):
    """The caller holds the role there, or everywhere."""

    role: Names
    spot: Spot | None = None

    def attributes(self) -> Iterator[Attribute]:
        if self.spot is not None:
            yield from self.spot.attributes()

    def look(self, situation: Situation) -> tuple[Truth, str]:
        rights, principal = situation.rights, situation.principal
        if rights is None or not principal:
            return False, "nobody is signed in" if rights is not None else "nothing here grants roles"
        place = None if self.spot is None else self.spot.place(situation)
        if self.spot is not None and place is None:
            everywhere = self.role.met_by(
                {name for name in self.role.names if rights.places(principal, self.spot.kind, role=name) is None}
            )
            return everywhere or None, f"{self.spot.name} is None: {self.role} held everywhere would be enough"
        met = self.role.met_by(rights.roles(principal, place))
        return met, f"the caller {'holds' if met else 'does not hold'} {self.role}{_where(place)}"

    def __str__(self) -> str:
        return f"holds({self.role}{'' if self.spot is None else f', on={self.spot}'})"


@dataclass(frozen=True, slots=True)
class Permitted(Rule):
    """The caller holds the permission there, or everywhere, and her credential was given it."""

    permission: str
    spot: Spot | None = None

    def attributes(self) -> Iterator[Attribute]:
        if self.spot is not None:
            yield from self.spot.attributes()

    def look(self, situation: Situation) -> tuple[Truth, str]:
        rights, principal = situation.rights, situation.principal
        if rights is None or not principal:
            return False, "nobody is signed in" if rights is not None else "nothing here grants permissions"
        if principal.scope is not None and not any_covers(principal.scope, self.permission):
            return False, f"the credential was not given {self.permission}"
        place = None if self.spot is None else self.spot.place(situation)
        if self.spot is not None and place is None:
            everywhere = rights.places(principal, self.spot.kind, permission=self.permission) is None
            return everywhere or None, f"{self.spot.name} is None: {self.permission} held everywhere would be enough"
        met = any_covers(rights.permissions(principal, place), self.permission)
        return met, f"the caller {'holds' if met else 'does not hold'} {self.permission}{_where(place)}"

    def __str__(self) -> str:
        return f"permitted({self.permission}{'' if self.spot is None else f', on={self.spot}'})"


@dataclass(frozen=True, slots=True)
class Tenant(Rule):
    """The caller's session or token is bound to the place that the attribute names (ASVS 5.0 V8.4.1)."""

    attribute: Attribute
    kind: str

    def attributes(self) -> Iterator[Attribute]:
        yield self.attribute

    def look(self, situation: Situation) -> tuple[Truth, str]:
        bound = situation.principal.tenant
        if not situation.principal or bound is None or bound[0] != self.kind:
            return False, f"the credential is bound to no {self.kind}"
        value = situation.attribute(self.attribute.name)
        return spells(value, bound[1]), f"{self.attribute} is {show(value)}, and the credential is bound to {bound[1]}"

    def __str__(self) -> str:
        return f"tenant({self.attribute}, {self.kind})"


@dataclass(frozen=True, slots=True)
class Related(Rule):
    """One of the related resources (a list of shares, a project, a folder) meets the rule."""

    relationship: Attribute
    rule: Rule

    def attributes(self) -> Iterator[Attribute]:
        yield self.relationship

    def judge(self, situation: Situation, *, full: bool = False) -> Reason:
        try:
            found = situation.attribute(self.relationship.name)
        except Nowhere:
            return Rule.judge(self, situation)
        several: list[Any] = [] if found is None else list(found) if _is_collection(found) else [found]
        grounds: list[Reason] = []
        for one in several:
            grounds.append(self.rule.judge(situation.about(one), full=full))
            if grounds[-1].met is True and not full:
                break
        # As EXISTS: there is one, or there is none; what is unknown is none.
        met = any(one.met is True for one in grounds)
        return Reason("related", f"one of {self.relationship}", children=tuple(grounds), met=met)

    def look(self, situation: Situation) -> tuple[Truth, str]:
        raise Nowhere

    def __str__(self) -> str:
        return f"related({self.relationship}, {self.rule})"


@dataclass(frozen=True, slots=True)
class Compare(Rule):
    """An attribute compared with a value, or with another attribute; three-valued, as in SQL."""

    attribute: Attribute
    op: Op
    value: Any

    def attributes(self) -> Iterator[Attribute]:
        yield self.attribute
        if isinstance(self.value, Attribute):
            yield self.value

    def look(self, situation: Situation) -> tuple[Truth, str]:
        have = situation.attribute(self.attribute.name)
        want = situation.attribute(self.value.name) if isinstance(self.value, Attribute) else self.value
        return compare(have, self.op, want), f"{self.attribute} is {show(have)}, and {self.op} {show(want)} is wanted"

    @property
    def code(self) -> str:
        return "where"

    def __str__(self) -> str:
        return f"{self.attribute} {self.op} {show(self.value)}"


@dataclass(frozen=True, slots=True)
class Where(Rule):
    """A condition in SQL, and the same of an object as a function of the application's."""

    expression: Any
    test: Callable[[Any], object]

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
    words: str

    def look(self, situation: Situation) -> tuple[Truth, str]:
        # The scope narrows what may be done, and is asked for the policy as a whole.
        decision = check_requirement(self.requirement, unscoped(situation), now=situation.context.at)
        return decision.allowed, decision.because[0].text if decision.because else self.words

    def __str__(self) -> str:
        return f"proven({self.words})"


def unscoped(situation: Situation) -> Any:
    """The principal as the rule about proofs sees it."""
    from dataclasses import replace

    return replace(situation.principal, scope=None, tenant=None)


def compare(have: Any, op: Op, want: Any) -> Truth:
    """The comparison that SQL would make."""
    match op:
        case "is":
            return have is want
        case "is not":
            return have is not want
        case "in":
            return either([compare(have, "==", one) for one in want])
        case "not in":
            found = compare(have, "in", want)
            return None if found is None else not found
        case _ if have is None or want is None:
            return None
        case "==":
            return bool(have == want)
        case "!=":
            return bool(have != want)
        case "<":
            return bool(have < want)
        case "<=":
            return bool(have <= want)
        case ">":
            return bool(have > want)
        case ">=":
            return bool(have >= want)


def show(value: object) -> str:
    """A value in a sentence for staff and logs: on one line, and not endless."""
    text = value.name if isinstance(value, Attribute) else repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _where(place: On | None) -> str:
    return "" if place is None else f" on {place[0]}:{place[1]}"


def _is_collection(found: object) -> bool:
    # A mapped object may be iterable for reasons of its own; the collections of relationships are these.
    return isinstance(found, Sequence | set | frozenset | dict) or hasattr(found, "append") or hasattr(found, "add")


def rule_of(part: object) -> Rule:
    """What was given as a rule. Raises ``TypeError`` for anything else."""
    if isinstance(part, Rule):
        return part
    message = f"{part!r} is no rule: write owner(…), permitted(…), where(…), any_of(…) and the like"
    raise TypeError(message)


def attribute_of(given: object) -> Attribute:
    """``Article.author_id``, or for a mixin or a plain class its name, as an attribute. Raises ``TypeError``."""
    if isinstance(given, Attribute):
        return given
    if isinstance(given, str) and given.isidentifier():
        return Attribute(given)
    key = getattr(given, "key", None)
    owner = getattr(given, "class_", None)
    if isinstance(key, str) and isinstance(owner, type):
        return Attribute(key, owner)
    message = f"{given!r} is no attribute of a class: write Article.author_id, or its name as text"
    raise TypeError(message)
