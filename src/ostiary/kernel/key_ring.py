"""The key ring: one secret key with fallbacks, from which every purpose gets a key of its own (HKDF, RFC 5869).

The newest key signs and seals; the older ones only verify and open, so that a key can be rotated
without anybody being signed out. A key derived for one purpose is of no use for another: a value
made for a remember cookie is never a CSRF token.
"""

import hmac
import secrets
from collections.abc import Iterator, Sequence
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ostiary.kernel.errors import Problem
from ostiary.kernel.secret import Secret, constant_time_equal

# A 256-bit key needs at least 32 characters, whatever the alphabet (ASVS 5.0 V11.2.3).
MINIMUM_LENGTH = 32
# Fewer distinct characters than this is a placeholder or a pattern, not a random key.
_DISTINCT = 8
_PLACEHOLDERS = ("change", "secret", "password", "example", "placeholder", "your-key", "default", "insecure")

_VERSION = b"\x01"
_KEY_ID = 4
_SALT = 16
_NONCE = 12
_HEADER = len(_VERSION) + _KEY_ID + _SALT + _NONCE

SEAL_LENGTH = len(_VERSION) + _KEY_ID
"""How many bytes at the beginning of a sealed value say which key sealed it."""


class SealBroken(ValueError):
    """A sealed value that does not open: altered, made for another purpose or place, or by a key that is gone."""


def check_secret_key(key: Secret) -> Problem | None:
    """Whether a configured secret key is good enough; the problem with its cure if it is not."""
    text = key.reveal()
    weakness = None
    if any("\ud800" <= character <= "\udfff" for character in text):
        weakness = "it is not Unicode text"
    elif len(text) < MINIMUM_LENGTH:
        weakness = f"it has {len(text)} characters, and {MINIMUM_LENGTH} are the least"
    elif len(set(text)) < _DISTINCT:
        weakness = "it repeats a few characters"
    elif any(word in text.lower() for word in _PLACEHOLDERS):
        weakness = "it looks like a placeholder"
    if weakness is None:
        return None
    return Problem(
        code="weak_secret_key",
        what=f"the secret key is no good: {weakness}",
        cure="make one with: python -c 'import secrets; print(secrets.token_urlsafe(48))'",
    )


class KeyRing:
    """Secret keys, newest first, and the keys derived from them for each purpose."""

    __slots__ = ("_derived", "_masters")

    def __init__(self, masters: Sequence[Secret]) -> None:
        if not masters:
            message = "a key ring needs at least one key"
            raise ValueError(message)
        self._masters = tuple(masters)
        self._derived: dict[str, tuple[bytes, ...]] = {}

    def __repr__(self) -> str:
        return f"KeyRing({len(self._masters)} keys)"

    def __len__(self) -> int:
        return len(self._masters)

    def keys(self, purpose: str) -> tuple[bytes, ...]:
        """The 32-byte keys for a purpose, newest first."""
        derived = self._derived.get(purpose)
        if derived is None:
            derived = tuple(_derive(master.reveal().encode(), purpose.encode()) for master in self._masters)
            self._derived[purpose] = derived
        return derived

    def mac(self, purpose: str, message: bytes) -> bytes:
        """HMAC-SHA256 of the message under the newest key of the purpose: 32 bytes."""
        return hmac.digest(self.keys(purpose)[0], message, "sha256")

    def verify_mac(self, purpose: str, message: bytes, mac: bytes) -> bool:
        """Whether any key of the ring made this MAC. Every key is tried, whichever matches."""
        matched = False
        for key in self.keys(purpose):
            matched |= constant_time_equal(hmac.digest(key, message, "sha256"), mac)
        return matched

    def seal(self, purpose: str, plain: bytes, *, bound_to: str) -> bytes:
        """Encrypt what must be read back (AES-256-GCM), bound to a place such as ``"outbox:<id>"``.

        Every message has a key of its own, derived with a random salt, so that the number of messages
        under one nonce space never comes near the bound of NIST SP 800-38D §8.3.
        """
        key = self.keys(purpose)[0]
        salt, nonce = secrets.token_bytes(_SALT), secrets.token_bytes(_NONCE)
        header = _VERSION + _key_id(key) + salt + nonce
        return header + AESGCM(_derive(key, salt)).encrypt(nonce, plain, header + bound_to.encode())

    def open(self, purpose: str, sealed: bytes, *, bound_to: str) -> bytes:
        """Decrypt what ``seal`` made for the same purpose and place. One error for every failure: ``SealBroken``."""
        if len(sealed) > _HEADER and sealed[:1] == _VERSION:
            header, body = sealed[:_HEADER], sealed[_HEADER:]
            salt, nonce = header[-_SALT - _NONCE : -_NONCE], header[-_NONCE:]
            for key in self._matching(purpose, header[1 : 1 + _KEY_ID]):
                try:
                    return AESGCM(_derive(key, salt)).decrypt(nonce, body, header + bound_to.encode())
                except InvalidTag:
                    continue
        message = "the sealed value does not open"
        raise SealBroken(message)

    def sealed_by_newest(self, purpose: str, sealed: bytes) -> bool:
        """Whether the newest key sealed this value, of which the first ``SEAL_LENGTH`` bytes are enough.

        If not, it should be sealed again.
        """
        return sealed[1 : 1 + _KEY_ID] == _key_id(self.keys(purpose)[0])

    def _matching(self, purpose: str, key_id: bytes) -> Iterator[bytes]:
        return (key for key in self.keys(purpose) if _key_id(key) == key_id)


def _derive(key: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"ostiary/1/" + info).derive(key)


def _key_id(key: bytes) -> bytes:
    return sha256(b"key id" + key).digest()[:_KEY_ID]
