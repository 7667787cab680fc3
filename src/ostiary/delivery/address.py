"""Mail addresses, parsed strictly: exactly one, with nothing beside it, or none.

What a mail is sent to stands in an SMTP command and in a header field. So there is no list, no comment,
no quoted local part and no control character here: ``a@x.test,b@y.test`` is not an address.
"""

import re
from email.headerregistry import Address as HeaderAddress
from typing import Final

import idna

from ostiary.kernel.dataclass import dataclass

# RFC 5321 §4.5.3.1: 64 octets before the @, 254 in all (256 of a path, less its angle brackets).
_LONGEST_LOCAL: Final = 64
_LONGEST: Final = 254
# RFC 5322 §3.2.3, atext and dots, and beyond ASCII whatever RFC 6532 allows. Dots may stand anywhere: some providers
# gave away such addresses. No quoted strings: nobody has one, and attackers do.
_LOCAL: Final = re.compile(r"[^\s@<>()\[\]\\,;:\"\x00-\x20\x7f-\xa0]+")
_LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.ASCII)
_WITH_NAME: Final = re.compile(r"(?:\"(?P<quoted>[^\"\\]*)\"\s*|(?P<plain>[^\"\\<>@,;:()\[\]]*))<(?P<address>[^<>]*)>")


class NotAnAddress(ValueError):
    """The text is not one mail address. ``str()`` says what is wrong with it, and never shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Whom mail comes from: an address, and the name that is shown for it."""

    address: str
    name: str = ""

    @property
    def domain(self) -> str:
        """The part behind the @."""
        return self.address.rpartition("@")[2]

    def as_header(self) -> HeaderAddress:
        """What the header field From holds."""
        return header_address(self.address, name=self.name)


def parse_address(text: str) -> str:
    """The address, its domain in lower case and in its ASCII form (RFC 5890). Raises ``NotAnAddress``."""
    # The length first: nothing below should ever see a megabyte.
    if len(text) > _LONGEST:
        message = "an address has at most 254 characters"
        raise NotAnAddress(message)
    local, at, domain = text.rpartition("@")
    if not at or not text.isprintable() or _LOCAL.fullmatch(local) is None:
        message = "it must be one address such as ada@shop.example, without anything beside it"
        raise NotAnAddress(message)
    address = f"{local}@{_parse_domain(domain)}"
    if len(local.encode()) > _LONGEST_LOCAL or len(address.encode()) > _LONGEST:
        message = "an address has at most 64 bytes before its @, and 254 in all"
        raise NotAnAddress(message)
    return address


def _parse_domain(text: str) -> str:
    try:
        domain = text.lower() if text.isascii() else idna.encode(text, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        domain = ""
    if not all(_LABEL.fullmatch(label) for label in domain.split(".")):
        message = "what stands behind the @ must be the name of a host"
        raise NotAnAddress(message)
    return domain


def header_address(address: str, *, name: str = "") -> HeaderAddress:
    """A parsed address as header fields hold it."""
    # In two parts: given in one, `email` parses it again, by RFC 5322 alone.
    local, _, domain = address.rpartition("@")
    return HeaderAddress(display_name=name, username=local, domain=domain)


def parse_sender(text: str) -> Sender:
    """The sender that ``no-reply@shop.example`` or ``The Shop <no-reply@shop.example>`` writes. Raises ``NotAnAddress``."""
    match = _WITH_NAME.fullmatch(text.strip())
    if match is None:
        return Sender(address=parse_address(text.strip()))
    name = (match["quoted"] or match["plain"] or "").strip()
    if not name.isprintable():
        message = "the name of a sender is one line"
        raise NotAnAddress(message)
    return Sender(address=parse_address(match["address"]), name=name)


def masked(address: str) -> str:
    """The address as logs and events show it: ``a***@example.com``."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}"
