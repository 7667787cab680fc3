"""Policies: who may do what to which resource, as functions and as rules that also filter rows.

It comes by itself with the first ``auth.policy``; list it only to change its settings.

settings.py     who may read why she was denied
vocabulary.py   the words that rules are written in
rule.py         a rule, and what joins rules to others
rules.py        the rules there are, and what each says of one object
three_valued.py true, false and unknown; what is equal to what
situation.py    who asks, about what, when
answer.py       Allow and Deny
context.py      what else a policy may look at
registry.py     which policies apply to a question
decide.py       asking them: can, decide, visible, fields
would_pass.py   what would have to change
examine.py      what is wrong with policies, found at the start
resource_name.py  a resource by its name, for operators
matrix.py       every rule there is, as a document
condition.py    conditions of SQLAlchemy as rules
visible.py      rules as a WHERE clause
"""

from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from ostiary.features.policies.settings import PoliciesSettings
from ostiary.kernel.declared_policies import DeclaredPolicies
from ostiary.kernel.errors import Problem
from ostiary.kernel.event_bus import EventBus
from ostiary.kernel.feature import feature
from ostiary.kernel.permission import is_permission
from ostiary.kernel.requirement import Rights
from ostiary.kernel.resources import Resources
from ostiary.web.contribution import Contribution

if TYPE_CHECKING:
    from ostiary.features.policies.context import PolicyContext
    from ostiary.features.policies.decide import PolicyActions
    from ostiary.features.policies.examine import demands_of, problems_of
    from ostiary.features.policies.matrix import FunctionRule
    from ostiary.features.policies.matrix import as_json as matrix_as_json
    from ostiary.features.policies.matrix import lines as matrix_lines
    from ostiary.features.policies.registry import check_declared, is_action, read_policies
    from ostiary.features.policies.resource_name import check_finder, find_resource

__all__ = [
    "FunctionRule",
    "Policies",
    "PolicyActions",
    "PolicyContext",
    "check_declared",
    "check_finder",
    "demands_of",
    "find_resource",
    "is_action",
    "matrix_as_json",
    "matrix_lines",
    "problems_of",
    "read_policies",
]

_HOME = {
    "FunctionRule": "matrix.FunctionRule",
    "PolicyActions": "decide.PolicyActions",
    "PolicyContext": "context.PolicyContext",
    "check_declared": "registry.check_declared",
    "check_finder": "resource_name.check_finder",
    "demands_of": "examine.demands_of",
    "find_resource": "resource_name.find_resource",
    "is_action": "registry.is_action",
    "matrix_as_json": "matrix.as_json",
    "matrix_lines": "matrix.lines",
    "problems_of": "examine.problems_of",
    "read_policies": "registry.read_policies",
}


def __getattr__(name: str) -> Any:  # a public name that brings what decides
    if name in _HOME:
        module, _, found = _HOME[name].partition(".")
        value = getattr(import_module(f"{__name__}.{module}"), found)
        # Asked for once: every question about a policy comes by here.
        globals()[name] = value
        return value
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


@feature
class Policies(PoliciesSettings):
    """Who may do what to which resource. Comes by itself with ``auth.policy``."""

    name: ClassVar[str] = "policies"

    def problems(self) -> Iterable[Problem]:
        """What is wrong with these settings."""
        if not is_permission(self.explained_to):
            what = f"Policies(explained_to={self.explained_to!r}) names no permission"
            yield Problem(
                code="not_a_permission", what=what, cure='a permission is resource:action: "decision:explain"'
            )

    def contribute(self, resources: Resources) -> Contribution:
        """What decides."""
        from ostiary.features.policies.decide import PolicyActions  # only where there are policies
        from ostiary.features.policies.registry import Registry

        actions = PolicyActions(
            registry=Registry(resources[DeclaredPolicies]),
            bus=resources[EventBus],
            # Asked when somebody decides: whatever knows roles may come after this.
            find_rights=lambda: resources.find(Rights),  # type: ignore[type-abstract] # found by the protocol it fulfils
            explained_to=self.explained_to,
        )
        return Contribution(actions=actions)
