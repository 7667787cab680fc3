"""Entry: one check of a guard carried out for the present request; who is calling, is she still somebody, may she."""

from collections.abc import Callable
from typing import Any

from flask import request

from ostiary.flask.current import current_caller
from ostiary.flask.guard import Check, Where
from ostiary.flask.sign_in import end_credential
from ostiary.flask.state import AppState
from ostiary.flask.users import Users
from ostiary.kernel.errors import AuthError, misconfigured
from ostiary.kernel.principal import On
from ostiary.web.guard import Caller

Tenant = Callable[[], On | None]


def enter(state: AppState, users: Users, check: Check, variables: dict[str, Any], *, tenant: Tenant | None) -> None:
    """Let the present request pass, or raise the ``AuthError`` of its refusal."""
    try:
        _end_if_user_is_gone(state, users, current_caller(state))
        if not check.optional:
            place = _place(check.on, variables, tenant)
            state.runtime.guard.require(request, check.requirement, on=place, hidden=check.hidden)
    except AuthError:
        raise
    except Exception:
        # ASVS 5.0 V16.5.3: what decides has failed, so nobody passes; and it is written down.
        state.runtime.guard.failed(request)
        raise


def _end_if_user_is_gone(state: AppState, users: Users, caller: Caller) -> None:
    """End the credential of a subject whom the application no longer knows; the request goes on as nobody's.

    Asked on every guarded request, since the application's own users can be deleted behind our back.
    """
    if users.loader is None or not caller.principal or "accounts" in state.assembly:
        return
    if users.find(caller.principal) is None:
        end_credential(state)


def _place(on: Where, variables: dict[str, Any], tenant: Tenant | None) -> On | None:
    if on is None:
        return tenant() if tenant is not None else None
    if callable(on):
        return on()
    if on not in variables:
        what = f"a guard says on={on!r}, and the address has no variable of that name"
        raise misconfigured("no_url_variable", what, "name a variable of the route, or give a function")
    return on, str(variables[on])
