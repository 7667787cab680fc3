"""Open redirects: where ``next`` may lead, and which origins are our own.

The one URL policy of an application. A target is either a path on our own origin or an absolute URL whose
origin is, exactly, the public URL or a trusted origin. Whatever a browser might read otherwise than
we do is refused rather than repaired: backslashes, control characters, dot segments, a second slash in
front, also after percent-decoding once. What remains is written in plain ASCII, ready for ``Location``.
Law: WHATWG URL §4.4, RFC 3986 §5.2.4; ASVS V3.7.2, V1.5.3, V1.2.2.
"""

import re
from collections.abc import Mapping
from enum import Enum
from typing import Any, Final, TypeAlias
from urllib.parse import quote, unquote_to_bytes

from ostiary.kernel.dataclass import dataclass
from ostiary.web.host import request_origin
from ostiary.web.origin import Origin, find_origin

# A target travels in cookies of 4096 bytes and in header fields of 8190; percent-encoding counts.
_LONGEST: Final = 2_048

# C0 and C1 controls, DEL, and the two Unicode line ends. Browsers drop tab and newline anywhere in a URL
# (WHATWG URL §4.4), which turns "/\t/evil.test" into "//evil.test".
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ENCODED_CONTROL: Final = re.compile(r"%(?:[01][0-9a-f]|7f)", re.ASCII | re.IGNORECASE)
_STRAY_PERCENT: Final = re.compile(r"%(?![0-9a-f]{2})", re.ASCII | re.IGNORECASE)
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*:", re.ASCII | re.IGNORECASE)
_ABSOLUTE: Final = re.compile(r"(https?://[^/?#]*)(.*)", re.ASCII | re.IGNORECASE | re.DOTALL)

# What may stay as it is in each part. "%" is there because what is already encoded is not encoded again.
_SAFE_IN_PATH: Final = "%!$&'()*+,/:;=@"
_SAFE_IN_QUERY: Final = "%!$&'()*+,/:;=?@"


class Reason(Enum):
    """Why a target is refused; the value is a stable word for logs."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    CONTROL_CHARACTER = "control_character"
    SPACE_AROUND = "space_around"
    BACKSLASH = "backslash"
    NOT_TEXT = "not_text"
    SCHEME = "scheme"
    FOREIGN_ORIGIN = "foreign_origin"
    NOT_A_PATH = "not_a_path"
    DOUBLE_SLASH = "double_slash"
    DOT_SEGMENT = "dot_segment"


@dataclass(frozen=True, slots=True)
class Target:
    """Somewhere a redirect may lead: ``location`` is ASCII, percent-encoded, and safe in a header field.

    ``origin`` is None for a path on the origin the request came to.
    """

    location: str
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A target that is refused, and why."""

    reason: Reason


TargetDecision: TypeAlias = Target | Refused


@dataclass(frozen=True, slots=True)
class UrlPolicy:
    """Which origins are ours, and where a redirect may lead.

    ``public_url`` is None only in development; then the origin the request came to stands in, where a
    request (its ``environ``) is given. ``trusted_proxies`` is the number of proxies that may name it.
    """

    public_url: Origin | None
    trusted_origins: frozenset[Origin] = frozenset()
    trusted_proxies: int = 0

    def own_origin(self, environ: Mapping[str, Any] | None = None) -> Origin | None:
        """The public URL; in development the origin that the request came to."""
        if self.public_url is None and environ is not None:
            return request_origin(environ, self.trusted_proxies)
        return self.public_url

    def is_own_origin(self, origin: str, environ: Mapping[str, Any] | None = None) -> bool:
        """Whether an ``Origin`` header field names the public URL or a trusted origin. ``null`` is nobody."""
        parsed = find_origin(origin)
        return parsed is not None and self._is_ours(parsed, environ)

    def is_trusted_origin(self, origin: str) -> bool:
        """Whether an ``Origin`` header field names one of the trusted origins; the public URL is not one."""
        return find_origin(origin) in self.trusted_origins

    def safe_target(self, target: str | None, *, default: str, environ: Mapping[str, Any] | None = None) -> str:
        """Where to go: the target if it is allowed, else the default, else ``/``.

        The default is checked too, since it is often built from the ``Host`` of the request. Never raises.
        """
        for choice in (target, default):
            decision = self.check_target(choice, environ) if choice is not None else None
            if isinstance(decision, Target):
                return decision.location
        return "/"

    def check_target(self, target: str, environ: Mapping[str, Any] | None = None) -> TargetDecision:
        """Whether a redirect may lead to the target, and how it is then written."""
        reason = _unreadable(target)
        if reason is not None:
            return Refused(reason)
        if target[0] == "/":
            return _check_path(target, None)
        if _SCHEME.match(target) is None:
            return Refused(Reason.NOT_A_PATH)
        absolute = _ABSOLUTE.fullmatch(target)
        if absolute is None:
            # javascript:, data:, and https:evil.test, which a browser reads as https://evil.test.
            return Refused(Reason.SCHEME)
        origin = find_origin(absolute[1])
        if origin is None or not self._is_ours(origin, environ):
            return Refused(Reason.FOREIGN_ORIGIN)
        rest = absolute[2]
        return _check_path(rest if rest[:1] == "/" else f"/{rest}", origin)

    def _is_ours(self, origin: Origin, environ: Mapping[str, Any] | None) -> bool:
        return origin in self.trusted_origins or origin == self.own_origin(environ)


def _unreadable(target: str) -> Reason | None:
    """What no target may have anywhere, whatever kind it is."""
    if not target:
        return Reason.EMPTY
    if len(target) > _LONGEST:
        return Reason.TOO_LONG
    if _CONTROL.search(target) or _ENCODED_CONTROL.search(target):
        # Encoded ones too (%0d%0a, %00): something behind us may decode before it writes a header field.
        return Reason.CONTROL_CHARACTER
    if target[0].isspace() or target[-1].isspace():
        return Reason.SPACE_AROUND
    if "\\" in target:
        # WHATWG URL §4.4: in http and https a backslash is a slash.
        return Reason.BACKSLASH
    return None


def _check_path(text: str, origin: Origin | None) -> TargetDecision:
    """Check path, query and fragment; ``text`` begins with a slash."""
    text = _STRAY_PERCENT.sub("%25", text)
    rest, _, fragment = text.partition("#")
    path, _, query = rest.partition("?")
    try:
        # Strict UTF-8: %c0%af is an overlong slash to a careless decoder, and a lone surrogate has no bytes.
        decoded = unquote_to_bytes(path).decode()
        encoded = quote(path, safe=_SAFE_IN_PATH)
        encoded += "?" + quote(query, safe=_SAFE_IN_QUERY) if query else ""
        encoded += "#" + quote(fragment, safe=_SAFE_IN_QUERY + "#") if fragment else ""
    except UnicodeError:
        return Refused(Reason.NOT_TEXT)
    if decoded.startswith("//"):
        return Refused(Reason.DOUBLE_SLASH)
    if "\\" in decoded:
        return Refused(Reason.BACKSLASH)
    # A browser has resolved "." and ".." (also as %2e) before it asks, so an address of ours never has them;
    # "/.//evil.test" is one that a later normalisation would turn into "//evil.test".
    if any(segment in (".", "..") for segment in decoded.split("/")):
        return Refused(Reason.DOT_SEGMENT)
    prefix = "" if origin is None else str(origin)
    if len(prefix) + len(encoded) > _LONGEST:
        return Refused(Reason.TOO_LONG)
    return Target(prefix + encoded, origin)
