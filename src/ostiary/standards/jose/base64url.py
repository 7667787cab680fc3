"""base64url without padding (RFC 7515 §2, RFC 4648 §5): one text for each value, and nothing else read.

Python's decoder drops what it does not know and takes several texts for one value, so that a token could be
written in many ways. Here the alphabet, the length and the unused last bits are checked.
"""

from base64 import urlsafe_b64encode
from binascii import Error, a2b_base64
from types import MappingProxyType
from typing import Final

# RFC 4648 §5 beside §4.
_PLAIN: Final = bytes.maketrans(b"-_", b"+/")
# RFC 4648 §3.5: where two or three characters stand at the end, the last has four or two bits that mean nothing, and they
# have to be zero. So that it can be only one of these.
_LAST: Final = MappingProxyType({2: "AQgw", 3: "AEIMQUYcgkosw048"})
_PADDING: Final = (b"", b"", b"==", b"=")


class NotBase64url(ValueError):
    """The text is not the base64url of anything."""


def encode_base64url(raw: bytes) -> str:
    """The one text of these bytes."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode_base64url(text: str) -> bytes:
    """The bytes of a text. Raises ``NotBase64url`` for padding, strange characters, and unused bits that are not zero."""
    beyond = len(text) % 4
    if beyond == 1 or not text.isascii():
        message = "not base64url"
        raise NotBase64url(message)
    if "+" in text or "/" in text or "=" in text:
        message = "not base64url"
        raise NotBase64url(message)
    if beyond and text[-1] not in _LAST[beyond]:
        message = "not canonical base64url"
        raise NotBase64url(message)
    try:
        # Strict: what is not in the alphabet is refused, where it would be left out.
        return a2b_base64(text.encode().translate(_PLAIN) + _PADDING[beyond], strict_mode=True)
    except Error:
        message = "not base64url"
        raise NotBase64url(message) from None
