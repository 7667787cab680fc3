"""Security headers: what our own pages and answers carry, and how caches are kept from people's data.

Our pages carry a Content-Security-Policy with a nonce, may not be framed, and say nothing about versions. The
application's own pages keep the application's headers: there we only keep caches away from what belongs
to somebody. Law: CSP Level 3, RFC 9111 §5.2.2; ASVS V3.4, V3.5.7, V3.5.8, V14.2.2, V14.3.2.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final, Literal

from werkzeug.wrappers import Response

# CSP Level 3 §2.3.1 base64-value. 128 bits are 22 characters (ASVS V3.4.3 wants a nonce for each response).
_NONCE: Final = re.compile(r"[A-Za-z0-9+/_-]{22,128}={0,2}", re.ASCII)
_DIRECTIVE: Final = re.compile(r"[a-z-]{3,40}", re.ASCII)
# A semicolon or a comma would begin another directive or another policy.
_SOURCE: Final = re.compile(r"[\x21-\x2b\x2d-\x3a\x3c-\x7e]{1,300}", re.ASCII)

# Beside Cache-Control, what a gateway or a CDN obeys instead of it: RFC 9213 §2.1, and what was there before it.
_FOR_GATEWAYS: Final = frozenset({"surrogate-control", "edge-control", "x-accel-expires"})
_ABOUT_CACHES: Final = frozenset({"vary", *_FOR_GATEWAYS})
_CACHE_CONTROL: Final = "cache-control"
# What nearly every answer has, as Werkzeug spells it, says nothing about caches.
_USUAL: Final = frozenset({"Content-Type", "Content-Length"})
_KEPT_BY_NOBODY_ELSE: Final = frozenset({"private", "no-store"})

_OWN_HEADERS: Final = (
    ("X-Content-Type-Options", "nosniff"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)


def apply_own_headers(
    response: Response,
    *,
    nonce: str | None = None,
    extend: Mapping[str, tuple[str, ...]] | None = None,
    referrer: Literal["same-origin", "no-referrer"] = "same-origin",
) -> None:
    """Give one of our own answers the headers it must have, whatever it had before.

    ``nonce`` is the one in the page's ``<script>`` and ``<style>`` elements. ``extend`` adds sources to the policy:
    ``{"img-src": ("https://cdn.example",)}``, or ``{"form-action": ("https://client.example",)}`` where a
    form is answered by a redirect there, which browsers count as its target. ``referrer`` is ``"no-referrer"`` on a
    page whose address carries a token or a code. Raises ``ValueError`` for a nonce or a source that could
    break out of the header field.
    """
    page = response.mimetype == "text/html"
    response.headers["Content-Security-Policy"] = content_security_policy(page=page, nonce=nonce, extend=extend or {})
    response.headers["Referrer-Policy"] = referrer
    for name, value in _OWN_HEADERS:
        response.headers[name] = value


def let_caches_keep(response: Response, seconds: int) -> None:
    """Let anybody keep a document that is the same for everybody, and ask afterwards whether it has changed."""
    response.headers["Cache-Control"] = f"public, max-age={seconds}"
    # RFC 9110 §8.8.3: of the bytes, so that every process gives the same.
    response.add_etag()
    # Services on other sites read it as well.
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"


def protect_from_caches(response: Response, *, header: str = "Cookie") -> Response:
    """Keep caches from giving one person's answer to another.

    For an application's response to a request with a credential, which came in this ``header``. The view's own
    ``Cache-Control`` stays if it says ``private`` or ``no-store``; anything else becomes ``no-store``, and what a gateway
    would obey instead of it goes. The answer is the response itself, as Flask's hooks want it.
    """
    headers = response.headers
    for name, _ in headers:
        if name in _USUAL:
            continue
        field = name.lower()
        if field in _ABOUT_CACHES or field.endswith(_CACHE_CONTROL):
            break
    else:
        # On the way of nearly every guarded request: the view said nothing of caches.
        if header != "Authorization":
            # Also when the view only asked whether anybody is signed in (CVE-2023-30861). Authorization is not named (RFC 9110
            # §12.5.5): no shared cache gives what came for one to another (RFC 9111 §3.5), and a private one keeps nothing
            # that says no-store.
            headers.add("Vary", header)
        headers.add("Cache-Control", "no-store")
        return response
    _vary_on(response, header)
    # RFC 9110 §5.3: several fields of one name are one list.
    if not _is_for_one(", ".join(headers.getlist("Cache-Control"))):
        headers["Cache-Control"] = "no-store"
    # RFC 9213 §2.2: whoever a targeted field is for ignores Cache-Control.
    for name in {name for name, value in headers if _is_targeted(name.lower()) and not _is_for_one(value)}:
        del headers[name]
    return response


def _is_targeted(field: str) -> bool:
    return field in _FOR_GATEWAYS or (field.endswith(_CACHE_CONTROL) and field != _CACHE_CONTROL)


def _is_for_one(value: str) -> bool:
    """Whether a field's directives let nobody but the caller's own browser keep the answer."""
    directives = {part.strip().lower() for part in value.split(",")}
    # RFC 9111 §5.2.2.7: private="Set-Cookie" is about that field only, and lets a shared cache keep the rest.
    # "public" beside them is a contradiction, and caches differ in what they make of it.
    return bool(directives & _KEPT_BY_NOBODY_ELSE) and "public" not in directives


def vary_on_credentials(response: Response, fields: Iterable[str]) -> None:
    """Tell caches that the answer depends on these fields of a request, also when they say that nobody is signed in."""
    for field in fields:
        _vary_on(response, field)


def _vary_on(response: Response, name: str) -> None:
    given = response.headers.getlist("Vary")
    names = {part.strip().lower() for value in given for part in value.split(",")}
    if name.lower() not in names and "*" not in names:
        response.headers["Vary"] = ", ".join([*given, name])


def content_security_policy(*, page: bool, nonce: str | None = None, extend: Mapping[str, tuple[str, ...]]) -> str:
    """The policy of one of our answers. Raises ``ValueError`` for a nonce or a source that could break out of it."""
    directives: dict[str, list[str]] = {
        "default-src": ["'none'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
    }
    if page:
        # data: for the QR code of an authenticator.
        directives |= {"img-src": ["'self'", "data:"], "connect-src": ["'self'"], "font-src": ["'self'"]}
        if nonce is not None:
            if _NONCE.fullmatch(nonce) is None:
                message = "a nonce is at least 22 characters of base64"
                raise ValueError(message)
            # Our style sheet is a file of its own, which a browser keeps; a script needs the nonce.
            directives |= {"script-src": [f"'nonce-{nonce}'"], "style-src": ["'self'", f"'nonce-{nonce}'"]}
    else:
        # Data that somebody opens as a document does nothing at all (ASVS V3.2.1).
        directives |= {"form-action": ["'none'"], "sandbox": []}
    for directive, sources in extend.items():
        if _DIRECTIVE.fullmatch(directive) is None or not all(_SOURCE.fullmatch(source) for source in sources):
            message = f"{directive!r} {sources!r} cannot stand in a Content-Security-Policy"
            raise ValueError(message)
        kept = [source for source in directives.get(directive, []) if source != "'none'"]
        directives[directive] = [*kept, *sources]
    return "; ".join([" ".join([name, *sources]) for name, sources in directives.items()])
