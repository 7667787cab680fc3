"""``auth.tokens`` of a Flask application: tokens for a proof, through the one way in, and the answer that carries them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from flask import has_request_context
from werkzeug.wrappers import Response

from ostiary.flask.current import current_caller
from ostiary.flask.sign_in import evidence_of, refuse_safe_method
from ostiary.flask.state import AppState
from ostiary.kernel.duration import Duration
from ostiary.kernel.errors import NotAllowed, misconfigured
from ostiary.kernel.extra_claims import ClaimsFunction, ExtraClaims
from ostiary.kernel.factor import Evidence
from ostiary.kernel.permission import any_covers
from ostiary.kernel.plain_function import NOT_PLAIN, is_plain_function
from ostiary.kernel.principal import ANONYMOUS, Principal
from ostiary.runtime.sign_in_answer import SignInIncomplete
from ostiary.web.addresses import Addresses
from ostiary.web.headers import apply_own_headers
from ostiary.web.token_response import IssuedTokens

if TYPE_CHECKING:
    from ostiary.features.accounts import Account
    from ostiary.features.tokens.actions import TokenActions
    from ostiary.features.tokens.family_list import ListedFamily

C = TypeVar("C", bound=ClaimsFunction)


class TokenVerbs:
    """What an application does with tokens. Asking where ``Tokens()`` is not on is a ``ConfigurationError``."""

    __slots__ = ("_extra", "_find_state", "_refuse_user")

    def __init__(
        self,
        find_state: Callable[[], AppState],
        extra: ExtraClaims,
        refuse_user: Callable[[AppState, str], None],
    ) -> None:
        self._find_state = find_state
        self._extra = extra
        self._refuse_user = refuse_user

    def issue(
        self,
        who: "str | Account | Evidence",
        *,
        roles: Iterable[str] | None = None,
        scope: Iterable[str] | None = None,
        claims: Mapping[str, Any] | None = None,
        audience: str | Iterable[str] | None = None,
        access: Duration | None = None,
        refresh: Duration | None = None,
    ) -> IssuedTokens:
        """Tokens for somebody: a subject or an account the application vouches for, or the evidence of a ``verify``.

        ``roles``     roles she holds everywhere: they are narrowed to what these grant, and are good for nothing else
        ``scope``     the permissions they are narrowed to; beside ``roles``, some of those
        ``claims``    what is added to the access token, and to those it is refreshed by
        ``audience``  whom the access token is for, if not this application
        ``access``, ``refresh``  how long they live, instead of the settings' lifetimes

        Raises ``SignInRefused`` (401) and ``SignInIncomplete`` when policy wants another factor, with a ``handle`` for
        ``POST /auth/token``. A request that changes nothing gets no token for a mere subject: its cookie may be all there is.
        """
        from ostiary.features.tokens.token_wish import make_wish  # only where tokens are issued

        state = self._find_state()
        _ = self._actions(state)
        evidence = evidence_of(state, who, "app", verb="auth.tokens.issue")
        if roles is not None:
            scope = _scope_of_roles(state, evidence.subject, roles, scope)
        wish = make_wish(scope=scope, claims=claims, audience=audience, access=access, refresh=refresh)
        present = ANONYMOUS
        if has_request_context():
            if not isinstance(who, Evidence):
                # CVE-2021-21241: a page of anybody's could fetch, or frame, an address that answers a cookie with a token.
                refuse_safe_method("Issuing tokens needs a form.", "auth.tokens.issue")
            self._refuse_user(state, evidence.subject)
            if "sessions" in state.assembly or not isinstance(who, Evidence):
                present = current_caller(state).principal
            if not isinstance(who, Evidence) and present.subject == evidence.subject:
                # Nothing was proven but what a credential says: what comes of it carries no more than that one.
                wish = replace(wish, scope=_within(present.scope, wish.scope))
        try:
            return state.token_way_in.issue(evidence, wish, present=present).tokens
        except SignInIncomplete as incomplete:
            raise _with_next(state, incomplete) from None

    def verify(self, token: str) -> Principal:
        """Who presents this access token, by the guard's own rules. Raises ``InvalidCredential`` (401)."""
        return self._actions(self._find_state()).verify(token)

    def refresh(self, token: str, *, scope: Iterable[str] | None = None) -> IssuedTokens:
        """Exchange a refresh token; ``scope`` narrows the access token further. Raises ``InvalidGrant`` (400)."""
        return self._actions(self._find_state()).refresh(token, scope=scope)

    def revoke(self, token: str) -> None:
        """End what a refresh token or an access token stands for. One that is nobody's is no error (RFC 7009 §2.2)."""
        self._actions(self._find_state()).revoke(token)

    def revoke_all(self, subject: str) -> None:
        """End every token of a subject, and everything else she is signed in with, at once."""
        self._actions(self._find_state()).revoke_all(subject)

    def revoke_everybody(self) -> int:
        """End every access token and every refresh token there is: for a leak that nobody knows the extent of.

        Sessions and API keys go on. The answer is how many families of refresh tokens there were.
        """
        return self._actions(self._find_state()).revoke_everybody()

    def families(self, subject: str) -> "list[ListedFamily]":
        """The programs and browsers that hold a refresh token of a subject, the newest first."""
        return self._actions(self._find_state()).list(subject)

    def end_family(self, id: str, *, subject: str | None = None) -> bool:
        """End one family of refresh tokens with its access tokens. With ``subject``, only hers. False: there was none."""
        return self._actions(self._find_state()).end_family(id, subject=subject)

    def claims(self, fn: C) -> C:
        """Add to every access token what ``fn(principal)`` answers. A decorator, for a plain function.

        A registered claim cannot be overwritten, and what is answered is copied.
        """
        if not is_plain_function(fn):
            what = f"@auth.tokens.claims stands above {fn.__name__}, which is {NOT_PLAIN}"
            raise misconfigured("async_claims", what, "make it a plain function")
        self._extra.function = fn
        return fn

    @staticmethod
    def _actions(state: AppState) -> "TokenActions":
        from ostiary.features.tokens.actions import TokenActions  # only if the feature is on

        return state.runtime.action("tokens", TokenActions)


def _within(narrowed: frozenset[str] | None, wished: frozenset[str] | None) -> frozenset[str] | None:
    """The scope that is wished for, as far as a credential has it. Raises ``NotAllowed`` if that is nothing."""
    if narrowed is None:
        return wished
    found = narrowed if wished is None else frozenset(one for one in wished if any_covers(narrowed, one))
    if not found:
        raise NotAllowed(detail="a narrowed credential asked for tokens of nothing that it has")
    return found


def _scope_of_roles(state: AppState, subject: str, roles: Iterable[str], scope: Iterable[str] | None) -> frozenset[str]:
    if "roles" not in state.assembly:
        what = "auth.tokens.issue(roles=…) is used, and nothing here grants roles"
        raise misconfigured("feature_not_on", what, "add Roles({…}) to the features")
    from ostiary.features.roles import RoleActions  # they are on

    return state.runtime.action("roles", RoleActions).scope_of(subject, roles, within=scope)


def answer_tokens(state: AppState, evidence: Evidence, handle: str | None) -> Response:
    """The answer of ``POST /auth/token``: tokens, whatever else is on. Reads no cookie and sets none."""
    from ostiary.features.tokens.token_wish import TokenWish  # tokens are on

    try:
        issue = state.token_way_in.issue(evidence, TokenWish(), handle=handle)
    except SignInIncomplete as incomplete:
        raise _with_next(state, incomplete) from None
    response = issue.tokens.response()
    apply_own_headers(response)
    return response


def _with_next(state: AppState, incomplete: SignInIncomplete) -> SignInIncomplete:
    addresses = state.runtime.resources[Addresses]  # type: ignore[type-abstract] # found by the protocol it fulfils
    if addresses.has("token"):
        incomplete.members = {**incomplete.members, "next": addresses.path("token")}
    return incomplete
