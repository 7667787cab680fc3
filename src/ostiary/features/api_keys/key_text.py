"""The text of an API key, ``ost_live_<id>.<secret><checksum>``: found by secret scanners, and checked without asking us.

    ost       the application's own prefix
    live      or ``test``: made by a developer's machine, and good on none but such
    id        26 characters, the key of the row; may be shown and logged
    secret    256 random bits, 43 characters of base 62
    checksum  CRC-32 (ISO-HDLC) of everything before it, 6 characters of base 62

The checksum is no protection: it tells a scanner that this is a key and not merely like one, and a guard that a
mistyped one need not be looked up.
"""

import re
import zlib
from typing import Final, Literal, TypeAlias

from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.secret import SECRET_BYTES

Environment: TypeAlias = Literal["live", "test"]

SCANNER_PATTERN: Final = r"[a-z][a-z0-9]{1,15}_(?:live|test)_[0-7][0-9A-HJKMNP-TV-Z]{25}\.[0-9A-Za-z]{49}"
"""What a secret scanner looks for, written for RE2 and PCRE alike; with ``[a-z][a-z0-9]{1,15}`` replaced by one's own prefix."""

PREFIX: Final = re.compile(r"[a-z][a-z0-9]{1,15}", re.ASCII)
"""What an application may call its keys."""

_KEY: Final = re.compile(
    r"([a-z][a-z0-9]{1,15})_(live|test)_([0-7][0-9A-HJKMNP-TV-Z]{25})\.([0-9A-Za-z]{43})([0-9A-Za-z]{6})", re.ASCII
)
# The digits of the numeral systems that programs know, in byte order.
_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PAIRS: Final = tuple(first + second for first in _BASE62 for second in _BASE62)
# 62^43 > 2^256, and 62^6 > 2^32: each the smallest that holds every value.
_SECRET_LENGTH: Final = 43
_CHECKSUM_LENGTH: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyText:
    """A key taken apart: whose it looks like, its public id, and its secret."""

    prefix: str
    environment: Environment
    id: str
    secret: str

    def __repr__(self) -> str:
        return f"KeyText(prefix={self.prefix!r}, environment={self.environment!r}, id={self.id!r}, secret='**********')"


def spell_secret(random: bytes) -> str:
    """256 random bits as the secret of a key."""
    if len(random) != SECRET_BYTES:
        message = f"a secret needs exactly {SECRET_BYTES} random bytes"
        raise ValueError(message)
    return _base62(int.from_bytes(random, "big"), _SECRET_LENGTH)


def spell_key(key: KeyText) -> str:
    """The whole text of a key: what its owner is shown once."""
    body = f"{key.prefix}_{key.environment}_{key.id}.{key.secret}"
    return body + checksum(body)


def parse_key(text: str) -> KeyText | None:
    """Take a key apart, or answer None when it cannot be one of anybody's. Looks neither at the checksum nor at the prefix."""
    match = _KEY.fullmatch(text)
    if match is None:
        return None
    prefix, environment, id, secret, _ = match.groups()
    return KeyText(prefix=prefix, environment="live" if environment == "live" else "test", id=id, secret=secret)


def checksum_is_right(text: str) -> bool:
    """Whether the last six characters are the checksum of the others: whether this is a key, and was not mistyped."""
    return text[-_CHECKSUM_LENGTH:] == checksum(text[:-_CHECKSUM_LENGTH])


def checksum(body: str) -> str:
    """Six characters of base 62 over everything before them."""
    # On the way of every request of a key: two digits at a time.
    above, low = divmod(zlib.crc32(body.encode()), len(_PAIRS))
    high, middle = divmod(above, len(_PAIRS))
    return _PAIRS[high] + _PAIRS[middle] + _PAIRS[low]


def _base62(number: int, length: int) -> str:
    digits: list[str] = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(_BASE62[digit])
    return "".join(reversed(digits))
