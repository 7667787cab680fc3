"""Redirects: always 303 See Other, and only where the URL policy allows.

After a password was posted, 307 and 308 would make the browser post it again to the next address
(RFC 9700 §2.1 and §4.12), so they do not exist here. ``Referer`` is never a target.
"""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from werkzeug.wrappers import Response

from ostiary.kernel.errors import MalformedRequest
from ostiary.web.body import FORM_TYPES, is_query_readable, read_form
from ostiary.web.url_policy import Target, UrlPolicy

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

NEXT: Final = "next"
"""The parameter that says where a person wants to go after signing in."""

# Printable ASCII with a scheme in front. Native applications register schemes of their own (RFC 8252 §7.1).
_ADDRESS: Final = re.compile(r"([a-z][a-z0-9+.-]*):[\x21-\x5b\x5d-\x7e]+", re.ASCII | re.IGNORECASE)
# What a browser runs or shows instead of fetching (ASVS V1.2.2).
_ACTIVE_SCHEMES: Final = frozenset(
    {"javascript", "data", "vbscript", "blob", "filesystem", "file", "about", "view-source"}
)


def see_other(location: str, policy: UrlPolicy, environ: Mapping[str, Any] | None = None) -> Response:
    """A 303 to one of our own addresses. ``environ`` is the request's: in development it names the own origin.

    Raises ``MalformedRequest`` (400) where the policy refuses the location.
    """
    decision = policy.check_target(location, environ)
    if not isinstance(decision, Target):
        raise MalformedRequest(
            "The address to go to is not allowed.", detail=f"redirect refused: {decision.reason.value}"
        )
    return _redirection(decision.location)


def see_other_site(address: str) -> Response:
    """A 303 to another site, for an address that was *registered or configured*, never for one that a caller chose.

    An identity provider's authorization endpoint, a client's registered redirect URI. The address is absolute
    ASCII, percent-encoded. Raises ``MalformedRequest`` (400) where it cannot stand in a header field, or would
    be run by the browser instead of fetched.
    """
    match = _ADDRESS.fullmatch(address)
    if match is None or match[1].lower() in _ACTIVE_SCHEMES:
        raise MalformedRequest(
            "The address to go to is not allowed.", detail="redirect refused: not an address to fetch"
        )
    return _redirection(address)


def next_target(
    request: "Request", policy: UrlPolicy, default: str, *, refused: Callable[[str], None] | None = None
) -> str:
    """Where the request asks to go next, if that is allowed, else the default: always a safe location.

    Read from the query, then from the form. A form that posts to its own address may say it in both, but two
    that differ, or one place that says it twice, are nobody's wish: the default. Raises ``BodyTooLarge`` (413)
    where the form is larger than any of ours. ``refused`` is told why a target was refused, in a stable word.
    """
    asked = asked_targets(request)
    posted = read_form(request).getlist(NEXT) if request.mimetype in FORM_TYPES else []
    single = len(asked) <= 1 and len(posted) <= 1 and len({*asked, *posted}) == 1
    target = (asked or posted)[0] if single else None
    decision = policy.check_target(target, request.environ) if target is not None else None
    if isinstance(decision, Target):
        return decision.location
    if refused is not None and (asked or posted):
        refused(decision.reason.value if decision is not None else "doubled")
    return policy.safe_target(None, default=default, environ=request.environ)


def asked_targets(request: "Request") -> list[str]:
    """Where the address of the request asks to go next, unchecked; nowhere where its query cannot be read."""
    return request.args.getlist(NEXT) if is_query_readable(request) else []


def _redirection(location: str) -> Response:
    response = Response(status=303)
    response.headers["Location"] = location
    # Where somebody is sent may depend on who she is, and may carry a code.
    response.headers["Cache-Control"] = "no-store"
    return response
