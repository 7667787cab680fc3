"""Cookies: ``__Host-`` names, strict attributes, and a reader that notices a doubled cookie.

A sibling subdomain, or a page over plain HTTP, can plant a cookie of any ordinary name (cookie tossing).
Browsers guard names with a prefix (RFC 6265bis §4.1.3). Where two of one name arrive all the
same, neither is believed. Law: ASVS V3.3.1 to V3.3.5.
"""

import re
from collections.abc import Mapping
from dataclasses import field
from enum import Enum
from typing import Any, Final, Literal, TypeAlias

from werkzeug.http import dump_cookie
from werkzeug.wrappers import Response

from ostiary.kernel.dataclass import dataclass
from ostiary.web.origin import NotAnOrigin, parse_origin

SameSite: TypeAlias = Literal["Lax", "Strict", "None"]

# RFC 6265bis §5.6: browsers ignore a cookie whose name and value together exceed this.
_LONGEST: Final = 4_096
# What a browser sends is far below; servers refuse more than this in one field. Longer is nobody's cookie.
_LONGEST_HEADER: Final = 65_536

# RFC 9110 §5.6.2 token; RFC 6265 §4.1.1 cookie-octet. What we write never needs quoting, which readers disagree on.
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}", re.ASCII)
_VALUE: Final = re.compile(r"[!#-+\--:<-\[\]-~]*", re.ASCII)
# RFC 6265bis §4.1.1 path-value, of those that an address of ours has.
_PATH: Final = re.compile(r"/[A-Za-z0-9_.~%/-]{0,200}", re.ASCII)

COOKIE_PREFIX: Final = "ostiary"
"""What the stem of every cookie of ours begins with, and its name too unless the application chose another word."""

DEVICE_COOKIE: Final = "ostiary_device"
"""The stem of the cookie that says who has signed in on a browser. Features make it, and the adapter reads it with the client."""

EVERYWHERE: Final = "/"
"""The path of a cookie that is sent to every address of the site."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CookieToSet:
    """A cookie for the browser, by its stem; ``value`` None clears it; ``max_age`` in seconds, None for a session cookie.

    ``path`` is the one address it is sent to, with what lies below it; everywhere unless it says so.
    """

    stem: str
    value: str | None = field(repr=False)
    max_age: int | None = None
    path: str = EVERYWHERE


class Doubled(Enum):
    """The answer of ``read_cookie`` where a request carries a cookie more than once."""

    DOUBLED = "doubled"


DOUBLED: Final = Doubled.DOUBLED


@dataclass(frozen=True, slots=True)
class CookiePolicy:
    """How cookies are named and written.

    ``development`` allows plain HTTP: no prefix, no ``Secure``. ``domain`` shares cookies with its subdomains,
    at the price of ``__Host-``: any of them may then write over them. ``application`` stands in every name for ``ostiary``,
    so that two applications on one host keep theirs apart.
    """

    development: bool
    domain: str | None = None
    application: str = COOKIE_PREFIX

    def __post_init__(self) -> None:
        if self.domain is not None:
            try:
                parse_origin(f"https://{self.domain}")
            except NotAnOrigin as error:
                message = f"cookie_domain {self.domain!r} is not a domain: {error}"
                raise ValueError(message) from None

    @property
    def prefix(self) -> str:
        """What every name begins with: ``__Host-``, ``__Secure-`` with a domain, nothing in development."""
        if self.development:
            return ""
        return "__Host-" if self.domain is None else "__Secure-"

    def name(self, stem: str, *, path: str = EVERYWHERE) -> str:
        """The name of a cookie: its stem behind the prefix that its path allows."""
        return f"{self._prefix(path)}{self.application}{stem.removeprefix(COOKIE_PREFIX)}"

    def _prefix(self, path: str) -> str:
        # RFC 6265bis §4.1.3.2: a __Host- cookie is sent everywhere, or the browser refuses it.
        return self.prefix if path == EVERYWHERE or self.development else "__Secure-"

    def set_cookie(
        self,
        response: Response,
        name: str,
        value: str,
        max_age: int | None = None,
        *,
        same_site: SameSite = "Lax",
        path: str = EVERYWHERE,
    ) -> None:
        """Set a cookie, once: an earlier one of that name in this response is replaced.

        ``name`` comes from ``name()``. ``max_age`` is in *seconds*; None means until the browser closes. Raises
        ``ValueError`` for a value that needs quoting, or that browsers would find too long.
        """
        if _VALUE.fullmatch(value) is None:
            message = f"the value of cookie {name} has characters that a cookie cannot carry"
            raise ValueError(message)
        if len(name) + len(value) > _LONGEST:
            message = f"cookie {name} is longer than {_LONGEST} bytes"
            raise ValueError(message)
        self._write(response, name, value, max_age, same_site, path)

    def clear_cookie(self, response: Response, name: str, *, path: str = EVERYWHERE) -> None:
        """Have the browser forget a cookie. ``name`` comes from ``name()``, and ``path`` is the one it was set for."""
        self._write(response, name, "", 0, "Lax", path)

    def _write(
        self, response: Response, name: str, value: str, max_age: int | None, same_site: SameSite, path: str
    ) -> None:
        if _PATH.fullmatch(path) is None:
            message = f"{path!r} is not the path of an address of ours"
            raise ValueError(message)
        if _NAME.fullmatch(name) is None or not name.startswith(self._prefix(path)):
            message = f"{name!r} is not a cookie name of this policy: take it from name()"
            raise ValueError(message)
        header = dump_cookie(
            name,
            value,
            max_age=max_age,
            # Max-Age is enough, and does not depend on two clocks; clearing says it in both ways.
            expires=0 if max_age == 0 else None,
            sync_expires=False,
            domain=self.domain,
            path=path,
            # Browsers refuse SameSite=None without Secure, and treat http://localhost as secure.
            secure=not self.development or same_site == "None",
            httponly=True,
            samesite=same_site,
            max_size=0,
        )
        # RFC 6265 §4.1.1: not two Set-Cookie fields of one name in a response.
        others = [other for other in response.headers.getlist("Set-Cookie") if not other.startswith(f"{name}=")]
        response.headers.setlist("Set-Cookie", [*others, header])


def read_cookie(environ: Mapping[str, Any], name: str) -> str | Literal[Doubled.DOUBLED] | None:
    """The value of a cookie, None where there is none, ``DOUBLED`` where there are several. Never raises.

    A value with other than printable ASCII, or that is too long to be ours, is ``""``: there, but nobody's credential.
    """
    # On the way of every request: one search where the cookie is absent, two where it is there once.
    header: str | None = environ.get("HTTP_COOKIE")
    if not header:
        return None
    needle = name + "="
    start = header.find(needle)
    if start < 0 or len(header) > _LONGEST_HEADER:
        return None
    if header.find(needle, start + 1) < 0 and (start == 0 or header[start - 2 : start] == "; "):
        end = header.find(";", start)
        return _checked(header[start + len(needle) : end if end >= 0 else None])
    return _read_carefully(header, needle)


def _read_carefully(header: str, needle: str) -> str | Literal[Doubled.DOUBLED] | None:
    # The text occurs somewhere: inside another value, in a nameless cookie ("=__Host-x=bad"), or several times.
    found: str | None = None
    for pair in header.split(";"):
        name_and_value = pair.lstrip(" \t")
        if name_and_value.startswith(needle):
            if found is not None:
                return DOUBLED
            found = name_and_value[len(needle) :]
    return None if found is None else _checked(found)


def _checked(value: str) -> str:
    value = value.rstrip(" \t")
    return value if len(value) <= _LONGEST and value.isascii() and value.isprintable() else ""
