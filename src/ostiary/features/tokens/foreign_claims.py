"""What a foreign token says, checked and made ours: whose it is, for whom, until when, narrowed to what, proven how.

Law: RFC 9068 §4 for tokens of its type; RFC 7519 and RFC 8725 §3.12 for plain ones; RFC 7662 §2.2 for answers of
introspection. Rules over claims that a good signature or the issuer itself vouches for.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Any, Final, cast

from ostiary.features.tokens.trusted_issuer import Claims, Issuer, proofs_of
from ostiary.kernel.clock import MINUTE, Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.factor import Factor, merge_factors
from ostiary.standards.jose.access_token_claims import ACCESS_TOKEN_TYPE, check_access_token_claims, parse_scope
from ostiary.standards.jose.refusals import InvalidToken
from ostiary.standards.jose.registered_claims import (
    check_audience,
    check_issuer,
    check_validity,
    moment_claim,
    name_claim,
)
from ostiary.standards.strict_json import JsonObject

# What only ID tokens have (OpenID Connect Core §2, §3.3.2.11): made for a client, to be shown to nobody.
_ONLY_ID_TOKENS: Final = frozenset({"nonce", "at_hash", "c_hash", "s_hash"})
_MOST_NAMES: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignToken:
    """A foreign token that was found good. ``sub`` and ``client`` are the issuer's words; ``jti`` may be missing."""

    issuer: Issuer
    sub: str
    client: str | None
    jti: str | None
    expires_at: Millis
    scope: frozenset[str] | None
    factors: tuple[Factor, ...]
    claims: Claims = field(repr=False)

    @property
    def of_program(self) -> bool:
        """Whether a program has it for itself: RFC 9068 §2.2, then ``sub`` is the client."""
        return self.sub == self.client


def check_signed_claims(claims: JsonObject, issuer: Issuer, *, type: str | None, now: Millis) -> ForeignToken:
    """The claims of a token that the issuer signed, if it is an access token for us and valid now. Raises ``InvalidToken``."""
    if type == ACCESS_TOKEN_TYPE:
        found = check_access_token_claims(claims, issuer=issuer.url, audience=issuer.audience, now=now)
        return _made(claims, issuer, sub=found.subject, client=found.client, expires_at=found.expires_at, now=now)
    check_issuer(claims, issuer.url)
    check_audience(claims, issuer.audience)
    _, expires_at = check_validity(claims, now=now)
    _check_purpose(claims)
    sub, client = name_claim(claims, "sub"), _client_of(claims)
    return _made(claims, issuer, sub=sub, client=client, expires_at=expires_at, now=now)


def check_introspected(answer: JsonObject, issuer: Issuer, *, at_most: Millis, now: Millis) -> ForeignToken:
    """An answer of introspection (RFC 7662 §2.2), if the token is active, for us and valid now. Raises ``InvalidToken``.

    ``at_most`` is how long an answer that names no end counts.
    """
    if answer.get("active") is not True:
        raise InvalidToken("inactive")
    if "iss" in answer:
        check_issuer(answer, issuer.url)
    if "aud" in answer or (issuer.introspection is not None and issuer.introspection.audience_required):
        check_audience(answer, issuer.audience)
    kind = answer.get("token_type", "Bearer")
    if not isinstance(kind, str) or kind.lower() not in ("bearer", "access_token"):
        # RFC 9449 §7.2: a token that is bound to a key is no bearer token.
        raise InvalidToken("wrong_type")
    expires_at = moment_claim(answer, "exp") if "exp" in answer else now + at_most
    if now >= expires_at:
        raise InvalidToken("expired")
    if any(name in answer and moment_claim(answer, name) > now + MINUTE for name in ("iat", "nbf")):
        raise InvalidToken("not_yet_valid")
    client = _client_of(answer)
    # RFC 7662 §2.2: "sub" is optional; who has a token for itself alone is its client.
    sub = name_claim(answer, "sub") if "sub" in answer or client is None else client
    return _made(answer, issuer, sub=sub, client=client, expires_at=expires_at, now=now)


def _made(
    claims: JsonObject, issuer: Issuer, *, sub: str, client: str | None, expires_at: Millis, now: Millis
) -> ForeignToken:
    if "cnf" in claims:
        # RFC 7800 §3, RFC 9449 §7.2: bound to a key whose possession nobody has proven here.
        raise InvalidToken("bound_to_a_key")
    if not sub.isprintable():
        raise InvalidToken("unreadable_claim")
    frozen = cast("Claims", _frozen(claims))
    return ForeignToken(
        issuer=issuer,
        sub=sub,
        client=client,
        jti=name_claim(claims, "jti") if "jti" in claims else None,
        expires_at=expires_at,
        scope=_scope(frozen, issuer),
        factors=_factors(claims, issuer, now),
        claims=frozen,
    )


def _check_purpose(claims: JsonObject) -> None:
    # RFC 8725 §3.12: without a type of its own, a token is told from others by what only they have. Some issuers say
    # what a token is for in a claim.
    said = [claims[name] for name in ("token_use", "typ") if name in claims]
    if any(not isinstance(one, str) or one.lower() not in ("access", "bearer", "at+jwt") for one in said):
        raise InvalidToken("wrong_type")
    if "events" in claims or (not said and not _ONLY_ID_TOKENS.isdisjoint(claims)):
        raise InvalidToken("wrong_type")


def _client_of(claims: JsonObject) -> str | None:
    for name in ("client_id", "azp"):
        if name in claims:
            return name_claim(claims, name)
    return None


def _scope(claims: Claims, issuer: Issuer) -> frozenset[str] | None:
    if issuer.scope == "ignored":
        return None
    if callable(issuer.scope):
        given = issuer.scope(claims)
        if isinstance(given, str):
            message = "Issuer(scope=…) returns a list of permissions, not text"
            raise TypeError(message)
        return None if given is None else frozenset(given)
    # What restricts a token and cannot be read would otherwise be no restriction; and a client that asks for no scope
    # must not get more than one that asks for some.
    said: object = claims.get("scope", claims.get("scp", ""))
    try:
        return parse_scope(said if isinstance(said, str) else " ".join(_texts(said)))
    except ValueError:
        raise InvalidToken("unreadable_claim") from None


def _factors(claims: JsonObject, issuer: Issuer, now: Millis) -> tuple[Factor, ...]:
    """The proofs that the issuer's words stand for, as of the time it says: no mapping, or no time, no proof."""
    if not issuer.factors or "auth_time" not in claims:
        return ()
    at = moment_claim(claims, "auth_time")
    if at > now + MINUTE:
        raise InvalidToken("unreadable_claim")
    words = (*_texts(claims.get("amr", ())), *_texts((claims["acr"],) if "acr" in claims else ()))
    kinds = [kind for word in words if word in issuer.factors for kind in proofs_of(issuer.factors[word])]
    try:
        return merge_factors((), (Factor(kind, at=at) for kind in kinds))
    except ValueError:
        # Before 1973: nobody proved anything to this issuer then.
        raise InvalidToken("unreadable_claim") from None


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or len(cast("Iterable[Any]", value)) > _MOST_NAMES:  # type: ignore[arg-type]
        raise InvalidToken("unreadable_claim")
    names = tuple(cast("Iterable[object]", value))
    if not all(isinstance(name, str) for name in names):
        raise InvalidToken("unreadable_claim")
    return cast("tuple[str, ...]", names)


def _frozen(value: object) -> object:
    """The same, unchangeable: a verdict is remembered, and serves one request after the other."""
    if isinstance(value, dict):
        return MappingProxyType({name: _frozen(one) for name, one in cast("Mapping[str, object]", value).items()})
    if isinstance(value, list):
        return tuple(_frozen(one) for one in cast("list[object]", value))
    return value
