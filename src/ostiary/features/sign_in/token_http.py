"""``POST /auth/token``: every sign-in method for programs, factor by factor, without a cookie; and who is signed in.

The first step is the proof of a method, ``{"identifier": …, "password": …}``. Where policy wants another factor the answer
names a ``handle``, and the next step is ``{"handle": …, "method": "totp", …}``. It is no OAuth grant: RFC 9700 §2.4 has no
password grant, and this is for an application's own clients.
"""

from typing import Any, Final

from ostiary.features.sign_in.http import METHOD, find_method
from ostiary.features.sign_in.sealed_pending import LONGEST_HANDLE
from ostiary.kernel.errors import MalformedRequest
from ostiary.kernel.principal import Principal
from ostiary.web.body import read_fields
from ostiary.web.route import Answer, Call, Route

HANDLE: Final = "handle"


def prove_for_tokens(call: Call) -> Answer:
    """Prove what was sent; the adapter issues tokens, or answers what is still needed."""
    fields = read_fields(call.request)
    if "grant_type" in fields:
        # RFC 9700 §2.4, RFC 6749 §5.2: whoever comes with an OAuth library is told in its words.
        message = "This address takes a sign-in method's own fields, and no OAuth grant."
        raise MalformedRequest(
            message, code="unsupported_grant_type", members={"error": "unsupported_grant_type", "field": "grant_type"}
        )
    method = find_method(call, fields.text(METHOD, required=False, max_length=32))
    handle = fields.optional_text(HANDLE, max_length=LONGEST_HANDLE)
    return Answer(issues=method.prove(call), handle=handle)


def show_session(call: Call) -> Answer:
    """Who is calling, and the CSRF token of her pages; nobody is no error."""
    if call.principal:
        return Answer(facts={"principal": principal_facts(call.principal)}, csrf=True)
    # The token of her cookie is over, and can be renewed: a page that took this for "nobody" would show her signed out.
    expired = {"expired": True} if call.caller.renewable is not None else {}
    return Answer(facts={"principal": None, **expired}, csrf=True)


def principal_facts(principal: Principal) -> dict[str, Any]:
    """A principal as its own pages may know it."""
    return {
        "subject": principal.subject,
        "kind": principal.kind,
        "via": principal.credential.kind if principal.credential is not None else None,
        "factors": [{"kind": one.kind, "at": one.proven_at.isoformat()} for one in principal.factors],
        "scope": None if principal.scope is None else sorted(principal.scope),
    }


TOKEN_ROUTES: Final = (
    Route(
        rule="/token",
        endpoint="token",
        method="POST",
        answer=prove_for_tokens,
        requires=None,
        reads_credentials=False,
        about="Tokens for a proof: the fields of a sign-in method, `method` where there are several, and `handle` of the step "
        "before. No cookie is read or set.",
    ),
)
SESSION_ROUTES: Final = (
    Route(
        rule="/session",
        endpoint="session",
        method="GET",
        answer=show_session,
        requires=None,
        about="Who is signed in, or null, and a CSRF token; `expired` where a token cookie can be renewed.",
    ),
)
