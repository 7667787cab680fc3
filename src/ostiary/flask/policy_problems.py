"""Policies before the first view: guards that ask what no policy answers, loaders of variables the address has not."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any

from flask import Flask

from ostiary.flask.policy_demand import PolicyDemand
from ostiary.flask.protection import all_checks
from ostiary.flask.state import AppState
from ostiary.kernel.declared_policies import DeclaredPolicies
from ostiary.kernel.errors import Problem
from ostiary.runtime.assembly import unmet


def guards_with_policy(app: Flask) -> Iterator[tuple[str, PolicyDemand]]:
    """Each view whose guard asks a policy, and what it asks."""
    for endpoint, view in app.view_functions.items():
        yield from ((endpoint, check.policy) for check in all_checks(view) if check.policy is not None)


def find_problems(
    state: AppState, policies: DeclaredPolicies, asked: Iterable[tuple[str, PolicyDemand]]
) -> list[Problem]:
    """Everything that would deny for ever, or raise at the first request."""
    from ostiary.features.policies import demands_of, problems_of, read_policies  # only where there are policies

    read = read_policies(policies)
    problems = list(problems_of(read))
    for where, requirement in demands_of(read):
        problems += unmet(requirement, state.assembly, where)
    actions = {policy.declared.action for policy in read}
    for endpoint, demand in asked:
        problems += _unanswered(endpoint, demand, actions)
        problems += _unloadable(state.app, endpoint, demand)
    return problems


def _unanswered(endpoint: str, demand: PolicyDemand, actions: set[str]) -> Iterator[Problem]:
    if demand.action not in actions:
        near = get_close_matches(demand.action, actions, n=1)
        what = f"the guard of {endpoint!r} asks who may {demand.action!r}, and no policy says it: everybody is refused"
        cure = f"write {near[0]!r}" if near else f'declare one: @auth.policy("{demand.action}", …)'
        yield Problem(code="no_policy", what=what, cure=cure)


def _unloadable(app: Flask, endpoint: str, demand: PolicyDemand) -> Iterator[Problem]:
    for rule in app.url_map.iter_rules(endpoint):
        known = _variables(rule)
        absent = [name for name in demand.needed if name not in known]
        if absent:
            what = f"the loader of {endpoint!r} takes {absent[0]!r}, and {rule.rule!r} has no variable of that name"
            yield Problem(code="no_url_variable", what=what, cure="name the variables of the route")


def _variables(rule: Any) -> set[str]:
    """The names of an address's variables: Werkzeug's own set of them has no complete type."""
    return set(rule.arguments)
