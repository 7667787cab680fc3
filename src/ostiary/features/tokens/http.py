"""The addresses of tokens: refreshing them, revoking one, who holds one, and signing out of token cookies.

A program sends its refresh token in the body. A browser's travels in a cookie that is sent to the address of refreshing and
to no other, and then the request has to come from our own pages.
"""

from typing import Any, Final

from ostiary.features.tokens.access_token import AccessTokens
from ostiary.features.tokens.actions import Issue, TokenActions
from ostiary.features.tokens.csrf_binding import binding_of, family_of_binding
from ostiary.features.tokens.grant_errors import InvalidGrant, InvalidScope
from ostiary.features.tokens.token_cookies import ACCESS_COOKIE, REFRESH_COOKIE, REFRESH_ENDPOINT, TokenCookies
from ostiary.kernel.clock import Clock, Millis
from ostiary.kernel.errors import AuthError, MalformedRequest
from ostiary.kernel.permission import is_permission_pattern
from ostiary.kernel.requirement import Requirement, any_of
from ostiary.kernel.rotating_token import parse_rotating_token
from ostiary.web.addresses import Addresses
from ostiary.web.body import Fields, read_fields
from ostiary.web.route import Answer, Call, Route

SCOPES: Final = ("here", "others", "everywhere")
# As for sessions: an API key neither signs its owner out nor looks after her tokens, and no narrowed token does.
_BY_PERSON: Final = Requirement(via=any_of("session", "bearer"))

# RFC 6749 §3.3, and the most that an access token carries.
_LONGEST_SCOPE: Final = 4_096


def refresh_tokens(call: Call) -> Answer:
    """Exchange a refresh token: of the body for tokens in the answer, of the cookie for cookies."""
    fields = read_fields(call.request)
    _check_grant_type(fields)
    presented = fields.optional_text("refresh_token")
    scope = fields.optional_text("scope", max_length=_LONGEST_SCOPE)
    wanted = None if scope is None else scope.split()
    if wanted is not None and not all(map(is_permission_pattern, wanted)):
        # RFC 6749 §5.2: malformed is one sort of invalid_scope.
        raise InvalidScope("The scope cannot be read.")
    actions = call.resources[TokenActions]
    if presented is not None:
        return Answer(facts=actions.exchange(presented, scope=wanted).tokens.as_json())
    cookies = call.resources.find(TokenCookies)
    if cookies is None:
        message = "The field 'refresh_token' is missing."
        raise MalformedRequest(message, members={"field": "refresh_token", "error": "invalid_request"})
    return _refresh_cookies(call, actions, cookies)


def _refresh_cookies(call: Call, actions: TokenActions, cookies: TokenCookies) -> Answer:
    text = call.cookie(REFRESH_COOKIE, path=cookies.refresh_path)
    token = None if text is None else parse_rotating_token(text)
    # Before anything is spent, and also where there is nothing to spend: another site learns nothing by trying.
    call.check_csrf(None if token is None else binding_of(token.id, ""))
    now = call.resources[Clock].now()  # type: ignore[type-abstract] # found by the protocol it fulfils
    if text is None or token is None or not _belong_together(call, token.id, now):
        return _nobody(cookies)
    try:
        issue = actions.exchange(text)
    except InvalidGrant:
        return _nobody(cookies)
    return Answer(facts=_cookie_facts(issue), cookies=cookies.of(issue, now))


def _belong_together(call: Call, family: str, now: Millis) -> bool:
    """Whether the browser's two cookies are of one family, as far as it has both.

    A sibling subdomain can plant the refresh cookie, which its path keeps from being a __Host- one, and so have a victim
    renewed as the attacker; the access cookie it cannot.
    """
    access = call.cookie(ACCESS_COOKIE)
    return access is None or call.resources[AccessTokens].find_family(access, now=now) in (None, family)


def _nobody(cookies: TokenCookies) -> Answer:
    """The refusal of a browser's refresh token, which takes its cookies along."""
    refused = InvalidGrant(detail="a browser's")
    facts = {"code": refused.code, "title": refused.public_message, "status": refused.status, **refused.members}
    return Answer(facts=facts, status=refused.status, cookies=cookies.cleared())


def _cookie_facts(issue: Issue) -> dict[str, Any]:
    # The tokens themselves stay where scripts cannot read them.
    return {"expires_in": issue.tokens.expires_in}


def _check_grant_type(fields: Fields) -> None:
    if fields.text("grant_type", required=False, max_length=64) not in ("", "refresh_token"):
        message = "The field 'grant_type' can only be refresh_token here."
        members = {"field": "grant_type", "error": "unsupported_grant_type"}
        raise MalformedRequest(message, code="unsupported_grant_type", members=members)


def revoke_token(call: Call) -> Answer:
    """End what a token stands for. RFC 7009 §2.2: also for a token that is nobody's the answer is 200."""
    fields = read_fields(call.request)
    call.resources[TokenActions].revoke(fields.text("token", max_length=8_192))
    return Answer(facts={})


def list_families(call: Call) -> Answer:
    """The programs and browsers that hold a refresh token of the caller."""
    return Answer(facts=family_facts(call), page="tokens/tokens")


def family_facts(call: Call) -> dict[str, Any]:
    """The families of the caller, for a section of the account page and for JSON."""
    current = family_of_binding(call.caller.csrf_binding)
    found = call.resources[TokenActions].list(call.principal.subject, current=current)
    return {"families": [family.as_json() for family in found]}


def end_family(call: Call) -> Answer:
    """End one of the caller's families. Somebody else's answers as one that does not exist."""
    if not call.resources[TokenActions].end_family(call.variables["id"], subject=call.principal.subject):
        raise AuthError("There is no such token.", code="not_found", status=404)
    addresses = call.addresses
    return Answer(status=204, goes_to=addresses.path("account" if addresses.has("account") else "tokens"))


def sign_out(call: Call) -> Answer:
    """Sign out of token cookies, as far as ``scope`` says."""
    scope = read_fields(call.request).optional_text("scope") or "here"
    if scope not in SCOPES:
        message = f"scope has to be one of: {', '.join(SCOPES)}."
        raise MalformedRequest(message)
    actions, family = call.resources[TokenActions], family_of_binding(call.caller.csrf_binding)
    renewed = actions.leave(call.principal, family, scope)
    addresses = call.resources[Addresses]  # type: ignore[type-abstract] # found by the protocol it fulfils
    cookies = call.resources.find(TokenCookies)
    now = call.resources[Clock].now()  # type: ignore[type-abstract]
    return Answer(
        status=204,
        signed_out=scope != "others",
        goes_to=addresses.path("sign_in", why="signed_out") if addresses.has("sign_in") else "/",
        cookies=cookies.of(renewed, now) if renewed is not None and cookies is not None else (),
    )


REFRESH_ROUTES: Final = (
    Route(
        rule="/token/refresh",
        endpoint=REFRESH_ENDPOINT,
        method="POST",
        answer=refresh_tokens,
        requires=None,
        reads_credentials=False,
        # A client refreshes once in an access token's life; a thousand behind one address stay below it.
        limit="300/1m",
        about="Exchange a refresh token: `refresh_token`, and `scope` to narrow the access token; or the browser's cookie.",
    ),
    Route(
        rule="/token/revoke",
        endpoint="revoke_token",
        method="POST",
        answer=revoke_token,
        requires=None,
        reads_credentials=False,
        limit="300/1m",
        about="Revoke a `token`, of either kind (RFC 7009). Always 200.",
    ),
    Route(
        rule="/tokens",
        endpoint="tokens",
        method="GET",
        answer=list_families,
        requires=_BY_PERSON,
        about="The programs and browsers that hold a refresh token of the caller.",
    ),
    Route(
        rule="/tokens/<id>",
        endpoint="end_tokens",
        method="DELETE",
        answer=end_family,
        requires=_BY_PERSON,
        about="End one of them, with its access tokens.",
    ),
    Route(
        rule="/tokens/<id>",
        endpoint="end_tokens",
        method="POST",
        answer=end_family,
        requires=_BY_PERSON,
        about="The same, for forms.",
    ),
)
SIGN_OUT_ROUTES: Final = (
    Route(
        rule="/sign-out",
        endpoint="sign_out",
        method="POST",
        answer=sign_out,
        requires=_BY_PERSON,
        about='Sign out: `scope` is "here" (the default), "others" or "everywhere".',
    ),
)
