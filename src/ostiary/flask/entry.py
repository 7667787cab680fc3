"""Entry: one check of a guard carried out for the present request; who is calling, is she still somebody, may she."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import Request, has_request_context, request

from ostiary.flask.current import caller_of
from ostiary.flask.guard import Check, Where
from ostiary.flask.sign_in import end_credential
from ostiary.flask.state import AppState
from ostiary.flask.users import Users
from ostiary.kernel.errors import AuthError, misconfigured
from ostiary.kernel.plain_function import has_not_run
from ostiary.kernel.principal import On, Principal
from ostiary.web.guard import Caller, endpoint_of

Tenant = Callable[[], On | None]


def enter(state: AppState, users: Users, check: Check, request: Request, *, tenant: Tenant | None) -> None:
    """Let the present request pass, or raise the ``AuthError`` of its refusal."""
    guard = state.runtime.guard
    try:
        caller = caller_of(state, request)
        if users.loader is not None and _user_is_gone(state, users, caller):
            # She is signed out, and the request goes on as nobody's.
            end_credential(state)
            caller = guard.authenticate(request)
        if not check.optional:
            place = None if check.on is None and tenant is None else _place(check.on, request.view_args or {}, tenant)
            if check.policy is not None and check.requirement.only_signed_in:
                # The policy says whether a visitor may, and asks the scope; where the credential is bound is asked here.
                if not caller.principal:
                    return
                caller = replace(caller, principal=replace(caller.principal, scope=None))
            guard.admit(request, caller, check.requirement, on=place, hidden=check.hidden)
    except AuthError:
        raise
    except Exception:
        # ASVS 5.0 V16.5.3: what decides has failed, so nobody passes; and it is written down.
        guard.failed(request)
        raise


def enter_as(state: AppState, check: Check, principal: Principal, *, tenant: Tenant | None) -> None:
    """One check for whom a job or a part of a view acts as, by the same rules, or the ``AuthError`` of its refusal.

    Nothing is read of a request but the place it is about: who acts as somebody has already said who.
    """
    if check.optional:
        return
    inside = has_request_context()
    place = _place(check.on, (request.view_args if inside else None) or {}, tenant if inside else None)
    if check.policy is not None and check.requirement.only_signed_in:
        if not principal:
            return
        principal = replace(principal, scope=None)
    guard = state.runtime.guard
    decision = guard.decide(check.requirement, principal, place)
    if not decision.allowed:
        endpoint = endpoint_of(request) if inside else ""
        caller = Caller(principal, csrf_checked=True)
        raise guard.refusal(caller, decision, check.requirement, endpoint=endpoint, hidden=check.hidden)


def _user_is_gone(state: AppState, users: Users, caller: Caller) -> bool:
    """Whether the application no longer knows the subject.

    Asked on every guarded request, since the application's own users can be deleted behind our back.
    """
    if not caller.principal or "accounts" in state.assembly:
        return False
    return users.find(caller.principal) is None


def _place(on: Where, variables: dict[str, Any], tenant: Tenant | None) -> On | None:
    if on is None:
        return answered_place(tenant) if tenant is not None else None
    if callable(on):
        return answered_place(on)
    if on not in variables:
        what = f"a guard says on={on!r}, and the address has no variable of that name"
        raise misconfigured("no_url_variable", what, "name a variable of the route, or give a function")
    return on, str(variables[on])


def answered_place(fn: Tenant) -> On | None:
    """The place that a function of the application answers. Raises ``ConfigurationError`` for what has yet to run.

    It has refused nobody, and names no place where somebody could be kept out.
    """
    found = fn()
    if has_not_run(found):
        what = "the function under @auth.tenant or on= answered a coroutine or a generator, which would never run"
        raise misconfigured("async_place", what, "make it a plain function")
    return found
