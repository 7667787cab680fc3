"""Web origins: scheme, host and port, parsed strictly and compared exactly (RFC 6454, WHATWG URL).

One parser for every place that reads an origin: settings, the ``Origin`` and ``Host`` header fields,
absolute redirect targets. It accepts less than a browser does, and what it accepts a browser reads the
same way. Python's ``urlsplit`` is not asked: it finds no host where a browser finds one.
"""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

from ostiary.kernel.dataclass import dataclass

# WHATWG URL §3: the port that is left out. Also the list of schemes: no javascript:, no data: (ASVS V1.2.2).
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}

# RFC 1035 §2.3.4 allows 253 characters of host; the rest is "https://" and ":65535".
_LONGEST: Final = 270
_ORIGIN: Final = re.compile(
    r"(https?)://([^/?#\\@:\[\]\s]+|\[[0-9a-f:.]{2,45}\])(?::([0-9]{1,5}))?", re.ASCII | re.IGNORECASE
)

# WHATWG forbids neither underscore nor a leading hyphen, and container networks have both.
_LABEL: Final = re.compile(r"[a-z0-9_-]{1,63}", re.ASCII)
# WHATWG URL §3.5 "ends in a number": such a host is an IPv4 address or nothing, in any of its spellings.
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)


class NotAnOrigin(ValueError):
    """The text is not an origin. ``str()`` says what is wrong with it, for a developer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Scheme, host and port: ``https://good.test``. Two origins are the same only if all three are.

    ``port`` is None where it is the default of the scheme. ``host`` is lower case; an IPv6 address has its brackets.
    """

    scheme: str
    host: str
    port: int | None = None

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}" if self.port is None else f"{self.scheme}://{self.host}:{self.port}"


def parse_origin(text: str) -> Origin:
    """The origin that the text writes: ``https://good.test``, ``http://localhost:5173``, ``https://[::1]:8443``.

    Raises ``NotAnOrigin`` for everything else: userinfo, a path (also a lone ``/``), a query, another scheme,
    a host that is not ASCII (write the ``xn--`` form), an IPv4 address in an unusual spelling, ``null``.
    """
    if len(text) > _LONGEST:
        message = "an origin is not that long"
        raise NotAnOrigin(message)
    if not text.isascii():
        message = "an origin is ASCII: write the host in its xn-- form"
        raise NotAnOrigin(message)
    match = _ORIGIN.fullmatch(text)
    if match is None:
        message = f"{text!r} is not an origin: write scheme, host and port only, as in https://example.com"
        raise NotAnOrigin(message)
    scheme, host, port = match[1].lower(), match[2].lower(), match[3]
    return Origin(scheme=scheme, host=_parse_host(host), port=_parse_port(scheme, port))


def find_origin(text: str) -> Origin | None:
    """The origin that the text writes, or None where it writes none. Never raises."""
    try:
        return parse_origin(text)
    except NotAnOrigin:
        return None


def _parse_port(scheme: str, digits: str | None) -> int | None:
    if digits is None:
        return None
    port = int(digits)
    # A leading zero and port 0 are legal for some parsers and not for others: refuse where readers differ.
    if digits[0] == "0" or port > 65_535:
        message = f"{digits} is not a port"
        raise NotAnOrigin(message)
    return None if port == _DEFAULT_PORTS[scheme] else port


def _parse_host(host: str) -> str:
    if host[0] == "[":
        return _parse_ipv6(host[1:-1])
    labels = host.split(".")
    # "good.test." is another origin to a browser and the same machine to the resolver: refuse it.
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        message = f"{host!r} is not a host name"
        raise NotAnOrigin(message)
    if _NUMBER.fullmatch(labels[-1]):
        # 2130706433, 0x7f.1 and 127.1 are all 127.0.0.1 to a browser; only the one canonical spelling passes.
        try:
            return str(IPv4Address(host))
        except AddressValueError:
            message = f"{host!r} is not an IPv4 address in four decimal numbers"
            raise NotAnOrigin(message) from None
    return host


def _parse_ipv6(text: str) -> str:
    try:
        address = IPv6Address(text)
    except AddressValueError:
        message = f"{text!r} is not an IPv6 address"
        raise NotAnOrigin(message) from None
    mapped = address.ipv4_mapped
    if mapped is not None:
        # WHATWG URL §3.5 writes every piece in hexadecimal; Python's spelling depends on its version.
        high, low = divmod(int(mapped), 1 << 16)
        return f"[::ffff:{high:x}:{low:x}]"
    return f"[{address.compressed}]"
