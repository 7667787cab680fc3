"""The policy of a guard for the present request: load the resource once, ask the policy, hand the resource to the view."""

import json
import logging
from typing import Any, Final

from flask import Request, current_app, has_request_context, request
from werkzeug.exceptions import HTTPException, NotFound

from ostiary.flask.current import caller_of, current_caller
from ostiary.flask.policies import policy_context
from ostiary.flask.policy_demand import PolicyDemand
from ostiary.flask.state import AppState
from ostiary.kernel.decision import Decision
from ostiary.kernel.duration import milliseconds
from ostiary.kernel.errors import AuthError, NotAllowed
from ostiary.kernel.principal import Principal
from ostiary.kernel.requirement import Requirement
from ostiary.web.guard import Caller, endpoint_of

_LOADED: Final = "ostiary.loaded"
_log: Final = logging.getLogger("ostiary.policies")


def enter_by_policy(state: AppState, demand: PolicyDemand, request: Request, *, hidden: bool) -> Any:
    """Load, ask, and answer the resource; or raise the ``AuthError`` of the refusal."""
    try:
        return _enter(state, demand, caller_of(state, request), request.view_args or {}, hidden=hidden)
    except (AuthError, HTTPException):
        raise
    except Exception:
        # ASVS 5.0 V16.5.3: what decides has failed, so nobody passes; and it is written down.
        state.runtime.guard.failed(request)
        raise


def enter_policy_as(state: AppState, demand: PolicyDemand, principal: Principal, *, hidden: bool) -> None:
    """The same for whom a job or a part of a view acts as; what a loader takes is of the present request's address."""
    variables = (request.view_args if has_request_context() else None) or {}
    _enter(state, demand, Caller(principal, csrf_checked=True), variables, hidden=hidden)


def _enter(state: AppState, demand: PolicyDemand, caller: Caller, variables: dict[str, Any], *, hidden: bool) -> Any:
    actions, principal = state.policy_actions, caller.principal
    if not principal and not actions.is_for_visitors(demand.action):
        # Before anything is loaded: a visitor learns nothing from what there is, nor from how long it takes to look.
        raise policy_refusal(state, caller, actions.nobody(), hidden=False)
    resource = _load(state, demand, variables) if demand.loads else demand.resource
    if resource is None:
        raise missing(state, caller, hidden=hidden)
    decision = actions.decide(principal, demand.action, resource, policy_context(state))
    if not decision.allowed:
        raise policy_refusal(state, caller, decision, hidden=hidden)
    return resource


def check_policy(state: AppState, principal: Principal, action: str, resource: Any, *, hidden: bool) -> None:
    """Ask the policy about a resource that is at hand. Raises the ``AuthError`` of the refusal.

    A job that acts as somebody has no request; what it is refused is told as an event all the same.
    """
    caller = current_caller(state) if has_request_context() else Caller(principal)
    if caller.principal != principal:
        caller = Caller(principal, csrf_checked=True)
    if resource is None:
        raise missing(state, caller, hidden=hidden)
    decision = state.policy_actions.decide(principal, action, resource, policy_context(state))
    if not decision.allowed:
        raise policy_refusal(state, caller, decision, hidden=hidden)


def _load(state: AppState, demand: PolicyDemand, variables: dict[str, Any]) -> Any:
    """The resource, once a request however many guards ask."""
    given = {name: variables[name] for name in demand.names if name in variables}
    loaded: dict[Any, Any] = request.environ.setdefault(f"{_LOADED}.{id(state)}", {})
    key = (demand.resource, tuple(given.items()))
    if key not in loaded:
        try:
            loaded[key] = current_app.ensure_sync(demand.resource)(**given)
        except NotFound:
            # `get_or_404` and its like: what is not there must look as what is hidden does.
            loaded[key] = None
    return loaded[key]


def missing(state: AppState, caller: Caller, *, hidden: bool) -> AuthError:
    """The refusal of what is not there: the same as of what is hidden, for whoever asks."""
    if hidden and not caller.principal:
        return policy_refusal(state, caller, state.policy_actions.nobody(), hidden=False)
    return NotAllowed("There is nothing here.", code="not_found", status=404, detail="there is no such resource")


def policy_refusal(state: AppState, caller: Caller, decision: Decision, *, hidden: bool) -> AuthError:
    """The error of a decision: the public reason for the caller, every ground for whoever may read it."""
    if _log.isEnabledFor(logging.INFO):
        # As JSON: what a row holds must not write a line of its own (ASVS 5.0 V16.4.1).
        _log.info("refused to %r: %s", caller.principal.subject, json.dumps(decision.as_json()))
    # A caller who lacks nothing but a proof may know that it is there: it is hers once she has given it.
    hidden = hidden and decision.code != "step_up_needed"
    error = state.runtime.guard.refusal(
        caller,
        decision,
        requirement_of(decision),
        endpoint=endpoint_of(request) if has_request_context() else "",
        hidden=hidden,
    )
    if not caller.principal or error.status == 404:
        return error
    public = decision.public_reason
    if public is not None and error.code == "not_allowed":
        error = NotAllowed(
            public.text, code=public.code, detail=error.detail, headers=error.headers, members=error.members
        )
    if _may_read_grounds(state, caller.principal):
        told = decision.as_json()
        error.members = {**error.members, "because": told["because"], "would_pass_if": told["would_pass_if"]}
    return error


def _may_read_grounds(state: AppState, principal: Principal) -> bool:
    """Whether every ground stands in the answer. Who reads it is who made the request, in whose name a view may act or not."""
    actions = state.policy_actions
    may_she = actions.may_read_grounds(principal)
    if not may_she or not has_request_context():
        return may_she
    try:
        return actions.may_read_grounds(current_caller(state).principal)
    except AuthError:
        return False


def requirement_of(decision: Decision) -> Requirement:
    """What a decision says is missing, as the requirement that a challenge is written from (RFC 6750, RFC 9470)."""
    wanted = {change.kind: change.value for change in reversed(decision.would_pass_if)}
    fresh, scope = wanted.get("fresh"), wanted.get("scope")
    return Requirement(
        permission=None if scope is None else str(scope),
        factors=int(wanted.get("factors", 1)),
        fresh=None if fresh is None else milliseconds(str(fresh)),
        phishing_resistant="phishing_resistant" in wanted,
    )
