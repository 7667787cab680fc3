"""The present request: its caller, the cookies its answer will carry, and what caches are told.

Nothing here touches Flask's own session or ``g``; what is known of a request lives in its ``environ``.
"""

from collections.abc import Callable, Iterable
from functools import cache, partial
from typing import Final

from flask import Request, after_this_request, request
from werkzeug.wrappers import Response

from ostiary.flask.context import present_context
from ostiary.flask.state import AppState
from ostiary.kernel.errors import AuthError
from ostiary.kernel.principal import Principal
from ostiary.kernel.secret import new_secret
from ostiary.web.cookies import DOUBLED, CookiePolicy, CookieToSet, read_cookie
from ostiary.web.guard import Caller
from ostiary.web.headers import protect_from_caches, vary_on_credentials

CSRF_COOKIE: Final = "ostiary_csrf"
_NEW_CSRF_COOKIE: Final = "ostiary.new_csrf_cookie"


def current_caller(state: AppState) -> Caller:
    """Who is calling, with CSRF asked of a request that changes something; the answer is kept from caches.

    Raises the ``AuthError`` of a bad explicit credential, and ``CsrfRefused``.
    """
    return caller_of(state, present_context().request)


def caller_of(state: AppState, request: Request) -> Caller:
    """``current_caller``, for those who have the request at hand: on the way of every guarded request."""
    guard = state.runtime.guard
    try:
        caller = guard.caller(request.environ)
    except AuthError:
        # What a bad credential is answered is for whoever sent it, also where the application's own handler answers.
        after_this_request(protect_from_caches)
        raise
    if request.environ.get(state.watched) != id(request.environ):
        watch_answer(state, request, caller)
    if not caller.csrf_checked:
        guard.check_origin(request, caller)
    return _exchange(state, caller) if caller.exchangeable else caller


def _exchange(state: AppState, caller: Caller) -> Caller:
    """Let a remembered browser in: from here on the request is that of its new session."""
    resumed = state.way_in.resume(remembered_cookie(state))
    set_cookies(state.runtime.cookies, resumed.cookies)
    credential = resumed.principal.credential
    guard = state.runtime.guard
    guard.become(
        request.environ,
        resumed.principal,
        credential.id if credential is not None else None,
        caller.reader if resumed.principal else None,
    )
    return guard.caller(request.environ)


def watch_answer(state: AppState, request: Request, caller: Caller) -> None:
    """Have the answer to this request cleared of stale cookies, and kept from caches. Once a request: it leaves a mark."""
    # Which environ it was: a copy of it belongs to another request.
    request.environ[state.watched] = id(request.environ)
    if not caller.principal or caller.stale_cookies:
        after_this_request(_clearing(state, caller))
    else:
        after_this_request(_protecting(caller.header))


@cache
def _protecting(header: str) -> Callable[[Response], Response]:
    return partial(protect_from_caches, header=header)


def _clearing(state: AppState, caller: Caller) -> Callable[[Response], Response]:
    policy, fields = state.runtime.cookies, state.runtime.guard.credential_fields
    known, header, stale = bool(caller.principal), caller.header, caller.stale_cookies

    def finish(response: Response) -> Response:
        if known:
            protect_from_caches(response, header=header)
        else:
            # CVE-2023-30861: an answer that depends on nobody being signed in depends on the cookie, too.
            vary_on_credentials(response, fields)
        for name in stale:
            if not any(cookie.startswith(f"{name}=") for cookie in response.headers.getlist("Set-Cookie")):
                policy.clear_cookie(response, name)
                # Kept by a cache, it would sign out whoever is given it (RFC 9111 §7.3).
                protect_from_caches(response)
        return response

    return finish


def set_cookies(policy: CookiePolicy, cookies: Iterable[CookieToSet]) -> None:
    """Have the answer to this request carry these cookies, whatever the view returns."""
    cookies = tuple(cookies)

    def finish(response: Response) -> Response:
        write_cookies(policy, response, cookies)
        return response

    after_this_request(finish)


def write_cookies(policy: CookiePolicy, response: Response, cookies: Iterable[CookieToSet]) -> None:
    """Put cookies into a response. An answer that sets one is nobody else's."""
    for cookie in cookies:
        name = policy.name(cookie.stem, path=cookie.path)
        if cookie.value is None:
            policy.clear_cookie(response, name, path=cookie.path)
        else:
            policy.set_cookie(response, name, cookie.value, cookie.max_age, path=cookie.path)
    protect_from_caches(response)


def find_cookie(policy: CookiePolicy, stem: str) -> str | None:
    """The value of one of our cookies in this request; None if it is absent, doubled or unreadable."""
    value = read_cookie(request.environ, policy.name(stem))
    return None if value is DOUBLED or not value else value


def remembered_cookie(state: AppState) -> str | None:
    """The cookie of a remembered browser, unverified; None where browsers are not remembered."""
    if "remember_me" not in state.assembly:
        return None
    from ostiary.features.remember_me.present import REMEMBER_COOKIE  # only where the feature is on

    return find_cookie(state.runtime.cookies, REMEMBER_COOKIE)


def become(state: AppState, principal: Principal, binding: str | None = None) -> None:
    """From here on this request is somebody else's; ``binding`` is what her CSRF tokens are bound to, if not her credential."""
    binding = binding or (principal.credential.id if principal.credential else None)
    state.runtime.guard.become(request.environ, principal, binding)


def csrf_binding(state: AppState, *, make: bool) -> str | None:
    """What a CSRF token of this request is bound to: the credential, or for a visitor a cookie of her own.

    With ``make``, a visitor without one is given one.
    """
    caller = state.runtime.guard.caller(request.environ)
    if caller.csrf_binding is not None and (caller.ambient or caller.renewable is not None):
        return caller.csrf_binding
    if caller.principal and caller.csrf_binding is not None:
        # Signed in during this request: the form is for the session that has just begun.
        return caller.csrf_binding
    policy, fresh = state.runtime.cookies, f"{_NEW_CSRF_COOKIE}.{id(state)}"
    visitor: str | None = find_cookie(policy, CSRF_COOKIE) or request.environ.get(fresh)
    if visitor is None and make:
        visitor = new_secret()
        request.environ[fresh] = visitor
        set_cookies(policy, (CookieToSet(stem=CSRF_COOKIE, value=visitor),))
    return None if visitor is None else f"visitor:{visitor}"


def csrf_token(state: AppState) -> str | None:
    """A CSRF token for this caller; None where she presents her credential by herself, and so needs none."""
    caller = state.runtime.guard.caller(request.environ)
    if caller.reader is not None and not caller.ambient:
        return None
    binding = csrf_binding(state, make=True)
    return None if binding is None else state.runtime.csrf.token(binding)
