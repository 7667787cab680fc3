"""Presenting a session: the cookie of a request, checked against its row in one read.

A session is alive when its secret matches, its subject's epoch is the one it started under, it has
not ended, and somebody used it lately. Anything else is no session: the cookie is cleared.
"""

import hmac
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar, Final

from ostiary.features.sessions import store
from ostiary.kernel.clock import MINUTE, Millis
from ostiary.kernel.factor import decode_factors
from ostiary.kernel.principal import Credential, Principal, decode_place
from ostiary.kernel.remembered_verdicts import token_digest
from ostiary.kernel.secret import TokenParts, parse_token
from ostiary.web.cookies import DOUBLED, CookiePolicy, read_cookie
from ostiary.web.credential_reader import Presented, Reading, Rejected

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from ostiary.features.sessions.remembered_sessions import RememberedSessions
    from ostiary.storage.guard_reads import GuardReads

SESSION_COOKIE: Final = "ostiary_session"

# How often ``seen_at`` is written. A minute is finer than anybody reads it; a short idle time is a
# multiple of it, so that activity is never noticed too late.
_TOUCH_EVERY: Final = MINUTE
_TOUCHES_PER_IDLE: Final = 10


def session_reason(row: tuple[Any, ...], secret: str, now: Millis) -> str | None:
    """Why this row does not make the request somebody's, or None if it does. A rule over the guard's read."""
    secret_hash, _, epoch, _, seen_at, idle_for, ends_at, *_, current_epoch, _ = row
    if not hmac.compare_digest(sha256(secret.encode()).digest(), bytes(secret_hash)):
        return "wrong_secret"
    if epoch != current_epoch:
        return "revoked"
    # At the very instant it ends, it has ended.
    if now >= ends_at:
        return "ended"
    if now - seen_at >= idle_for:
        return "idle"
    return None


def _touch_due(row: tuple[Any, ...]) -> Millis:
    """When the use of this session is written down next; always before it could be idle."""
    seen_at, idle_for = row[4], row[5]
    due: Millis = seen_at + min(_TOUCH_EVERY, idle_for // _TOUCHES_PER_IDLE)
    return due


class SessionReader:
    """Reads the session cookie."""

    __slots__ = ("_reads", "_remembered", "_select", "_touch", "challenge", "cookies", "header", "name")

    kind: ClassVar[str] = "session"
    ambient: ClassVar[bool] = True

    def __init__(
        self, reads: "GuardReads", policy: CookiePolicy, *, remembered: "RememberedSessions | None" = None
    ) -> None:
        self._reads = reads
        self._remembered = remembered
        self._select = reads.compile(store.guard_read())
        self._touch = reads.compile(store.touch())
        self.name = policy.name(SESSION_COOKIE)
        self.header = "Cookie"
        self.cookies = (self.name,)
        # RFC 9110 §15.5.2 wants a challenge with every 401; there is no registered scheme for cookies, and this is
        # the one that draft-broyer-http-cookie-auth proposed.
        self.challenge = f'Cookie realm="session", cookie-name="{self.name}"'

    def read(self, environ: "WSGIEnvironment", now: Millis) -> Reading:
        """Somebody, nobody, or a cookie to clear."""
        value = read_cookie(environ, self.name)
        if value is None:
            return None
        if value is DOUBLED:
            return Rejected("doubled")
        if self._remembered is not None:
            return self._recall(value, now, self._remembered)
        token = parse_token(value)
        return Rejected("malformed") if token is None else self.present(token, now)

    def _recall(self, value: str, now: Millis, remembered: "RememberedSessions") -> Presented | Rejected:
        # Before anything is read: what changes meanwhile makes the memory that this is kept in one of before.
        known, key = remembered.current(now), token_digest(value)
        presented = known.find(key, now)
        if presented is not None:
            return presented
        token = parse_token(value)
        if token is None:
            return Rejected("malformed")
        row = self._find_row(token, now)
        if isinstance(row, Rejected):
            return row
        presented = self._presented(token.id, row, now)
        # Only good ones get in. Where its use is being written down, the row is about to change.
        if presented.used is None:
            known.keep(key, presented, until=min(row[6], _touch_due(row)))
        return presented

    def present(self, token: TokenParts, now: Millis) -> Presented | Rejected:
        """Somebody, or why the token of a session is nobody's. Always read, never remembered."""
        row = self._find_row(token, now)
        return row if isinstance(row, Rejected) else self._presented(token.id, row, now)

    def _find_row(self, token: TokenParts, now: Millis) -> tuple[Any, ...] | Rejected:
        row = self._reads.fetch_one(self._select, (token.id,))
        if row is None:
            return Rejected("unknown")
        reason = session_reason(row, token.secret, now)
        if reason is not None:
            return Rejected(reason, subject=None if reason == "wrong_secret" else row[1])
        return row

    def _presented(self, id: str, row: tuple[Any, ...], now: Millis) -> Presented:
        _, subject, _, _, _, _, _, factors, actor, tenant, _, rights = row
        principal = Principal(
            subject,
            credential=Credential("session", id),
            factors=decode_factors(factors),
            actors=(actor,) if actor else (),
            tenant=decode_place(tenant),
            rights_version=rights,
        )
        due = now >= _touch_due(row)
        return Presented(principal, id, (lambda: self._reads.touch(self._touch, (now, id))) if due else None)
