"""Access tokens as JWTs (RFC 9068): the type, the claims each must have, and scope as one line of text."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ostiary.standards.jose.refusals import InvalidToken
from ostiary.standards.jose.registered_claims import (
    LONGEST_NAME,
    REGISTERED,
    check_audience,
    check_issuer,
    check_validity,
    name_claim,
)
from ostiary.standards.strict_json import JsonObject

ACCESS_TOKEN_TYPE: Final = "at+jwt"  # noqa: S105 - the name of a type
"""RFC 9068 §2.1."""

ACCESS_TOKEN_CLAIMS: Final = REGISTERED | {"client_id", "auth_time", "acr", "amr", "scope"}
"""Every name that RFC 9068 §2.2 gives a meaning."""

# RFC 6749 §3.3: printable ASCII without space, quotation mark and backslash.
_SCOPE_TOKEN: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,255}", re.ASCII)
_MOST_SCOPE: Final = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessTokenClaims:
    """What an access token says that every one must say. Times are milliseconds; ``scope`` None is no restriction."""

    subject: str
    client: str
    jti: str
    audience: frozenset[str]
    scope: frozenset[str] | None
    issued_at: int
    expires_at: int


def check_access_token_claims(
    claims: JsonObject, *, issuer: str, audience: str, now: int, leeway: int = 0
) -> AccessTokenClaims:
    """The claims of a verified token, if it is from this issuer, for us, and valid now (RFC 9068 §4).

    Raises ``InvalidToken``.
    """
    check_issuer(claims, issuer)
    audiences = check_audience(claims, audience)
    issued_at, expires_at = check_validity(claims, now=now, leeway=leeway)
    return AccessTokenClaims(
        subject=name_claim(claims, "sub"),
        client=name_claim(claims, "client_id"),
        jti=name_claim(claims, "jti"),
        audience=audiences,
        scope=_read_scope(claims),
        issued_at=issued_at,
        expires_at=expires_at,
    )


def write_scope(scope: Iterable[str]) -> str:
    """Permissions as the text of the claim (RFC 6749 §3.3). Raises ``ValueError`` for one that it cannot hold."""
    names = sorted(scope)
    text = " ".join(names)
    if len(text) > _MOST_SCOPE or not all(_SCOPE_TOKEN.fullmatch(name) for name in names):
        message = f"a scope is words of printable ASCII, each at most {LONGEST_NAME} characters"
        raise ValueError(message)
    return text


def parse_scope(text: str) -> frozenset[str]:
    """The permissions of the claim. An empty text is no permission at all, never every one. Raises ``ValueError``."""
    if not text:
        return frozenset()
    names = text.split(" ")
    if len(text) > _MOST_SCOPE or not all(_SCOPE_TOKEN.fullmatch(name) for name in names):
        message = "not a scope"
        raise ValueError(message)
    return frozenset(names)


def _read_scope(claims: JsonObject) -> frozenset[str] | None:
    if "scope" not in claims:
        return None
    value = claims["scope"]
    try:
        if isinstance(value, str):
            return parse_scope(value)
    except ValueError:
        pass
    # What restricts a token and cannot be read would otherwise be no restriction.
    raise InvalidToken("unreadable_claim")
