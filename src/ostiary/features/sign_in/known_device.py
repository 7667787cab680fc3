"""Known devices: a browser that has signed in to an account before has guesses of its own.

Counting guesses against an account alone lets anybody lock its owner out; not counting them lets a
thousand networks guess. So a successful sign-in leaves a cookie that says "this browser has been
here", bound to the identifier exactly as it was given: bound to a normalised one, whoever may
register ``ada+x@shop.example`` would get an allowance against ``ada@shop.example``. It signs nobody in.

It says whose browser it is and under which epoch, sealed: who looks into a browser's cookies learns no names. A
password that is changed or reset, and a sign-out everywhere, raise the epoch, and browsers that were known before are
strangers: one of them may be why. The browser on which a mailed link has just set the password is known at once;
otherwise a stranger who never stops guessing would keep out an owner who has no other one left.
Source: OWASP, "Slow Down Online Guessing Attacks with Device Cookies".
"""

import json
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from ostiary.kernel.clock import DAY, SECOND, Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.key_ring import KeyRing
from ostiary.web.cookies import DEVICE_COOKIE, CookieToSet

_PURPOSE: Final = "known device"
# No browser keeps a longer cookie (RFC 6265 §6.1), and nobody should have us decode a megabyte.
_COOKIE: Final = re.compile(r"[A-Za-z0-9_-]{1,4096}", re.ASCII)

LIFETIME: Final[Millis] = 365 * DAY
"""How long the browser keeps the cookie. Knowing a browser for longer helps nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDevice:
    """A browser that has signed in under an identifier: its own id, who that was, and her epoch at the time.

    ``by_link``: nobody has yet; a mailed link set her password on it.
    """

    id: str
    subject: str
    epoch: int
    by_link: bool = False


class KnownDevices:
    """Makes and recognises the cookie."""

    __slots__ = ("_key_ring",)

    def __init__(self, key_ring: KeyRing) -> None:
        self._key_ring = key_ring

    def issue(self, identifier: str, *, subject: str, epoch: int, by_link: bool = False) -> str:
        """What the cookie says of the browser on which the subject has just signed in under this identifier."""
        device = urlsafe_b64encode(secrets.token_bytes(16)).rstrip(b"=").decode()
        # Not as \u escapes, which make a name of letters outside the first plane too long for a cookie.
        written = json.dumps([device, subject, epoch, by_link], ensure_ascii=False).encode()
        sealed = self._key_ring.seal(_PURPOSE, written, bound_to=identifier)
        return urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def cookie(self, identifier: str, *, subject: str, epoch: int, by_link: bool = False) -> CookieToSet:
        """That cookie, for an answer to the browser."""
        value = self.issue(identifier, subject=subject, epoch=epoch, by_link=by_link)
        return CookieToSet(stem=DEVICE_COOKIE, value=value, max_age=LIFETIME // SECOND)

    def recognise(self, cookie: str | None, identifier: str) -> KnownDevice | None:
        """The browser, if somebody has signed in on it under this identifier. Whether she still is who, and her epoch what
        it says, is the caller's to ask.
        """
        if cookie is None or _COOKIE.fullmatch(cookie) is None:
            return None
        try:
            sealed = urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4))
            id, subject, epoch, by_link = json.loads(self._key_ring.open(_PURPOSE, sealed, bound_to=identifier))
        except ValueError:  # SealBroken is one, so is what is no base64, and half a character in the identifier
            return None
        return KnownDevice(id=id, subject=subject, epoch=epoch, by_link=by_link)
