"""Known devices: a browser that has signed in to an account before has guesses of its own.

Counting guesses against an account alone lets anybody lock its owner out; not counting them lets a
thousand networks guess. So a successful sign-in leaves a cookie that says "this browser has been
here", bound by a MAC to the identifier exactly as it was given: bound to a normalised one, whoever may
register ``ada+x@shop.example`` would get an allowance against ``ada@shop.example``. It signs nobody in.
Source: OWASP, "Slow Down Online Guessing Attacks with Device Cookies".
"""

import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from ostiary.kernel.clock import DAY, Millis
from ostiary.kernel.key_ring import KeyRing

_PURPOSE: Final = "known device"
_COOKIE: Final = re.compile(r"([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})", re.ASCII)

LIFETIME: Final[Millis] = 365 * DAY
"""How long the browser keeps the cookie. Knowing a browser for longer helps nobody."""


class KnownDevices:
    """Makes and recognises the cookie."""

    __slots__ = ("_key_ring",)

    def __init__(self, key_ring: KeyRing) -> None:
        self._key_ring = key_ring

    def issue(self, identifier: str) -> str:
        """A cookie for the browser that has just signed in under this identifier."""
        device = urlsafe_b64encode(secrets.token_bytes(16)).rstrip(b"=").decode()
        mac = self._key_ring.mac(_PURPOSE, self._message(device, identifier))
        return f"{device}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}"

    def recognise(self, cookie: str | None, identifier: str) -> str | None:
        """The device's own name, if this browser has signed in under this identifier before."""
        match = _COOKIE.fullmatch(cookie) if cookie else None
        if match is None:
            return None
        device, mac = match.groups()
        made_by_us = self._key_ring.verify_mac(
            _PURPOSE, self._message(device, identifier), urlsafe_b64decode(mac + "=")
        )
        return device if made_by_us else None

    @staticmethod
    def _message(device: str, identifier: str) -> bytes:
        # A stranger may send half a surrogate pair; it has no UTF-8, and must be no error either.
        return f"{device}|{identifier}".encode("utf-8", "surrogatepass")
