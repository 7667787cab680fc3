"""The policies that apply to a question: those of the action and those of every action, for the class and its bases."""

import inspect
import re
from collections.abc import Callable
from typing import Any, Final

from ostiary.features.policies.rule import Rule
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.declared_policies import EVERY_ACTION, DeclaredPolicies, DeclaredPolicy
from ostiary.kernel.errors import ConfigurationError, misconfigured
from ostiary.kernel.permission import is_permission
from ostiary.kernel.plain_function import NOT_PLAIN, is_plain_function

_ACTION: Final = re.compile(r"[a-z][a-z0-9_-]{0,62}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Policy:
    """A declared policy, read: what it is called, and how its function is called.

    ``resource_as``  the parameter that gets the resource; a function without one answers a rule, which filters rows
    """

    declared: DeclaredPolicy
    name: str
    rule: Rule | None = None
    function: Callable[..., Any] | None = None
    resource_as: str | None = None
    takes_context: bool = False

    @property
    def takes_resource(self) -> bool:
        """Whether its function looks at the resource."""
        return self.resource_as is not None

    @property
    def scope(self) -> str | None:
        """The permission that a restricted credential needs; None for a policy of every action."""
        return self.declared.permission

    def call(self, principal: object, resource: object, context: object) -> Any:
        """What the function answers."""
        if self.function is None:
            return self.rule
        named = {"context": context} if self.takes_context else {}
        if self.resource_as is not None:
            named[self.resource_as] = resource
        return self.function(principal, **named)

    def __str__(self) -> str:
        return str(self.rule) if self.rule is not None else self.name


def check_declared(declared: DeclaredPolicy) -> None:
    """Refuse a policy that can mean nothing. Raises ``ConfigurationError`` where it is declared."""
    action, type_ = declared.action, declared.type
    if action != EVERY_ACTION and not is_action(action):
        what = f"auth.policy({action!r}, …) names no action"
        raise misconfigured(
            "not_an_action", what, 'an action is one word in lower case: "edit"; "*" restricts all of them'
        )
    if not isinstance(type_, type):
        what = f"auth.policy({action!r}, {type_!r}) names no class"
        raise misconfigured("not_a_type", what, "give the class of the resource: auth.policy('edit', Article)")
    if declared.scope is not None and not is_permission(declared.scope):
        what = f"auth.policy(…, scope={declared.scope!r}) names no permission"
        raise misconfigured("not_a_permission", what, 'a permission is resource:action: "article:edit"')
    if action == EVERY_ACTION and (declared.scope or declared.visitors or declared.fields is not None):
        what = "a policy of every action takes neither scope nor visitors nor fields: it restricts, and allows nothing"
        raise misconfigured("restriction_that_allows", what, "say it where the action is named")
    if declared.fields is not None and not (declared.fields and all(one.isidentifier() for one in declared.fields)):
        what = f"auth.policy(…, fields={declared.fields!r}) names no fields"
        raise misconfigured("no_fields", what, "give the names of attributes")
    policy = read_policy(declared)
    if declared.filters and policy.takes_resource:
        raise cannot_filter(policy)


def is_action(text: object) -> bool:
    """Whether this is the name of an action."""
    return isinstance(text, str) and _ACTION.fullmatch(text) is not None


def read_policy(declared: DeclaredPolicy) -> Policy:
    """A declared policy with its function's parameters read. Raises ``ConfigurationError`` for what is no policy."""
    answer = declared.answer
    if isinstance(answer, Rule):
        return Policy(declared, f"{declared.action} {declared.type.__name__}", rule=answer)
    if not callable(answer) or isinstance(answer, type):
        what = f"{answer!r} is no policy"
        raise misconfigured("not_a_policy", what, "give a rule, or a function of (principal, resource, context)")
    name = getattr(answer, "__qualname__", type(answer).__name__)
    if not is_plain_function(answer):
        what = f"the policy {name} is {NOT_PLAIN}"
        raise misconfigured("async_policy", what, "make it a plain function: what it would await must be loaded before")
    first, *rest = inspect.signature(answer).parameters.values() or (None,)
    names = [parameter.name for parameter in rest]
    others = [one for one in names if one != "context"]
    named = inspect.Parameter.POSITIONAL_OR_KEYWORD
    fits = first is not None and first.kind in (named, inspect.Parameter.POSITIONAL_ONLY) and len(others) <= 1
    if not fits or any(parameter.kind is not named for parameter in rest):
        what = f"the policy {name} takes ({', '.join(str(one) for one in inspect.signature(answer).parameters)})"
        cure = "take (principal, article), and context by that name; or (principal) alone, and answer a rule"
        raise misconfigured("policy_parameters", what, cure)
    return Policy(
        declared, name, function=answer, resource_as=others[0] if others else None, takes_context="context" in names
    )


def read_policies(policies: DeclaredPolicies) -> list[Policy]:
    """Every policy, read."""
    return [read_policy(one) for one in policies.declared]


def cannot_filter(policy: Policy) -> ConfigurationError:
    """The refusal of a policy that only Python can answer, where rows are to be filtered."""
    what = f"the policy {policy.name} looks at one resource at a time, and rows are to be filtered by it"
    cure = "let it take the principal alone and answer a rule: any_of(owner(Article.author_id), …)"
    return misconfigured("policy_cannot_filter", what, cure)


class Registry:
    """Finds the policies of a question, by its action and type: however many there are, it takes as long."""

    __slots__ = ("_by_question", "_found", "_read", "policies")

    def __init__(self, policies: DeclaredPolicies) -> None:
        self.policies = policies
        self._read: list[Policy] = []
        self._by_question: dict[tuple[str, type], list[Policy]] = {}
        self._found: dict[str, dict[type, tuple[Policy, ...]]] = {}

    def all(self) -> list[Policy]:
        """Every policy, in the order of declaration. What was declared later is found, too."""
        if len(self._read) != len(self.policies.declared):
            read = read_policies(self.policies)
            by_question: dict[tuple[str, type], list[Policy]] = {}
            for one in read:
                by_question.setdefault((one.declared.action, one.declared.type), []).append(one)
            # Only actions that are declared are remembered: whoever asks for others fills nothing.
            self._by_question, self._found = by_question, {one.declared.action: {} for one in read}
            self._read = read
        return self._read

    def named(self, action: str, type_: type) -> list[Policy]:
        """The policies of the action, for the class or one of its bases: the class's own first."""
        return [one for one in self._of(action, type_) if one.declared.fields is None]

    def restricting(self, type_: type) -> tuple[Policy, ...]:
        """The policies of every action."""
        return self._of(EVERY_ACTION, type_)

    def of_fields(self, action: str, type_: type) -> list[Policy]:
        """The policies of fields."""
        return [one for one in self._of(action, type_) if one.declared.fields is not None]

    def _of(self, action: str, type_: type) -> tuple[Policy, ...]:
        self.all()
        remembered = self._found.get(action)
        if remembered is None:
            return ()
        found = remembered.get(type_)
        if found is None:
            found = tuple(one for base in type_.__mro__ for one in self._by_question.get((action, base), ()))
            remembered[type_] = found
        return found
