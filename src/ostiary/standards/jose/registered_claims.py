"""Registered claims (RFC 7519 §4.1): from whom, for whom, since and until when, checked before anything is believed.

Times in tokens are seconds; ``now`` and ``leeway`` are milliseconds since the Unix epoch and milliseconds.
"""

import math
from typing import Final, cast

from ostiary.standards.jose.refusals import InvalidToken
from ostiary.standards.strict_json import JsonObject

MOST_LEEWAY: Final = 60_000
"""Clocks of servers differ by seconds; more than a minute is a longer life by another name (ASVS V9.2.1)."""

REGISTERED: Final = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti"})
"""The names of RFC 7519 §4.1, which no extra claim takes."""

# OpenID Connect Core §2 has 255 for "sub"; the same for every name of somebody or something.
LONGEST_NAME: Final = 255
# The last second of the year 9999: what is later cannot be shown as a date, and was written to break something.
_LATEST: Final = 253_402_300_799
_MOST_AUDIENCES: Final = 32


def check_issuer(claims: JsonObject, issuer: str) -> None:
    """``iss`` is the issuer, letter by letter (RFC 9068 §4). Raises ``InvalidToken``."""
    if name_claim(claims, "iss") != issuer:
        raise InvalidToken("wrong_issuer")


def check_audience(claims: JsonObject, audience: str) -> frozenset[str]:
    """``aud``, text or a list of it, names us (RFC 7519 §4.1.3); the answer is everybody it names."""
    said = claims.get("aud")
    if said == audience:
        return frozenset((audience,))
    if said is None:
        raise InvalidToken("missing_claim")
    listed = [said] if isinstance(said, str) else said
    if not isinstance(listed, list) or not 0 < len(cast("list[object]", listed)) <= _MOST_AUDIENCES:
        raise InvalidToken("unreadable_claim")
    names: set[str] = set()
    for name in cast("list[object]", listed):
        if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME:
            raise InvalidToken("unreadable_claim")
        names.add(name)
    if audience not in names:
        raise InvalidToken("wrong_audience")
    return frozenset(names)


def check_validity(claims: JsonObject, *, now: int, leeway: int = 0) -> tuple[int, int]:
    """It was issued, is valid by now, and has not ended: (issued at, ends at) in milliseconds. Raises ``InvalidToken``."""
    if not 0 <= leeway <= MOST_LEEWAY:
        message = f"a leeway is 0 to {MOST_LEEWAY} milliseconds"
        raise ValueError(message)
    ends_at, issued_at = moment_claim(claims, "exp"), moment_claim(claims, "iat")
    # RFC 7519 §4.1.4: not on or after.
    if now >= ends_at + leeway:
        raise InvalidToken("expired")
    if "nbf" in claims and moment_claim(claims, "nbf") > now + leeway:
        # RFC 7519 §4.1.5: not before.
        raise InvalidToken("not_yet_valid")
    if issued_at > now + MOST_LEEWAY:
        raise InvalidToken("not_yet_valid")
    return issued_at, ends_at


def name_claim(claims: JsonObject, name: str) -> str:
    """A claim that must be there and names something: text, not empty, not long. Raises ``InvalidToken``."""
    value = claims.get(name)
    if value is None:
        raise InvalidToken("missing_claim")
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_NAME:
        raise InvalidToken("unreadable_claim")
    return value


def moment_claim(claims: JsonObject, name: str) -> int:
    """A NumericDate (RFC 7519 §2) that must be there, in milliseconds. Raises ``InvalidToken``."""
    value = claims.get(name)
    if value is None:
        raise InvalidToken("missing_claim")
    if type(value) is int and 0 <= value <= _LATEST:
        return value * 1000
    # True is a number to Python, and 1 is no time.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidToken("unreadable_claim")
    if not math.isfinite(value) or not 0 <= value <= _LATEST:
        raise InvalidToken("unreadable_claim")
    return int(value * 1000)
