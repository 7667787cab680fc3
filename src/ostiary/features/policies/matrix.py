"""The rule matrix: who may call which view, do what to which resource, touch which fields, and by what of the moment.

ASVS 5.0 V8.1.1 to V8.1.4 want these rules documented. They are read from what decides, so the document cannot be wrong.
"""

import inspect
from collections.abc import Iterable
from typing import Any, Final

from ostiary.features.policies.registry import Policy
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.declared_policies import EVERY_ACTION

# What a policy may look at besides the principal and the resource; a test compares the names with the class.
CONTEXT: Final = {
    "at": "the time, in milliseconds since the Unix epoch, UTC",
    "network": "where the request comes from: an IPv4 address, or the /64 of an IPv6 one",
    "device": "what the browser says it is; never to be trusted",
    "method": "the method of the request",
    "endpoint": "the view of the request",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionRule:
    """One view: its address, its methods, and what its guards demand."""

    endpoint: str
    address: str
    methods: tuple[str, ...]
    demands: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRule:
    """One policy: who may do what to a kind of resource, or to some of its fields."""

    action: str
    type: str
    rule: str
    scope: str | None
    visitors: bool
    fields: tuple[str, ...] | None
    uses_context: bool


def data_rules(policies: Iterable[Policy]) -> list[DataRule]:
    """Every policy, in the order of type and action."""
    found = [
        DataRule(
            action="every action" if policy.declared.action == EVERY_ACTION else policy.declared.action,
            type=policy.declared.type.__name__,
            rule=_words(policy),
            scope=policy.scope,
            visitors=policy.declared.visitors,
            fields=policy.declared.fields,
            uses_context=policy.takes_context or "proven(" in str(policy),
        )
        for policy in policies
    ]
    return sorted(found, key=lambda one: (one.type, one.action, one.fields or ()))


def as_json(functions: Iterable[FunctionRule], policies: Iterable[Policy]) -> dict[str, Any]:
    """The whole matrix, ready for JSON."""
    return {
        "functions": [
            {"endpoint": one.endpoint, "address": one.address, "methods": list(one.methods), "demands": one.demands}
            for one in functions
        ],
        "data": [
            {
                "action": one.action,
                "type": one.type,
                "rule": one.rule,
                "scope": one.scope,
                "visitors": one.visitors,
                "fields": None if one.fields is None else list(one.fields),
                "uses_context": one.uses_context,
            }
            for one in data_rules(policies)
        ],
        "context": CONTEXT,
    }


def lines(functions: Iterable[FunctionRule], policies: Iterable[Policy]) -> Iterable[str]:
    """The whole matrix, for people."""
    yield "Views"
    for view in functions:
        yield f"  {' '.join(view.methods)} {view.address}  {view.demands}"
    found = data_rules(policies)
    for title, several in (
        ("Resources", [one for one in found if one.fields is None]),
        ("Fields", [one for one in found if one.fields is not None]),
    ):
        yield title
        for one in several:
            fields = "" if one.fields is None else f" ({', '.join(one.fields)})"
            scope = "" if one.scope is None else f"  scope {one.scope}"
            yield f"  {one.action} {one.type}{fields}: {one.rule}{scope}{'  visitors too' if one.visitors else ''}"
    yield "Context"
    for name, about in CONTEXT.items():
        yield f"  {name}: {about}"


def _words(policy: Policy) -> str:
    if policy.rule is not None:
        return str(policy.rule)
    document = inspect.getdoc(policy.function) or ""
    first = document.partition("\n")[0]
    return f"{policy.name}: {first}" if first else policy.name
