"""Cross-site request forgery: a request that changes something must come from our own pages.

Browsers say where a request comes from: ``Sec-Fetch-Site`` (Fetch Metadata) or ``Origin`` (RFC 6454).
Where both are silent, a token bound to the credential decides; a token that is wrong always refuses.
``OSTIARY_CSRF="token"`` demands both. Source: OWASP Cross-Site Request Forgery Prevention.
"""

import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING, Final, Literal

from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.key_ring import KeyRing
from ostiary.web.body import FORM, MULTIPART, read_form

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from werkzeug.wrappers import Request

    from ostiary.web.url_policy import UrlPolicy

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""The methods that change nothing (RFC 9110 §9.2.1)."""

FIELD: Final = "ostiary_csrf"
HEADER: Final = "X-Ostiary-CSRF"
"""Where the token travels. Names of our own, so that another library's token is never taken for a wrong one."""

_ENVIRON_HEADER: Final = "HTTP_X_OSTIARY_CSRF"
_PURPOSE: Final = "csrf"
_BYTES: Final = 32
# Twice 32 bytes in base64url, without padding.
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{86}", re.ASCII)
# What is read of an application's own form to find the token: above any form of fields, below any harm.
_LARGEST_FORM: Final = 4 * 1024 * 1024
_COOKIE_LOST: Final = "Your browser did not send our cookie back. Allow cookies for this site, and use the address that begins with https."
_SIGNED_IN_ELSEWHERE: Final = (
    "You have signed in or out in another tab since this page was loaded. Go back, reload the page and try again."
)


def names_another_site(environ: "WSGIEnvironment") -> bool:
    """Whether the browser says that a page of another site began this request, be it only a link that was followed."""
    # "none" is a navigation that no site began.
    return environ.get("HTTP_SEC_FETCH_SITE") not in (None, "none", "same-origin")


@dataclass(frozen=True, slots=True)
class CsrfReason:
    """Why a request was refused: a stable code, in development a hint with the cure, and what a person is told instead
    of the usual sentence.
    """

    code: str
    hint: str | None = None
    message: str | None = None


class CsrfPolicy:
    """Decides whether a request comes from our own pages, and makes the tokens."""

    __slots__ = ("_development", "_key_ring", "_mode", "_urls")

    def __init__(
        self, key_ring: KeyRing, urls: "UrlPolicy", *, mode: Literal["metadata", "token"], development: bool
    ) -> None:
        self._key_ring = key_ring
        self._urls = urls
        self._mode = mode
        self._development = development

    def token(self, binding: str) -> str:
        """A token for one credential: HMAC over its binding, masked anew each time.

        The mask keeps a compressed page from leaking it byte by byte (BREACH).
        """
        mac = self._key_ring.mac(_PURPOSE, binding.encode())
        mask = secrets.token_bytes(_BYTES)
        masked = bytes(a ^ b for a, b in zip(mask, mac, strict=True))
        return urlsafe_b64encode(mask + masked).rstrip(b"=").decode()

    def token_is_right(self, token: str, binding: str) -> bool:
        """Whether the token was made for this binding, by any key of the ring."""
        # Matched first: urlsafe_b64decode drops characters it does not know.
        if _TOKEN.fullmatch(token) is None:
            return False
        raw = urlsafe_b64decode(token + "==")
        mac = bytes(a ^ b for a, b in zip(raw[:_BYTES], raw[_BYTES:], strict=True))
        return self._key_ring.verify_mac(_PURPOSE, binding.encode(), mac)

    def check(self, request: "Request", binding: str | None) -> CsrfReason | None:
        """Why this request is refused, or None. ``binding`` is the one of the credential that won."""
        environ = request.environ
        site = environ.get("HTTP_SEC_FETCH_SITE")
        origin = environ.get("HTTP_ORIGIN")
        reason = self._metadata_reason(request, site, origin)
        # Reading a form that was uploaded in parts takes it away from a view that streams it, so it is
        # read only where the token decides.
        token = _read_token(request, parts=reason is not None or self._mode == "token")
        if token is not None and (binding is None or not self.token_is_right(token, binding)):
            return _wrong_token(from_our_pages=reason is None, binding=binding)
        if reason is None:
            return CsrfReason("token_missing") if self._mode == "token" and token is None else None
        if reason.code == "no_metadata" and token is not None:
            return None
        return reason

    def check_cross_site(self, request: "Request") -> CsrfReason | None:
        """Why this request is refused if a page of another site had it sent, whoever it is; None for one that says nothing.

        For what programs may do as well, which have neither a token nor a browser that says where they come from.
        """
        # A page asks before it sends JSON to another origin (Fetch §3.3.5), and the application has let it.
        if request.method in SAFE_METHODS or request.is_json:
            return None
        origin = request.environ.get("HTTP_ORIGIN")
        reason = self._metadata_reason(request, request.environ.get("HTTP_SEC_FETCH_SITE"), origin)
        if reason is not None and reason.code == "no_metadata":
            # A page in a sandbox says "null"; a program says nothing.
            return CsrfReason("foreign_origin", reason.hint) if origin == "null" else None
        return reason

    def _metadata_reason(self, request: "Request", site: str | None, origin: str | None) -> CsrfReason | None:
        """What the browser says of where the request comes from; None if it is ours."""
        if site == "same-origin":
            return None
        # "none" is a navigation that no site began: it says as little as an older browser's silence.
        another_site = site not in (None, "none")
        if origin is not None and origin != "null":
            # A trusted origin of ours is another origin to the browser, so it says same-site or cross-site.
            ours = self._urls.is_trusted_origin(origin) if another_site else self._is_ours(request, origin)
            return None if ours else CsrfReason("foreign_origin", self._hint(origin))
        # A site that is named and not ours is refused, token or not; silence can be mended by a token.
        return CsrfReason("foreign_site" if another_site else "no_metadata", self._hint(origin))

    def _is_ours(self, request: "Request", origin: str) -> bool:
        return self._urls.is_own_origin(origin, request.environ)

    def _hint(self, origin: str | None) -> str | None:
        if not self._development:
            return None
        if origin is None or origin == "null":
            return f"no Origin and no Sec-Fetch-Site: put {{{{ auth.csrf_field() }}}} into the form, or send {HEADER}"
        return f"{origin} is not the origin of this application; if it is yours, add it to OSTIARY_TRUSTED_ORIGINS"


def _wrong_token(*, from_our_pages: bool, binding: str | None) -> CsrfReason:
    """A token that is for nobody here. To who comes from our own page it is told how that can be."""
    if not from_our_pages:
        return CsrfReason("wrong_token")
    if binding is None:
        # The page set a cookie that the token belongs to.
        return CsrfReason("cookie_lost", message=_COOKIE_LOST)
    return CsrfReason("wrong_token", message=_SIGNED_IN_ELSEWHERE)


def _read_token(request: "Request", *, parts: bool) -> str | None:
    header: str | None = request.environ.get(_ENVIRON_HEADER)
    if header is not None:
        return header
    if request.mimetype == FORM or (parts and request.mimetype == MULTIPART):
        # An upload is the application's own business, and bounded by its own settings; only ours is bounded here.
        form = request.form if request.mimetype == MULTIPART else read_form(request, max_bytes=_LARGEST_FORM)
        return form.get(FIELD)
    return None
