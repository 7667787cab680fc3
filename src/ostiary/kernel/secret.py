"""Secrets: values that never show themselves, and random tokens ``id.secret`` stored as a digest.

A random secret leaves us once, as ``id.secret``. The id finds the row; what the row holds is the
SHA-256 of the secret, compared in constant time. A copy of the table opens nothing.
"""

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from typing import Final

from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.identifiers import ID_LENGTH, is_id

# 256 bits. ASVS 5.0 V7.2.3 and V11.5.1 ask for 128.
SECRET_BYTES: Final = 32
# base64url of 32 bytes without padding (RFC 4648 §5).
_SECRET_LENGTH: Final = 43
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


class Secret:
    """Text that must not be seen: its ``repr``, ``str`` and format are stars, and it cannot be pickled.

    ``reveal()`` gives the text, so that each place that reads it can be found.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return "Secret('**********')"

    __str__ = __repr__

    def __format__(self, format_spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        # Bytes of the environment that are not UTF-8 arrive as lone surrogates, and must not raise with the text.
        return constant_time_equal(
            self._text.encode("utf-8", "surrogatepass"), other._text.encode("utf-8", "surrogatepass")
        )

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __reduce__(self) -> tuple[object, ...]:
        message = "a Secret cannot be pickled"
        raise TypeError(message)


def constant_time_equal(one: bytes, other: bytes) -> bool:
    """Whether two byte strings are equal, in a time that does not depend on where they differ."""
    return hmac.compare_digest(one, other)


def digest(secret: str) -> bytes:
    """What the database holds of a random secret: its SHA-256, 32 bytes."""
    return hashlib.sha256(secret.encode()).digest()


@dataclass(frozen=True, slots=True)
class TokenParts:
    """A random token taken apart: the public id, and the secret."""

    id: str
    secret: str

    def __repr__(self) -> str:
        return f"TokenParts(id={self.id!r}, secret='**********')"


def new_secret() -> str:
    """256 random bits, as 43 characters of base64url."""
    return urlsafe_b64encode(secrets.token_bytes(SECRET_BYTES)).rstrip(b"=").decode()


def parse_token(text: str) -> TokenParts | None:
    """Take ``id.secret`` apart, or answer None when it cannot be a token of ours. Verifies nothing."""
    if len(text) != ID_LENGTH + 1 + _SECRET_LENGTH or text[ID_LENGTH] != ".":
        return None
    identifier, secret = text[:ID_LENGTH], text[ID_LENGTH + 1 :]
    if not is_id(identifier) or _SECRET.fullmatch(secret) is None:
        return None
    return TokenParts(identifier, secret)
