"""Signing in and out of a Flask application: evidence from a view, cookies on its answer."""

from dataclasses import field
from typing import TYPE_CHECKING

from flask import jsonify, request

from ostiary.flask.answers import sign_in_address
from ostiary.flask.current import become, csrf_binding, current_caller, find_cookie, remembered_cookie, set_cookies
from ostiary.flask.state import AppState
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.errors import AuthError, NotAllowed, SignInRefused
from ostiary.kernel.events import RedirectRefused
from ostiary.kernel.factor import Evidence
from ostiary.kernel.outcome import SignedIn
from ostiary.kernel.principal import ANONYMOUS, Principal
from ostiary.runtime.sign_in_answer import PENDING_COOKIE, SignInIncomplete
from ostiary.web.csrf import SAFE_METHODS
from ostiary.web.negotiation import wants_page
from ostiary.web.redirect import next_target, see_other
from ostiary.web.token_response import IssuedTokens
from ostiary.web.url_policy import UrlPolicy

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInAnswer:
    """Somebody is signed in; her cookies travel with whatever the view returns.

    ``response()`` is a ready answer: a redirect to where she wanted to go, or JSON. Without sessions and without token cookies
    it is the tokens themselves, which are in ``tokens``.
    """

    signed_in: SignedIn
    principal: Principal
    next_url: str
    urls: UrlPolicy = field(repr=False)
    tokens: IssuedTokens | None = None

    def response(self) -> "Response":
        """A 303 to the next page, or the principal as JSON; or her tokens."""
        if self.tokens is not None:
            return self.tokens.response()
        if wants_page(request.environ):
            return see_other(self.next_url, self.urls, request.environ)
        return jsonify({"subject": self.principal.subject, "next": self.next_url})


def evidence_of(state: AppState, who: object, proof: str, *, verb: str = "auth.sign_in") -> Evidence:
    """Evidence from what a view hands over: the evidence of a ``verify``, or a subject the application vouches for."""
    if isinstance(who, Evidence):
        return who
    if isinstance(who, str):
        if not who:
            message = f"{verb} needs a subject that is not empty"
            raise ValueError(message)
        return state.way_in.vouch(who, proof)
    if "accounts" in state.assembly:
        from ostiary.features.accounts import Account  # accounts are on

        if isinstance(who, Account):
            return state.way_in.vouch(who.id, proof)
    message = f"{verb} takes a subject as text, not {type(who).__name__}: write {verb}(str(…))"
    raise TypeError(message)


def sign_in(state: AppState, evidence: Evidence, *, default_next: str, remember: bool = False) -> SignInAnswer:
    """Sign somebody in, on a request that changes something and comes from our own pages.

    ``remember`` has this browser remembered. Raises ``SignInRefused``, ``SignInIncomplete`` and ``CsrfRefused``.
    """
    guard = state.runtime.guard
    # A link, an image or a prefetch must not sign anybody in (ASVS 5.0 V7.6.2, CVE-2015-9284).
    refuse_safe_method("Signing in needs a form.", "auth.sign_in")
    state.way_in.check_wish(remember=remember)
    caller = guard.authenticate(request)
    if caller.reader is None:
        guard.check_csrf(request, csrf_binding(state, make=False))
    if caller.explicit:
        raise NotAllowed(detail="a program with a credential of its own asked for a session")
    present = caller.principal
    policy = state.runtime.cookies
    try:
        entered = state.way_in.enter(
            evidence,
            present=present,
            pending=find_cookie(policy, PENDING_COOKIE),
            remember=remember,
            remembered=remembered_cookie(state),
            binding=caller.csrf_binding if caller.principal else None,
        )
    except SignInIncomplete as incomplete:
        set_cookies(policy, incomplete.cookies)
        address = sign_in_address(state)
        if address is not None:
            incomplete.members = {**incomplete.members, "next": address}
        raise
    set_cookies(policy, entered.cookies)
    become(state, entered.principal, entered.binding)
    wanted = next_address(state, default_next)
    return SignInAnswer(
        signed_in=entered.signed_in,
        principal=entered.principal,
        next_url=wanted,
        urls=state.runtime.deployment.urls,
        tokens=entered.tokens,
    )


def refuse_safe_method(message: str, verb: str) -> None:
    """Refuse a request that should change nothing: a link, an image or a prefetch."""
    if request.method in SAFE_METHODS:
        raise AuthError(
            message, code="method_not_allowed", status=405, headers={"Allow": "POST"},
            detail=f"{verb} was called for a request that should change nothing",
        )  # fmt: skip


def after_sign_in(state: AppState) -> str:
    """Where a sign-in leads when the request names no page: what the settings say, or the application's first page."""
    after: str = getattr(state.assembly.get("sign_in"), "after", "/")
    # The first page is where the application is mounted, which a setting cannot know.
    return f"{request.script_root}/" if after == "/" else after


def next_address(state: AppState, default: str) -> str:
    """Where the caller wanted to go, if it is a page of ours; a target that is refused is an event."""
    runtime = state.runtime

    def refused(reason: str) -> None:
        runtime.bus.announce(RedirectRefused(at=runtime.clock.now(), network=state.client().network, reason=reason))

    return next_target(request, runtime.deployment.urls, default, refused=refused)


def sign_out(state: AppState, scope: str) -> None:
    """Sign the caller of this request out, on a request that changes something; its answer clears her cookies."""
    # Nor out (ASVS 5.0 V3.5.3): any page of anybody's could do it with an image.
    refuse_safe_method("Signing out needs a form.", "auth.sign_out")
    # A browser that is only remembered need not be let in to be forgotten; to end what others have, it must.
    caller = state.runtime.guard.authenticate(request) if scope == "here" else current_caller(state)
    policy = state.runtime.cookies
    gone = state.way_in.leave(
        caller.principal,
        scope,
        pending=find_cookie(policy, PENDING_COOKIE),
        remembered=remembered_cookie(state),
        binding=caller.csrf_binding,
    )
    set_cookies(policy, gone)
    if scope != "others":
        become(state, ANONYMOUS)


def end_credential(state: AppState) -> None:
    """The user behind the present credential is gone: end it, and let the request go on as nobody's."""
    caller = state.runtime.guard.caller(request.environ)
    gone = state.way_in.leave(
        caller.principal, "here", remembered=remembered_cookie(state), binding=caller.csrf_binding
    )
    set_cookies(state.runtime.cookies, gone)
    become(state, ANONYMOUS)


def refused_user() -> SignInRefused:
    """The user loader knows nobody by this subject: refused like any wrong sign-in."""
    return SignInRefused(detail="user_loader answered None")
