"""Access tokens: issued and verified, JWTs in the profile of RFC 9068.

Besides what the profile asks for, one claim of our own, ``ostiary``, carries what the guard compares and no standard
has a name for: the subject's epoch and rights version, the refresh family, the tenant, and each factor with its
exact kind and time.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Any, Final, TypeVar, cast

from ostiary.features.tokens.csrf_binding import binding_of
from ostiary.features.tokens.signing_keys import SigningKeys
from ostiary.features.tokens.verified_token import VerifiedToken
from ostiary.kernel.authentication_context import acr_of, amr_of, auth_time_of
from ostiary.kernel.clock import SECOND, Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.errors import misconfigured
from ostiary.kernel.factor import Factor, decode_factors, encode_factors
from ostiary.kernel.identifiers import new_id
from ostiary.kernel.principal import UNKNOWN_RIGHTS, Credential, On, Principal, decode_place, encode_place
from ostiary.kernel.remembered_verdicts import RememberedVerdicts, token_digest
from ostiary.kernel.token_lifetime import LONGEST_ACCESS_TOKEN
from ostiary.standards.jose.access_token_claims import (
    ACCESS_TOKEN_CLAIMS,
    ACCESS_TOKEN_TYPE,
    check_access_token_claims,
    write_scope,
)
from ostiary.standards.jose.jws import LONGEST_TOKEN, Header, parse_compact, sign_compact
from ostiary.standards.jose.refusals import InvalidToken
from ostiary.standards.jose.registered_claims import LONGEST_NAME, moment_claim
from ostiary.standards.strict_json import JsonObject, NotStrictJson, decode_json_object
from ostiary.web.credential_reader import Presented

M = TypeVar("M")

BEARER: Final = "bearer"
"""The kind of credential that an access token is."""

OWN_CLAIM: Final = "ostiary"
# Names with a meaning for whoever verifies: possession of a key (RFC 7800), and acting for somebody (RFC 8693 §4.1, §4.4).
RESERVED_CLAIMS: Final = ACCESS_TOKEN_CLAIMS | {OWN_CLAIM, "cnf", "act", "may_act"}

MOST_REMEMBERED: Final = 4_096
"""Verified tokens that a process remembers: a few megabytes. Beyond it, they are verified again."""

# Header, registered claims and a signature of RSA-4096 take under 3000 characters, and servers read 8192.
_MOST_EXTRA: Final = 3_000
_DEEPEST_EXTRA: Final = 6
_TYPES: Final = frozenset({ACCESS_TOKEN_TYPE})
_NO_CLAIMS: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What an access token is issued for.

    ``epoch``, ``rights``  the joint epoch as it was when the sign-in began, and the subject's rights as they are now
    ``scope``              the permissions it is narrowed to; None is unrestricted
    ``audience``           whom it is for; None is the application itself
    ``client``             who asked for it; None is the application itself
    ``family``             the refresh family it belongs to
    ``claims``             what the application adds
    ``lifetime``           milliseconds; None is that of the settings
    """

    subject: str
    factors: tuple[Factor, ...]
    epoch: int
    rights: int = 0
    scope: frozenset[str] | None = None
    audience: tuple[str, ...] | None = None
    client: str | None = None
    family: str | None = None
    tenant: On | None = None
    claims: Mapping[str, Any] = field(default_factory=lambda: _NO_CLAIMS)
    lifetime: Millis | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedAccessToken:
    """A token that was just signed: its text, its id, and when it expires, in milliseconds since the Unix epoch."""

    text: str = field(repr=False)
    jti: str
    expires_at: Millis


class AccessTokens:
    """Issues and verifies the access tokens of one application."""

    __slots__ = ("_audience", "_header", "_issuer", "_keys", "_known", "_most", "_tracks_rights", "lifetime")

    def __init__(
        self,
        keys: SigningKeys,
        *,
        issuer: str,
        audience: str,
        lifetime: Millis,
        most_remembered: int = MOST_REMEMBERED,
        tracks_rights: bool = True,
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._most = most_remembered
        # That of the token which was verified last: the next one has most likely the same.
        self._header: Header | None = None
        # By the version of the keys that verified them: once a key goes, nothing of before is believed.
        self._known: tuple[int, RememberedVerdicts[VerifiedToken]] = (0, RememberedVerdicts(most_remembered))
        self.lifetime = lifetime
        # Without the log of revocations, what a token said of its subject's rights stays said, whatever becomes of them.
        self._tracks_rights = tracks_rights

    @property
    def issuer(self) -> str:
        """Our own name, ``iss``."""
        return self._issuer

    def prepare(self, now: Millis) -> None:
        """Have a key that signs: to be called before a transaction in which ``issue`` is, since keys are read and made."""
        self._keys.signer(now)

    def issue(self, grant: Grant, *, now: Millis) -> IssuedAccessToken:
        """A token for a grant. Raises ``ConfigurationError`` for extra claims or a lifetime that no token may have."""
        lifetime = self._lifetime_of(grant)
        # Whole seconds (RFC 7519 §2), down: a token never lives longer than was said.
        issued_at = now // SECOND
        expires_at, jti = issued_at + lifetime // SECOND, new_id(now, secrets.token_bytes(10))
        auth_time = auth_time_of(grant.factors)
        claims: dict[str, object] = {
            **checked_extra_claims(grant.claims),
            "iss": self._issuer,
            "aud": self._audience_of(grant),
            "sub": _named("the subject", grant.subject),
            "client_id": _named("the client", grant.client or self._issuer),
            "jti": jti,
            "iat": issued_at,
            "exp": expires_at,
            "acr": acr_of(grant.factors),
            "amr": amr_of(grant.factors),
            OWN_CLAIM: _write_own(grant),
        }
        if auth_time is not None:
            claims["auth_time"] = auth_time // SECOND
        if grant.scope is not None:
            claims["scope"] = write_scope(grant.scope)
        text = sign_compact(claims, self._keys.signer(now), type=ACCESS_TOKEN_TYPE)
        if len(text) > LONGEST_TOKEN:
            what = f"an access token of {len(text)} characters: servers read {LONGEST_TOKEN}"
            raise misconfigured("token_too_long", what, "narrow its scope, name fewer audiences, or add fewer claims")
        return IssuedAccessToken(text=text, jti=jti, expires_at=expires_at * SECOND)

    def verify(self, text: str, *, now: Millis) -> VerifiedToken:
        """What a token says, if it is ours, for us and good now. Whether it was revoked is asked elsewhere.

        Raises ``InvalidToken``, and ``Unavailable`` where the keys cannot be read.
        """
        if len(text) > LONGEST_TOKEN:
            raise InvalidToken("too_large")
        version = self._keys.version(now)
        known_by, known = self._known
        if version != known_by:
            # Whoever still verifies by the keys of before keeps his verdict in a memory that nobody asks any more.
            known = RememberedVerdicts[VerifiedToken](self._most)
            self._known = (version, known)
        digest = token_digest(text)
        token = known.find(digest, now)
        if token is None:
            token = self._verify_anew(text, now)
            # Only what is good gets in: a stranger's garbage pushes nobody out.
            known.keep(digest, token, token.expires_at)
        return token

    def verify_to_revoke(self, text: str, *, now: Millis) -> tuple[str, Millis]:
        """The id and the end of a token of ours, whoever it is for. Raises ``InvalidToken``."""
        if len(text) > LONGEST_TOKEN:
            raise InvalidToken("too_large")
        claims = self._verified_claims(text, now)
        named = claims.get("aud")
        names = cast("list[object]", named) if isinstance(named, list) else [named]
        audience = next((name for name in names if isinstance(name, str)), self._audience)
        said = check_access_token_claims(claims, issuer=self._issuer, audience=audience, now=now)
        return said.jti, said.expires_at

    def find_family_of_expired(self, text: str, *, now: Millis) -> str | None:
        """The refresh family of a token that was good until its time was over; None for any other text.

        Raises ``Unavailable`` where the keys cannot be read.
        """
        found = self._family_and_end(text, now)
        return None if found is None or now < found[1] else found[0]

    def find_family(self, text: str, *, now: Millis) -> str | None:
        """The refresh family of a token that is or was good; None for any other text. Raises as the one before."""
        found = self._family_and_end(text, now)
        return None if found is None else found[0]

    def _family_and_end(self, text: str, now: Millis) -> tuple[str | None, Millis] | None:
        try:
            claims = self._verified_claims(text, now)
            ends_at = moment_claim(claims, "exp")
            check_access_token_claims(claims, issuer=self._issuer, audience=self._audience, now=min(now, ends_at - 1))
            return _read_own(claims).family, ends_at
        except InvalidToken:
            return None

    def _verified_claims(self, text: str, now: Millis) -> JsonObject:
        """What one of our keys signed. Raises ``InvalidToken``."""
        parsed = parse_compact(text, seen=self._header)
        if parsed.said_issuer() != self._issuer:
            # Before our keys are asked: they are nobody else's (RFC 8725 §3.8).
            raise InvalidToken("wrong_issuer")
        claims = parsed.verify(self._keys.verifying(now, kid=parsed.kid), types=_TYPES)
        self._header = parsed.header
        return claims

    def _verify_anew(self, text: str, now: Millis) -> VerifiedToken:
        claims = self._verified_claims(text, now)
        said = check_access_token_claims(claims, issuer=self._issuer, audience=self._audience, now=now)
        own = _read_own(claims)
        extra = _NO_CLAIMS
        if not RESERVED_CLAIMS.issuperset(claims):
            extra = MappingProxyType({name: value for name, value in claims.items() if name not in RESERVED_CLAIMS})
        principal = Principal(
            said.subject,
            credential=Credential(BEARER, said.jti),
            factors=own.factors,
            scope=said.scope,
            tenant=own.tenant,
            claims=extra,
            rights_version=own.rights if self._tracks_rights else UNKNOWN_RIGHTS,
        )
        return VerifiedToken(
            subject=said.subject,
            jti=said.jti,
            client=None if said.client == self._issuer else said.client,
            family=own.family,
            epoch=own.epoch,
            rights=own.rights,
            issued_at=said.issued_at,
            expires_at=said.expires_at,
            own_copy=bool(extra) and any(isinstance(value, list | dict) for value in extra.values()),
            presented=Presented(principal, binding_of(own.family, said.jti)),
        )

    def _lifetime_of(self, grant: Grant) -> Millis:
        lifetime = self.lifetime if grant.lifetime is None else grant.lifetime
        if not SECOND <= lifetime <= LONGEST_ACCESS_TOKEN:
            what = f"an access token that lives {lifetime} milliseconds"
            raise misconfigured("access_lifetime", what, "between one second and 24 hours; refresh tokens live longer")
        return lifetime

    def _audience_of(self, grant: Grant) -> str | list[str]:
        if grant.audience is None:
            return self._audience
        names = [_named("an audience", name) for name in grant.audience]
        if not names:
            # ASVS 5.0 V9.2.4: the one key signs for everybody, so that a token says for whom.
            what = "an access token is to be for nobody: audience=() is empty"
            raise misconfigured(
                "no_audience", what, "leave audience= out for the application itself, or name who it is for"
            )
        return names[0] if len(names) == 1 else names


def checked_extra_claims(claims: Mapping[str, Any]) -> JsonObject:
    """A copy of what an application adds to a token. Raises ``ConfigurationError`` for names and values it may not have."""
    if not claims:
        return {}
    # A registered claim would say something else than we mean: who it is, what it may do, how long.
    taken = sorted(set(claims) & RESERVED_CLAIMS)
    if taken:
        what = f"the claim {taken[0]!r} is added to access tokens, and its meaning is taken"
        raise misconfigured("reserved_claim", what, f"give it another name, such as {f'app_{taken[0]}'!r}")
    try:
        document = json.dumps(dict(claims), allow_nan=False, ensure_ascii=False).encode()
        return decode_json_object(document, max_bytes=_MOST_EXTRA, max_depth=_DEEPEST_EXTRA)
    except (TypeError, ValueError, RecursionError, NotStrictJson) as error:
        what = f"claims are added to access tokens that cannot stand there ({type(error).__name__})"
        cure = f"text, numbers, true, false, null, lists and objects of them, at most {_MOST_EXTRA} bytes as JSON"
        raise misconfigured("unwritable_claims", what, cure) from None


def _named(what: str, name: str) -> str:
    if not 0 < len(name) <= LONGEST_NAME:
        message = f"{what} of an access token is text of 1 to {LONGEST_NAME} characters"
        raise ValueError(message)
    return name


@dataclass(frozen=True, slots=True, kw_only=True)
class _Own:
    """What the claim of our own says."""

    epoch: int
    rights: int
    factors: tuple[Factor, ...]
    family: str | None
    tenant: On | None


def _write_own(grant: Grant) -> JsonObject:
    own: JsonObject = {"epoch": grant.epoch, "rights": grant.rights, "factors": encode_factors(grant.factors)}
    if grant.family is not None:
        own["family"] = grant.family
    if grant.tenant is not None:
        own["tenant"] = encode_place(grant.tenant)
    return own


def _read_own(claims: JsonObject) -> _Own:
    own = claims.get(OWN_CLAIM)
    if not isinstance(own, dict):
        raise InvalidToken("missing_claim")
    members = cast("JsonObject", own)
    try:
        factors = decode_factors(_member(members, "factors", str))
    except ValueError:
        raise InvalidToken("unreadable_claim") from None
    return _Own(
        epoch=_member(members, "epoch", int),
        rights=_member(members, "rights", int),
        factors=factors,
        family=None if "family" not in members else _member(members, "family", str),
        tenant=None if "tenant" not in members else decode_place(_member(members, "tenant", str)),
    )


def _member(members: JsonObject, name: str, kind: type[M]) -> M:
    value = members.get(name)
    # Exactly: True would be an epoch of 1.
    if type(value) is not kind:
        raise InvalidToken("unreadable_claim")
    return value
