"""Presenting a remembered browser's token: recognised in one read, exchanged elsewhere, never an error.

It is asked only where a request has no good session. Recognising changes nothing: the exchange for a session is
the way in's, after CSRF was checked.
"""

from typing import TYPE_CHECKING, ClassVar, Final

from ostiary.features.remember_me import store
from ostiary.kernel.clock import Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.rotating_token import (
    Expired,
    Forged,
    ReplayedWithinGrace,
    ReuseDetected,
    Rotate,
    RotatingTokens,
    check_rotation,
    parse_rotating_token,
)
from ostiary.web.cookies import DOUBLED, CookiePolicy, read_cookie
from ostiary.web.credential_reader import Exchangeable, Reading, Rejected

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from ostiary.storage.guard_reads import GuardReads

REMEMBER_COOKIE: Final = "ostiary_remember"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """A token that is ours, and of a series that is alive; ``rotation`` is what presenting it comes to."""

    series: store.Series
    rotation: Rotate | ReplayedWithinGrace | ReuseDetected


@dataclass(frozen=True, slots=True)
class Unrecognised:
    """A text that lets nobody in. ``reason`` is a stable word; ``subject`` is known only where the token was ours."""

    reason: str
    subject: str | None = None


class RememberedBrowsers:
    """Recognises tokens of remembered browsers."""

    __slots__ = ("_grace", "_reads", "_select", "_tokens")

    def __init__(self, reads: "GuardReads", tokens: RotatingTokens, *, grace: Millis) -> None:
        self._reads = reads
        self._select = reads.compile(store.guard_read())
        self._tokens = tokens
        self._grace = grace

    def recognise(self, text: str, now: Millis) -> Recognised | Unrecognised:
        """What a cookie comes to. Never raises for what a stranger wrote."""
        token = parse_rotating_token(text)
        if token is None:
            return Unrecognised("malformed")
        row = self._reads.fetch_one(self._select, (token.id,))
        if row is None:
            return Unrecognised("unknown")
        series = store.series_of(token.id, row)
        genuine = self._tokens.is_genuine(token, series.salt)
        rotation = check_rotation(token, series.family, genuine=genuine, grace=self._grace, now=now)
        if isinstance(rotation, Forged):
            return Unrecognised("forged")
        if series.epoch != series.current_epoch:
            return Unrecognised("revoked", series.subject)
        if isinstance(rotation, Expired):
            return Unrecognised("ended", series.subject)
        return Recognised(series=series, rotation=rotation)

    def remembers(self, text: str | None, subject: str, now: Millis) -> bool:
        """Whether a cookie is a good token of this person's: a copy that was used before is none."""
        found = self.recognise(text, now) if text else None
        if not isinstance(found, Recognised) or isinstance(found.rotation, ReuseDetected):
            return False
        return found.series.subject == subject


class RememberReader:
    """Reads the remember cookie. Stands behind the reader of sessions: a good session is asked nothing more."""

    __slots__ = ("_browsers", "challenge", "cookies", "header", "name")

    kind: ClassVar[str] = "remember"
    ambient: ClassVar[bool] = True

    def __init__(self, browsers: RememberedBrowsers, policy: CookiePolicy) -> None:
        self._browsers = browsers
        self.name = policy.name(REMEMBER_COOKIE)
        self.header = "Cookie"
        self.cookies = (self.name,)
        # Nobody is asked to be remembered; a 401 asks for a session.
        self.challenge = ""

    def read(self, environ: "WSGIEnvironment", now: Millis) -> Reading:
        """A browser that was remembered, nobody, or a cookie to clear."""
        value = read_cookie(environ, self.name)
        if value is None:
            return None
        if value is DOUBLED:
            return Rejected("doubled")
        found = self._browsers.recognise(value, now)
        if isinstance(found, Unrecognised):
            return Rejected(found.reason, found.subject)
        # A form that was shown in the session before this one, and is sent after it ended, is still ours.
        return Exchangeable(found.series.session)
