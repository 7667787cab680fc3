"""What is refused before a password is hashed: too long, not text, nothing at all.

A password is verified exactly as it was given, after one documented step: Unicode NFC, so that the
same characters typed on two systems are the same password (NIST SP 800-63B-4 §3.1.1.2).
"""

from typing import Final
from unicodedata import normalize

# ASVS 5.0 V6.2.9 asks for at least 64 characters; NIST SP 800-63B-4 §3.1.1.2 likewise. A bound there must
# be: hashing a megabyte costs as much as an attack.
LONGEST_CHARACTERS: Final = 1_024
LONGEST_BYTES: Final = 4_096
LONGEST_IDENTIFIER: Final = 320
"""The longest address of a mailbox (RFC 3696 erratum 1690: 254; 64 + 1 + 255 by the grammar of RFC 5321)."""


class PasswordOutOfBounds(ValueError):
    """Nothing that could ever be a password: it matches nothing, and is not hashed."""


def is_password(text: str) -> bool:
    """Whether the text could be anybody's password at all."""
    try:
        password_bytes(text)
    except PasswordOutOfBounds:
        return False
    return True


def password_bytes(password: str) -> bytes:
    """The bytes that are hashed. Raises ``PasswordOutOfBounds`` for what is empty, too long or not Unicode.

    The length is checked before normalising, since normalising is work, and after it, since it can lengthen.
    """
    if not password or len(password) > LONGEST_CHARACTERS:
        message = "empty or too long"
        raise PasswordOutOfBounds(message)
    try:
        encoded = normalize("NFC", password).encode()
    except UnicodeEncodeError:
        message = "not Unicode text"
        raise PasswordOutOfBounds(message) from None
    if len(encoded) > LONGEST_BYTES:
        message = "too long"
        raise PasswordOutOfBounds(message)
    return encoded
