"""A rule: true, false or unknown of somebody and a resource, as in SQL; and what joins rules to others.

An attribute that is None makes a comparison unknown, and only what is true is allowed. What a rule says of one object,
``visible.py`` says of every row; a test compares the two on generated rows.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NoReturn

from typing_extensions import override

from ostiary.features.policies.situation import Nowhere, Situation
from ostiary.features.policies.three_valued import Truth, both, either, negate
from ostiary.kernel.combinable import Combinable, Mode
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.decision import Reason
from ostiary.kernel.errors import misconfigured

_LONGEST: Final = 60


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of the resource, by its name; and the class it was taken from, where that is known."""

    name: str
    owner: type | None = None

    def check_is_of(self, type_: type) -> None:
        """Refuse to be looked up in another class, which may have one of the same name. Raises ``ConfigurationError``."""
        if self.owner is not None and not issubclass(type_, self.owner):
            what = f"a rule looks at {self.owner.__name__}.{self}, and was asked about a {type_.__name__}"
            cure = f"name an attribute of {type_.__name__}, or of a class it inherits from"
            raise misconfigured("foreign_attribute", what, cure)

    def __str__(self) -> str:
        return self.name


class Rule(Combinable):
    """One rule. Joined by ``any_of``, ``all_of`` and ``not_``."""

    __slots__ = ()

    def judge(self, situation: Situation, *, full: bool = False) -> Reason:  # noqa: ARG002 - for those with parts
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
        rules = tuple(map(rule_of, parts))
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

    @override
    def parts(self) -> tuple[Rule, ...]:
        return self.rules

    @override
    def judge(self, situation: Situation, *, full: bool = False) -> Reason:
        grounds: list[Reason] = []
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

    @override
    def parts(self) -> tuple[Rule, ...]:
        return self.rules

    @override
    def judge(self, situation: Situation, *, full: bool = False) -> Reason:
        grounds: list[Reason] = []
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

    @override
    def parts(self) -> tuple[Rule, ...]:
        return (self.rule,)

    @override
    def judge(self, situation: Situation, *, full: bool = False) -> Reason:
        ground = self.rule.judge(situation, full=full)
        return Reason("not", "not this", children=(ground,), met=negate(ground.met))

    def __str__(self) -> str:
        return f"not_({self.rule})"


@dataclass(frozen=True, slots=True)
class Anyone(Rule):
    """Everybody who may be asked about: whoever is signed in, and visitors where the policy is for them."""

    @override
    def look(self, situation: Situation) -> tuple[Truth, str]:
        del situation
        return True, "everybody may"

    def __str__(self) -> str:
        return "anyone()"


@dataclass(frozen=True, slots=True)
class Nobody(Rule):
    """No one."""

    @override
    def look(self, situation: Situation) -> tuple[Truth, str]:
        del situation
        return False, "nobody may"

    def __str__(self) -> str:
        return "not_(anyone())"


def show(value: object) -> str:
    """A value in a sentence for staff and logs: on one line, and not endless."""
    text = value.name if isinstance(value, Attribute) else repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


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
