"""Token introspection (RFC 7662): an issuer is asked about a token that only it can read, and its answer is kept a moment.

The endpoint failing is 503, never 401: whoever holds a good token must not throw it away because we cannot ask. The
answer is kept until the token ends, at most a minute: that is how late a revocation is noticed.
"""

import logging
import os
import threading
from base64 import b64encode
from dataclasses import field
from typing import Final
from urllib.parse import quote_plus

from ostiary.features.tokens.foreign_claims import ForeignToken, check_introspected
from ostiary.features.tokens.trusted_issuer import Introspection, Issuer
from ostiary.kernel.clock import MINUTE, SECOND, Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.errors import Unavailable
from ostiary.kernel.remembered_verdicts import RememberedVerdicts
from ostiary.outbound import OutboundClient, OutboundFailed, OutboundRefused
from ostiary.outbound.json_cache import is_json
from ostiary.standards.jose.refusals import InvalidToken
from ostiary.standards.strict_json import JsonObject, NotStrictJson, decode_json_object

_log: Final = logging.getLogger("ostiary.tokens")

KEPT_FOR: Final[Millis] = MINUTE
INACTIVE_FOR: Final[Millis] = 10 * SECOND
"""A token that is not active yet may be in a moment, as seen by an issuer of several machines."""

_FAILED_FOR: Final[Millis] = 2 * SECOND
_MOST_REMEMBERED: Final = 4_096
# Invented tokens cost the issuer a request each; this many at once, and neither it nor our threads drown in them.
_SLOTS: Final = 8
_PATIENCE: Final = 1.0


@dataclass(slots=True)
class _Turns:
    """Whose turn it is to ask, in one process: a fork inherits turns that nobody ends."""

    pid: int = field(default_factory=os.getpid)
    slots: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(_SLOTS))


# Our own credentials are refused, or we ask too often.
_OF_US: Final = frozenset({401, 429})


class Introspector:
    """Asks one issuer about opaque tokens."""

    __slots__ = ("_client", "_endpoint", "_failed_at", "_good", "_inactive", "_issuer", "_turns")

    def __init__(self, issuer: Issuer, endpoint: Introspection, *, client: OutboundClient) -> None:
        self._issuer = issuer
        self._endpoint = endpoint
        self._client = client
        self._good: RememberedVerdicts[ForeignToken] = RememberedVerdicts(_MOST_REMEMBERED)
        # Apart, so that a stranger's garbage pushes no good token out.
        self._inactive: RememberedVerdicts[str] = RememberedVerdicts(_MOST_REMEMBERED)
        self._turns = _Turns()
        self._failed_at: Millis | None = None

    def verify(self, text: str, digest: bytes, *, now: Millis) -> ForeignToken:
        """What the issuer says of a token. Raises ``InvalidToken``, and ``Unavailable`` if it cannot be asked."""
        known = self._remembered(digest, now)
        if known is not None:
            return known
        if self._failed_at is not None and 0 <= now - self._failed_at < _FAILED_FOR:
            raise Unavailable(detail="the introspection endpoint failed a moment ago")
        slots = self._mine().slots
        if not slots.acquire(timeout=_PATIENCE):
            raise Unavailable(detail="too many tokens are being introspected")
        try:
            # Another request may have asked about the same token meanwhile.
            return self._remembered(digest, now) or self._verify_anew(text, digest, now)
        finally:
            slots.release()

    def _remembered(self, digest: bytes, now: Millis) -> ForeignToken | None:
        reason = self._inactive.find(digest, now)
        if reason is not None:
            raise InvalidToken(reason)
        return self._good.find(digest, now)

    def _mine(self) -> _Turns:
        turns = self._turns
        if turns.pid != os.getpid():
            self._turns = turns = _Turns()
        return turns

    def _verify_anew(self, text: str, digest: bytes, now: Millis) -> ForeignToken:
        answer = self._ask(text, now)
        try:
            token = check_introspected(answer, self._issuer, at_most=KEPT_FOR, now=now)
        except InvalidToken as refusal:
            self._inactive.keep(digest, refusal.reason, now + INACTIVE_FOR)
            raise
        # RFC 7662 §4: what is kept never outlives the token.
        self._good.keep(digest, token, min(token.expires_at, now + KEPT_FOR))
        return token

    def _ask(self, text: str, now: Millis) -> JsonObject:
        # RFC 7662 §2.1: a form in the body; a token in a URL stands in the logs of both sides.
        form = {"token": text, "token_type_hint": "access_token"}
        headers = {"Authorization": basic_authorization(self._endpoint), "Accept": "application/json"}
        try:
            answer = self._client.post_form(self._endpoint.url, form, headers=headers)
        except (OutboundFailed, OutboundRefused) as error:
            raise self._failed(f"it cannot be asked: {error}", now) from None
        if 400 <= answer.status < 500 and answer.status not in _OF_US:
            # It says something of this token and nothing of the next: a stranger's must not keep everybody's from being asked about.
            detail = f"the introspection endpoint of {self._issuer.url} answered {answer.status}"
            _log.warning("%s", detail)
            raise Unavailable(detail=detail)
        if answer.status != 200:
            raise self._failed(f"it answered {answer.status}", now)
        if not is_json(answer.headers.get("content-type", "")):
            raise self._failed("it does not call its answer JSON (Content-Type)", now)
        try:
            members = decode_json_object(answer.body)
        except NotStrictJson as error:
            raise self._failed(f"its answer cannot be read: {error}", now) from None
        # RFC 7662 §2.2: the one member that every answer has.
        if not isinstance(members.get("active"), bool):
            raise self._failed("its answer does not say whether the token is active", now)
        self._failed_at = None
        return members

    def _failed(self, reason: str, now: Millis) -> Unavailable:
        self._failed_at = now
        detail = f"the introspection endpoint of {self._issuer.url}: {reason}"
        _log.warning("%s", detail)
        return Unavailable(detail=detail)


def basic_authorization(endpoint: Introspection) -> str:
    """The client's id and secret as HTTP Basic, each encoded as in a form first (RFC 6749 §2.3.1)."""
    pair = f"{quote_plus(endpoint.client_id)}:{quote_plus(endpoint.secret.reveal())}"
    return f"Basic {b64encode(pair.encode()).decode()}"
