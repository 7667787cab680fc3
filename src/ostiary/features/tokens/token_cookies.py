"""Tokens as cookies: the access token for every address, the refresh token for one, and the reader that knows when to renew.

Both live as long as the family, so that an access token whose time is over still says that it can be renewed.
Law: RFC 6265bis §4.1.3 (prefixes), RFC 9700 §2.2.2; CSRF as for sessions, bound to the family.
"""

from typing import TYPE_CHECKING, ClassVar, Final

from ostiary.features.tokens.access_token import BEARER, AccessTokens
from ostiary.features.tokens.csrf_binding import binding_of
from ostiary.features.tokens.present import EXPIRED, BearerReader
from ostiary.kernel.clock import SECOND, Millis
from ostiary.web.addresses import Addresses
from ostiary.web.cookies import DOUBLED, CookiePolicy, CookieToSet, read_cookie
from ostiary.web.credential_reader import Presented, Reading, Rejected

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from ostiary.features.tokens.actions import Issue

ACCESS_COOKIE: Final = "ostiary_access"
REFRESH_COOKIE: Final = "ostiary_refresh"
REFRESH_ENDPOINT: Final = "refresh_tokens"


class TokenCookies:
    """The cookies of one application."""

    __slots__ = ("_addresses",)

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses

    @property
    def refresh_path(self) -> str:
        """The one address that the refresh token is sent to."""
        return self._addresses.path(REFRESH_ENDPOINT)

    def of(self, issue: "Issue", now: Millis) -> tuple[CookieToSet, ...]:
        """What the browser is given."""
        # Whole seconds, rounded up: the family says when it ends, and the browser at most a second later.
        seconds = max(1, -(-(issue.ends_at - now) // SECOND))
        cookies = (CookieToSet(stem=ACCESS_COOKIE, value=issue.tokens.access_token, max_age=seconds),)
        refresh = issue.tokens.refresh_token
        if refresh is None:
            return cookies
        return (*cookies, CookieToSet(stem=REFRESH_COOKIE, value=refresh, max_age=seconds, path=self.refresh_path))

    def cleared(self) -> tuple[CookieToSet, ...]:
        """What has the browser forget both; without a database there is but one."""
        access = CookieToSet(stem=ACCESS_COOKIE, value=None)
        if not self._addresses.has(REFRESH_ENDPOINT):
            return (access,)
        return access, CookieToSet(stem=REFRESH_COOKIE, value=None, path=self.refresh_path)


class TokenCookieReader:
    """Reads the access token of a cookie: the same token as in ``Authorization``, carried by a browser."""

    __slots__ = ("_access", "_bearer", "challenge", "cookies", "header", "name")

    kind: ClassVar[str] = BEARER
    ambient: ClassVar[bool] = True

    def __init__(self, bearer: BearerReader, access: AccessTokens, policy: CookiePolicy) -> None:
        self._bearer = bearer
        self._access = access
        self.name = policy.name(ACCESS_COOKIE)
        self.header = "Cookie"
        self.cookies = (self.name,)
        # A 401 asks for a token in Authorization, which the other reader says.
        self.challenge = ""

    def read(self, environ: "WSGIEnvironment", now: Millis) -> Reading:
        """Somebody, nobody, a cookie to clear, or one whose token can be renewed."""
        value = read_cookie(environ, self.name)
        if value is None:
            return None
        if value is DOUBLED:
            return Rejected("doubled")
        reading = self._bearer.present(value, now)
        if isinstance(reading, Presented) or reading.code != EXPIRED:
            return reading
        # Verified but for its time: a family that a stranger wrote into a token gets no CSRF token.
        family = self._access.find_family_of_expired(value, now=now)
        if family is None:
            return reading
        return Rejected(reading.reason, reading.subject, code=EXPIRED, csrf_binding=binding_of(family, ""))
