"""Rotating tokens: one row a family, a token that is derived and not stored, and the rule that tells a thief from a retry.

A token is ``id.generation.MAC``, the MAC made with the key ring over the family's id, the generation and its
salt: whoever reads the row can present nothing, and the successor can be computed again. Law: RFC 9700 §4.14.2
(refresh tokens); the same rule serves remembered browsers.
"""

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from typing import Final, TypeAlias

from ostiary.kernel.clock import Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.identifiers import ID_LENGTH, is_id
from ostiary.kernel.key_ring import KeyRing

# 16 bytes make the tokens of two families differ in more than their ids, also if an id were ever made twice.
SALT_BYTES: Final = 16
# Ten digits are thirty years of one rotation each tenth of a second, and fit a BIGINT.
_LONGEST_GENERATION: Final = 10
_MAC_LENGTH: Final = 43
_SHAPE: Final = re.compile(r"([0-9A-Z]{26})\.(0|[1-9][0-9]{0,9})\.([A-Za-z0-9_-]{43})", re.ASCII)
LONGEST_TOKEN: Final = ID_LENGTH + _LONGEST_GENERATION + _MAC_LENGTH + 2
"""A longer text is no token."""


@dataclass(frozen=True, slots=True)
class TokenText:
    """A token taken apart; nothing of it is verified."""

    id: str
    generation: int
    mac: bytes

    def __repr__(self) -> str:
        return f"TokenText(id={self.id!r}, generation={self.generation}, mac='**********')"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFamily:
    """What is stored of a family. Times are milliseconds since the Unix epoch.

    ``generation`` is the newest that was given out, and ``rotated_at`` when.
    """

    id: str
    generation: int
    salt: bytes
    rotated_at: Millis
    ends_at: Millis


@dataclass(frozen=True, slots=True)
class Rotate:
    """The newest token: it is exchanged for ``generation``."""

    generation: int


@dataclass(frozen=True, slots=True)
class ReplayedWithinGrace:
    """The token before the newest, a moment after it was exchanged: a lost answer, or another tab.

    The answer is the same successor, ``generation``, once more.
    """

    generation: int


@dataclass(frozen=True, slots=True)
class ReuseDetected:
    """A token that was ours and has been exchanged long since: two have it, and one of them copied it. The family ends."""


@dataclass(frozen=True, slots=True)
class Expired:
    """The family's time is over."""


@dataclass(frozen=True, slots=True)
class Forged:
    """Not a token that was given out. It ends nothing: whoever learns an id could sign people out with it."""


Rotation: TypeAlias = Rotate | ReplayedWithinGrace | ReuseDetected | Expired | Forged


def parse_rotating_token(text: str) -> TokenText | None:
    """Take a token apart, or answer None when it cannot be one. Never raises, whatever a stranger wrote; verifies nothing."""
    if len(text) > LONGEST_TOKEN:
        return None
    match = _SHAPE.fullmatch(text)
    if match is None:
        return None
    id, generation, written = match.groups()
    mac = urlsafe_b64decode(written + "=")
    # RFC 4648 §3.5: the last two bits mean nothing, and one token is written in one way only.
    if not is_id(id) or _encode(mac) != written:
        return None
    return TokenText(id, int(generation), mac)


def check_rotation(token: TokenText, family: TokenFamily, *, genuine: bool, grace: Millis, now: Millis) -> Rotation:
    """What presenting a token of this family comes to; ``genuine`` says that its MAC is ours."""
    if not genuine or token.id != family.id or token.generation > family.generation:
        # A right MAC of a generation to come: the row is older than the token, restored from a backup. No copy is proven.
        return Forged()
    # At the very instant it ends, it has ended.
    if now >= family.ends_at:
        return Expired()
    if token.generation == family.generation:
        return Rotate(family.generation + 1)
    # A clock that went back makes no thief of anybody: what was exchanged "later" is within the grace.
    if token.generation == family.generation - 1 and now - family.rotated_at <= grace:
        return ReplayedWithinGrace(family.generation)
    return ReuseDetected()


class RotatingTokens:
    """Writes and recognises the tokens of one purpose."""

    __slots__ = ("_key_ring", "_purpose")

    def __init__(self, key_ring: KeyRing, purpose: str) -> None:
        self._key_ring = key_ring
        self._purpose = purpose

    def write(self, id: str, generation: int, salt: bytes) -> str:
        """The token of a generation, by the newest key."""
        mac = self._key_ring.mac(self._purpose, _message(id, generation, salt))
        return f"{id}.{generation}.{_encode(mac)}"

    def is_genuine(self, token: TokenText, salt: bytes) -> bool:
        """Whether any key of the ring made this token: a key that rotates signs nobody out."""
        return self._key_ring.verify_mac(self._purpose, _message(token.id, token.generation, salt), token.mac)

    def companions(self, name: str, salt: bytes) -> Iterator[str]:
        """The secrets derived for what a token is exchanged for, such as a session of the id ``name``: by each key, newest first.

        Derived and not drawn, so that all who present one token at once are answered with one and the same secret.
        """
        message = name.encode() + b"." + salt
        for key in self._key_ring.keys(f"{self._purpose}: companion"):
            yield _encode(hmac.digest(key, message, "sha256"))


def _message(id: str, generation: int, salt: bytes) -> bytes:
    # Ids have one length and numbers no full stop, so that no two families or generations share a message.
    return f"{id}.{generation}.".encode() + salt


def _encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
