"""base64url without padding (RFC 7515 §2, RFC 4648 §5): one text for each value, and nothing else read.

Python's decoder drops what it does not know and takes several texts for one value, so that a token could be
written in many ways. Here the alphabet, the length and the unused last bits are checked.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

_ALPHABET: Final = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)


class NotBase64url(ValueError):
    """The text is not the base64url of anything."""


def encode_base64url(raw: bytes) -> str:
    """The one text of these bytes."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode_base64url(text: str) -> bytes:
    """The bytes of a text. Raises ``NotBase64url`` for padding, strange characters, and unused bits that are not zero."""
    if _ALPHABET.fullmatch(text) is None or len(text) % 4 == 1:
        message = "not base64url"
        raise NotBase64url(message)
    raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    # RFC 4648 §3.5: the last character may have bits that mean nothing; they have to be zero.
    if encode_base64url(raw) != text:
        message = "not canonical base64url"
        raise NotBase64url(message)
    return raw
