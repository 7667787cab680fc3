"""Email addresses: exactly one mailbox, in the one form in which two spellings of it are equal.

Law: RFC 5321 §4.1.2 (dot-string local parts; a quoted one is refused, since what it may hold confuses every
reader after us), RFC 6531 (other letters than ASCII's), IDNA 2008 with UTS #46 for the domain.
Case is ignored: no mailbox provider of note tells ``Ada@`` from ``ada@``, and two accounts that differ in
it are an attack. ``+tag`` is kept, because it is another mailbox to most of the world's servers.
"""

import re
from typing import Final
from unicodedata import category, normalize

from ostiary.features.accounts.account import Identifier

# RFC 5321 §4.5.3.1.3 allows a path of 256 octets with its brackets (erratum 1690 of RFC 3696), and a local part of 64.
LONGEST: Final = 254
_LONGEST_LOCAL: Final = 64

# RFC 5322 §3.2.3: atext, and single dots between atoms. Anything else than ASCII is judged one character at a time.
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]+"
_LOCAL: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
# RFC 5321 §4.1.2: letters, digits, hyphens; at least two labels, and no number as the last one.
_DOMAIN: Final = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?![0-9]+$)[a-z0-9][a-z0-9-]{0,61}[a-z0-9]", re.ASCII
)


def parse_email(text: str) -> Identifier | None:
    """The address, or None for anything that is not exactly one of them."""
    # Octets are counted below; no text of more characters has fewer, and what follows is work.
    if len(text) > LONGEST:
        return None
    local, at, domain = text.strip(" ").rpartition("@")
    local = normalize("NFC", local)
    if not at or not _is_local_part(local):
        return None
    ascii_domain = _ascii_domain(domain)
    if ascii_domain is None:
        return None
    shown = f"{local}@{ascii_domain}"
    value = f"{normalize('NFC', local.lower())}@{ascii_domain}"
    if max(len(shown.encode()), len(value.encode())) > LONGEST:
        return None
    return Identifier(kind="email", value=value, shown=shown)


def _is_local_part(local: str) -> bool:
    if _LOCAL.fullmatch(local) is None or not all(character.isascii() or _is_letter(character) for character in local):
        return False
    return len(local.encode()) <= _LONGEST_LOCAL


def _is_letter(character: str) -> bool:
    """A letter, mark or digit that is no other way to write one of ASCII's.

    The Kelvin sign is a k in lower case, and a small ﬁ an f and an i: whoever registered such an address could
    be taken for the owner of another one.
    """
    if category(character)[0] not in "LMN":
        return False
    return not any(other.isascii() for other in normalize("NFKC", character.lower()))


def _ascii_domain(domain: str) -> str | None:
    """The domain as the name servers know it, or None."""
    if domain.isascii() and "xn--" not in domain.lower():
        name = domain.lower()
    else:
        # Its tables are large, and few addresses need them.
        import idna

        try:
            # UTS #46 §4 with its non-transitional processing and the rules of STD 3; then IDNA 2008 (RFC 5891).
            name = idna.encode(domain, uts46=True, std3_rules=True).decode()
        except idna.IDNAError:
            return None
    return name if _DOMAIN.fullmatch(name) else None
