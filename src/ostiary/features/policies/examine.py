"""What is wrong with policies, found before the first view: rules about columns that are not there, or that nobody can meet."""

from collections.abc import Iterable, Iterator
from typing import Any

from ostiary.features.policies.registry import Policy
from ostiary.features.policies.rule import Attribute, Rule
from ostiary.features.policies.rules import Holds, Owner, Permitted, Proven, Related, Spot, Tenant
from ostiary.kernel.errors import ConfigurationError, Problem
from ostiary.kernel.requirement import Requirement


def problems_of(policies: Iterable[Policy]) -> Iterator[Problem]:
    """Of the rules that are written down: each attribute that its class does not have, or that names nobody."""
    for policy in policies:
        if policy.rule is not None:
            yield from _problems(policy.rule, policy.declared.type, policy.name)


def demands_of(policies: Iterable[Policy]) -> Iterator[tuple[str, Requirement]]:
    """What the rules demand of a caller, with the policy that does: somebody must be able to meet it."""
    for policy in policies:
        if policy.rule is None:
            continue
        where = f"the policy {policy.name!r}"
        for rule in _walk(policy.rule):
            match rule:
                case Holds():
                    yield where, Requirement(role=rule.role)
                case Permitted():
                    yield where, Requirement(permission=rule.permission)
                case Proven():
                    yield where, rule.requirement
                case _:
                    continue


def _walk(rule: Rule) -> Iterator[Rule]:
    yield rule
    for part in rule.parts():
        yield from _walk(part)
    if isinstance(rule, Related):
        yield from _walk(rule.rule)


def _problems(rule: Rule, type_: type, name: str) -> Iterator[Problem]:
    for part in rule.parts():
        yield from _problems(part, type_, name)
    if not rule.parts():
        found = [problem for one in rule.attributes() if (problem := _misplaced(one, type_, name)) is not None]
        yield from found
        if not found:
            yield from _inside(rule, type_, name)


def _misplaced(attribute: Attribute, type_: type, name: str) -> Problem | None:
    if attribute.owner is not None and not issubclass(type_, attribute.owner):
        what = f"the policy {name!r} looks at {attribute.owner.__name__}.{attribute}, which a {type_.__name__} has not"
        cure = f"name an attribute of {type_.__name__}, or of a class it inherits from"
        return Problem(code="foreign_attribute", what=what, cure=cure)
    if _is_mapped(type_) and not hasattr(type_, attribute.name):
        what = f"the policy {name!r} looks at {attribute}, and {type_.__name__} has no such attribute"
        return Problem(code="no_attribute", what=what, cure="mend its name")
    return None


def _inside(rule: Rule, type_: type, name: str) -> Iterator[Problem]:
    """What the database would say to it; and the rule behind a relationship."""
    if not _is_mapped(type_):
        return
    from ostiary.features.policies import visible  # only where something is mapped

    if isinstance(rule, Related):
        target = visible.target_of(type_, rule.relationship.name)
        if target is None:
            what = f"the policy {name!r} follows {type_.__name__}.{rule.relationship}, which is no relationship"
            cure = "name a relationship; one that is write_only cannot be followed"
            yield Problem(code="no_relationship", what=what, cure=cure)
        else:
            yield from _problems(rule.rule, target, name)
        return
    named = rule.attribute if isinstance(rule, Owner | Tenant) else _named(getattr(rule, "spot", None))
    if named is not None:
        try:
            visible.check_names_somebody(type_, named.name)
        except ConfigurationError as error:
            yield from error.problems


def _named(spot: Spot | None) -> Attribute | None:
    return spot.name if spot is not None and isinstance(spot.name, Attribute) else None


def _is_mapped(type_: Any) -> bool:
    return hasattr(type_, "__mapper__")
