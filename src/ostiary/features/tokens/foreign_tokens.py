"""Foreign tokens: the issuer a token names is looked up among those that are trusted, and its keys alone verify it.

Of a token that is not verified only ``iss`` is read, and only to choose who verifies it. Keys belong to one issuer
each: another's key, also one of the same name, is never tried (RFC 8725 §3.8).
"""

import re
from collections.abc import Callable, Collection, Mapping
from os import fspath
from types import MappingProxyType
from typing import Final, TypeAlias, cast

from ostiary.features.tokens.foreign_claims import ForeignToken, check_signed_claims
from ostiary.features.tokens.introspection import Introspector
from ostiary.features.tokens.present import rejected
from ostiary.features.tokens.trusted_issuer import Issuer, is_plain_http
from ostiary.kernel.clock import Clock, Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.errors import Unavailable, misconfigured
from ostiary.kernel.own_marks import OwnMarks
from ostiary.kernel.principal import UNKNOWN_RIGHTS, Credential, Principal
from ostiary.kernel.remembered_verdicts import RememberedVerdicts, token_digest
from ostiary.kernel.resources import Resources
from ostiary.kernel.subject_gate import SubjectGate
from ostiary.kernel.upstream_identities import UpstreamIdentities
from ostiary.outbound import Discovery, DocumentUnavailable, OutboundClient
from ostiary.outbound.jwks_cache import JwksCache
from ostiary.standards.jose.algorithms import ALGORITHMS
from ostiary.standards.jose.jws import LONGEST_TOKEN, ParsedToken, parse_compact
from ostiary.standards.jose.key_set import KeySet, parse_key_set
from ostiary.standards.jose.keys import SignatureKey
from ostiary.standards.jose.refusals import InvalidToken
from ostiary.standards.strict_json import JsonObject, decode_json_object
from ostiary.web.credential_reader import Presented, Rejected

NewestRights: TypeAlias = Callable[[str, Millis], int]
"""The newest version of a subject's rights that is known at an instant: (subject, now) → version."""

_MOST_REMEMBERED: Final = 4_096
# How long clients are asked to wait, in seconds: as long as a failure of the issuer is remembered.
_RETRY_AFTER: Final = 10
# RFC 6750 §2.1.
_B64TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*", re.ASCII)
# What our own secrets look like: sessions, API keys with their prefix, refresh tokens.
_OWN: Final = re.compile(r"(?:[a-z0-9]{1,32}_[a-z]{1,8}_)?[0-7][0-9A-HJKMNP-TV-Z]{25}\.[A-Za-z0-9._-]+", re.ASCII)

# What begins as a signed token and cannot be read as one is a damaged one, perhaps of ours, which could be mended. Only an
# encrypted one has four full stops (RFC 7516 §3.1).
_DAMAGED_JWT: Final = re.compile(r"eyJ[^.]*(?:\.[^.]*){1,3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Verdict:
    """A token that was found good, and the key that made it good: once the issuer takes that back, it is good no more."""

    token: ForeignToken
    kid: str | None
    key: SignatureKey | None


class IssuerVerifier:
    """Verifies the tokens of one issuer, by its keys alone."""

    __slots__ = ("_jwks", "_remembered", "issuer")

    def __init__(self, issuer: Issuer, *, client: OutboundClient, clock: Clock) -> None:
        self.issuer = issuer
        self._remembered: RememberedVerdicts[_Verdict] = RememberedVerdicts(_MOST_REMEMBERED)
        discovery = Discovery(issuer.url, client=client, clock=clock)
        self._jwks = JwksCache(
            issuer.url,
            lambda: issuer.jwks_uri or discovery.get().jwks_uri,
            lambda body: read_keys(body, issuer.algorithms),
            client=client,
            clock=clock,
        )

    def verify(self, parsed: ParsedToken, digest: bytes, *, now: Millis) -> ForeignToken:
        """What the token says. Raises ``InvalidToken``, and ``Unavailable`` while the issuer's keys cannot be had."""
        # Before anybody is asked for keys: what no key could make good costs nothing.
        if parsed.type not in self.issuer.types:
            raise InvalidToken("wrong_type")
        if parsed.algorithm not in self.issuer.algorithms:
            raise InvalidToken("wrong_algorithm")
        try:
            known = self._remembered.find(digest, now)
            if known is not None and known.key is _key_of(self._jwks.get(), known.kid):
                return known.token
            keys = self._jwks.get_with(parsed.kid)
        except DocumentUnavailable as error:
            raise Unavailable(retry_after=_RETRY_AFTER, detail=str(error)) from None
        claims = parsed.verify(keys, types=self.issuer.types)
        token = check_signed_claims(claims, self.issuer, type=parsed.type, now=now)
        self._remembered.keep(digest, _Verdict(token, parsed.kid, _key_of(keys, parsed.kid)), token.expires_at)
        return token


class TrustedIssuers:
    """The issuers whose tokens are taken, and whose subjects they make callers of."""

    __slots__ = ("_introspector", "_resources", "_rights", "_verifiers")

    def __init__(
        self,
        issuers: Collection[Issuer],
        resources: Resources,
        *,
        client_of: Callable[[Issuer], OutboundClient],
        clock: Clock,
        rights: NewestRights | None = None,
    ) -> None:
        # Asked at each request: features are built one after the other, and accounts may come later.
        self._resources = resources
        self._rights = rights
        self._verifiers: Mapping[str, IssuerVerifier] = MappingProxyType(
            {issuer.url: IssuerVerifier(issuer, client=client_of(issuer), clock=clock) for issuer in issuers}
        )
        asked = [(issuer, issuer.introspection) for issuer in issuers if issuer.introspection is not None]
        self._introspector = Introspector(*asked[0], client=client_of(asked[0][0])) if asked else None

    def present(self, text: str, now: Millis) -> Presented | Rejected | None:
        """Somebody, or why not; None for a token of nobody who is trusted. Raises ``Unavailable``."""
        try:
            principal = self.find_principal(text, now=now)
        except InvalidToken as invalid:
            return rejected(invalid.reason)
        if principal is None or principal.credential is None:
            return None
        return Presented(principal, principal.credential.id)

    def find_principal(self, text: str, *, now: Millis) -> Principal | None:
        """The caller that a foreign token makes; None where the token is none of a trusted issuer's.

        Raises ``InvalidToken`` for one that is, and is not good; ``Unavailable`` where that cannot be told now.
        """
        if len(text) > LONGEST_TOKEN:
            return None
        digest = token_digest(text)
        try:
            parsed = parse_compact(text)
            said = parsed.said_issuer()
        except InvalidToken:
            return self._find_opaque(text, digest, now)
        verifier = self._verifiers.get(said) if said is not None else None
        if verifier is None:
            return None
        if not verifier.issuer.algorithms and self._introspector is not None:
            # Whoever names no algorithm wants the issuer asked about each token.
            return self._principal(self._introspector.verify(text, digest, now=now), digest, now)
        return self._principal(verifier.verify(parsed, digest, now=now), digest, now)

    def _find_opaque(self, text: str, digest: bytes, now: Millis) -> Principal | None:
        # A secret of our own that somebody presents at the wrong place is shown to nobody else, also a damaged one.
        if self._introspector is None or _B64TOKEN.fullmatch(text) is None or self._may_be_ours(text):
            return None
        return self._principal(self._introspector.verify(text, digest, now=now), digest, now)

    def _may_be_ours(self, text: str) -> bool:
        if _OWN.fullmatch(text) is not None or _DAMAGED_JWT.fullmatch(text) is not None:
            return True
        marks = self._resources.find(OwnMarks)
        return marks is not None and marks.marks(text)

    def _principal(self, token: ForeignToken, digest: bytes, now: Millis) -> Principal:
        subject = self._subject(token)
        return Principal(
            subject,
            kind="program" if token.of_program else "person",
            credential=Credential("bearer", f"{token.issuer.url}#{token.jti or digest[:16].hex()}"),
            factors=token.factors,
            scope=token.scope,
            claims=token.claims,
            rights_version=UNKNOWN_RIGHTS if self._rights is None else self._rights(subject, now),
        )

    def _subject(self, token: ForeignToken) -> str:
        """Who it is here: as the application maps it, by the linked account, or by a name that only this issuer gives."""
        if token.issuer.subject is not None:
            mapped = cast("object", token.issuer.subject(token.claims))
            if mapped is None:
                raise InvalidToken("no_subject")
            if not isinstance(mapped, str) or not mapped:
                message = "Issuer(subject=…) returns text, or None to refuse"
                raise TypeError(message)
            return self._admitted(mapped, unless="no_account")
        upstream = self._resources.find(UpstreamIdentities)  # type: ignore[type-abstract] # found by its protocol
        linked = None if upstream is None else upstream.of_upstream(token.issuer.url, token.sub)
        if linked is not None:
            return self._admitted(linked.id)
        # No issuer has a "#" in its name: the first one ends it, so that no two issuers can name the same subject.
        return f"{token.issuer.url}#{token.sub}"

    def _admitted(self, subject: str, *, unless: str | None = None) -> str:
        """The subject, if it may sign in: a token from elsewhere does not outlive a suspension here."""
        gate = self._resources.find(SubjectGate)  # type: ignore[type-abstract] # found by its protocol
        reason = None if gate is None else gate.why_not(subject)
        # What the application maps need not be an account.
        if reason is not None and reason != unless:
            raise InvalidToken(reason)
        return subject


def trust(
    issuers: Collection[Issuer], resources: Resources, *, development: bool, rights: NewestRights | None = None
) -> TrustedIssuers:
    """The trusted issuers of an application. Connects to nobody. Raises ``ConfigurationError`` for plain HTTP in production."""
    for address in () if development else (one for issuer in issuers for one in issuer.addresses()):
        if is_plain_http(address):
            # RFC 8414 §2, RFC 7515 §8: whoever sits on the line would otherwise choose the keys.
            what = f"Tokens(trust=…) names {address}, which is not https"
            raise misconfigured("issuer_not_https", what, "use https; http on this machine is for development only")
    clock = resources[Clock]  # type: ignore[type-abstract] # found by the protocol it fulfils

    def client_of(issuer: Issuer) -> OutboundClient:
        # Its networks and authorities are its own: no other issuer is reached by them.
        ca_file = None if issuer.ca_file is None else fspath(issuer.ca_file)
        return OutboundClient(allow_loopback=development, networks=issuer.reachable(), ca_file=ca_file)

    return TrustedIssuers(issuers, resources, client_of=client_of, clock=clock, rights=rights)


def read_keys(body: bytes, algorithms: tuple[str, ...]) -> KeySet:
    """The keys of a published set, each bound to one algorithm. Raises ``ValueError``."""
    document = decode_json_object(body)
    listed = document.get("keys")
    if isinstance(listed, list):
        document = {**document, "keys": [_bound(entry, algorithms) for entry in cast("list[object]", listed)]}
    return parse_key_set(document, algorithms=algorithms)


def _bound(entry: object, algorithms: tuple[str, ...]) -> object:
    """A key that does not say its algorithm, with the first of ours that fits it: the token's header never decides."""
    if not isinstance(entry, dict) or "alg" in entry:
        return cast("object", entry)  # type: ignore[redundant-cast] # pyright sees a dict of unknown members
    members = cast("JsonObject", entry)
    for name in algorithms:
        one = ALGORITHMS[name]
        if (one.key_type, one.curve) == (members.get("kty"), members.get("crv")):
            return {**members, "alg": name}
    return members


def _key_of(keys: KeySet, kid: str | None) -> SignatureKey | None:
    return keys.only() if kid is None else keys.find(kid)
