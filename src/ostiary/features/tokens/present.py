"""Presenting an access token: ``Authorization: Bearer``, checked by its signature and against what was revoked.

Whatever is wrong with it, the program is told ``invalid_token`` (RFC 6750 §3.1); only that it has expired is said as
well, so that a client refreshes instead of giving up. A token in an address or a body is not looked for (RFC 9700 §4.3.2).
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol

from ostiary.features.tokens.access_token import BEARER, AccessTokens
from ostiary.features.tokens.verified_token import VerifiedToken
from ostiary.kernel.clock import Millis
from ostiary.standards.jose.refusals import InvalidToken
from ostiary.web.bearer_challenge import bearer_challenge
from ostiary.web.credential_reader import Presented, Reading, Rejected

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

EXPIRED: Final = "token_expired"
"""What a program is told of a token that was good: it may refresh."""

_SCHEME: Final = "bearer "
# What another issuer's token is to us: from somebody else, or opaque.
_MAYBE_FOREIGN: Final = frozenset({"wrong_issuer", "malformed"})
_INVALID: Final = bearer_challenge("invalid_token", "The access token is not valid")
_HAS_EXPIRED: Final = bearer_challenge("invalid_token", "The access token has expired")


class KnownRevocations(Protocol):
    """What a process knows to have ended early."""

    def reason_against(
        self, *, jti: str, family: str | None, client: str | None, subject: str, epoch: int
    ) -> str | None:
        """Why a token is refused; None if it is good."""
        ...

    def rights_of(self, subject: str) -> int:
        """The newest version of a subject's rights that is known; 0 if none is."""
        ...


class RevocationCheck(Protocol):
    """Tokens that ended early: ``features/revocation``."""

    def known(self, now: Millis) -> KnownRevocations:
        """What is known of them, as new as it must be. Raises ``Unavailable``."""
        ...

    def rights_of(self, subject: str, rights: int) -> int:
        """The newest version of a subject's rights, at least the one given."""
        ...


class ForeignTokens(Protocol):
    """Tokens of other issuers that are taken beside our own."""

    def present(self, text: str, now: Millis) -> Presented | Rejected | None:
        """Somebody, or why not; None for a token of nobody who is trusted."""
        ...


class BearerReader:
    """Reads the access token of a request."""

    __slots__ = ("_access", "_foreign", "_revocations", "challenge", "cookies", "header")

    kind: ClassVar[str] = BEARER
    ambient: ClassVar[bool] = False

    def __init__(
        self, access: AccessTokens, *, revocations: RevocationCheck | None, foreign: ForeignTokens | None = None
    ) -> None:
        self._access = access
        self._revocations = revocations
        self._foreign = foreign
        self.header = "Authorization"
        self.cookies: tuple[str, ...] = ()
        self.challenge = 'Bearer realm="api"'

    def read(self, environ: "WSGIEnvironment", now: Millis) -> Reading:
        """Somebody, a token that is not good, or none."""
        header: str | None = environ.get("HTTP_AUTHORIZATION")
        # RFC 9110 §11.1: the scheme in any case; §11.4: what follows it is one word.
        if header is None or header[:7].lower() != _SCHEME:
            return None
        text = header[7:].strip(" ")
        if text.count(".") >= 2:
            return self.present(text, now)
        # Every access token of ours has two full stops. What has not is a foreign one that only its issuer can read, another
        # feature's (an API key), or nobody's: the guard refuses it.
        return None if self._foreign is None else self._foreign.present(text, now)

    def present(self, text: str, now: Millis) -> Presented | Rejected:
        """Somebody, or why this text is nobody's."""
        try:
            token = self._access.verify(text, now=now)
        except InvalidToken as invalid:
            if self._foreign is not None and invalid.reason in _MAYBE_FOREIGN:
                found = self._foreign.present(text, now)
                if found is not None:
                    return found
            return rejected(invalid.reason)
        return self._standing(token, now)

    def _standing(self, token: VerifiedToken, now: Millis) -> Presented | Rejected:
        """What a token that is good by itself makes of the request now. Asked every time, also of one seen before."""
        presented = token.presented
        if self._revocations is not None:
            known = self._revocations.known(now)
            reason = known.reason_against(
                jti=token.jti, family=token.family, client=token.client, subject=token.subject, epoch=token.epoch
            )
            if reason is not None:
                return rejected(f"revoked_{reason}", subject=token.subject)
            rights = known.rights_of(token.subject)
            if rights > token.rights:
                presented = replace(presented, principal=replace(presented.principal, rights_version=rights))
        return _own_claims(presented) if token.own_copy else presented


def rejected(reason: str, *, subject: str | None = None) -> Rejected:
    """The refusal of a token, with what the program is told."""
    if reason == "expired":
        return Rejected(reason, code=EXPIRED, challenge=_HAS_EXPIRED)
    return Rejected(reason, subject, code="invalid_token", challenge=_INVALID)


def _own_claims(presented: Presented) -> Presented:
    """Each request its own copy of what can be changed: the token is remembered, and shared by all that present it."""
    principal = presented.principal
    claims: Mapping[str, Any] = MappingProxyType(deepcopy(dict(principal.claims)))
    return replace(presented, principal=replace(principal, claims=claims))
