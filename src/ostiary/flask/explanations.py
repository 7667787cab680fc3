"""``flask ostiary explain`` and ``flask ostiary policies`` of one application: its policies, and the guards of its views."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from ostiary.features.policies import FunctionRule, find_resource, matrix_as_json, matrix_lines
from ostiary.flask.guard import Check, Where, is_public
from ostiary.flask.policies import policy_context
from ostiary.flask.protection import all_checks, is_static
from ostiary.flask.state import AppState
from ostiary.kernel.decision import Decision
from ostiary.kernel.principal import Principal

_HTTP_OWN = frozenset({"HEAD", "OPTIONS"})


class ApplicationDecisions:
    """The policies of one application, for an operator."""

    def __init__(self, state: AppState) -> None:
        self._state = state

    def about(self, principal: Principal, action: str, resource: str, *, network: str | None) -> Decision:
        """The decision about what ``article:42`` names, with every ground."""
        actions, declared = self._state.policy_actions, self._state.policies
        found = find_resource(declared.finders, resource)
        context = replace(policy_context(self._state), network=network)
        return actions.decide(principal, action, found, context, full=True)

    def matrix_as_json(self) -> dict[str, Any]:
        """Every rule there is, ready for JSON."""
        return matrix_as_json(self._functions(), self._state.policy_actions.registry.all())

    def matrix_lines(self) -> Iterable[str]:
        """Every rule there is, for people."""
        return matrix_lines(self._functions(), self._state.policy_actions.registry.all())

    def _functions(self) -> list[FunctionRule]:
        """Every view of the application's own; ours are in the reference."""
        app = self._state.app
        return [
            FunctionRule(
                endpoint=rule.endpoint,
                address=rule.rule,
                methods=tuple(sorted((rule.methods or set()) - _HTTP_OWN)),
                demands=self._demands(rule.endpoint),
            )
            for rule in sorted(app.url_map.iter_rules(), key=lambda one: (one.rule, one.endpoint))
            if not rule.endpoint.startswith("ostiary.")
        ]

    def _demands(self, endpoint: str) -> str:
        view = self._state.app.view_functions[endpoint]
        checks = all_checks(view)
        if checks:
            return " and ".join(dict.fromkeys(", ".join(words_of(check)) for check in checks))
        return "public" if is_public(view) or is_static(self._state.app, endpoint) else "nothing is demanded"


def words_of(check: Check) -> Iterator[str]:
    """What a check demands, in the words of ``auth.require``."""
    requirement, policy = check.requirement, check.policy
    if check.optional:
        yield "anybody, known or not"
    elif requirement.only_signed_in and policy is None:
        yield "signed in"
    if requirement.permission is not None:
        yield f"{requirement.permission}{_where(check.on)}"
    if requirement.role is not None:
        yield f"role={requirement.role}{_where(check.on)}"
    yield from requirement.proof_words()
    if policy is not None:
        yield f"can={policy.action}"
    if check.hidden:
        yield "hidden"


def _where(on: Where) -> str:
    if on is None:
        return ""
    return f" on {on}" if isinstance(on, str) else f" on {getattr(on, '__name__', 'a place')}()"
