"""Compact tokens (RFC 7515 §3.1, §7.1): taken apart strictly, verified, signed.

Nothing that a token says of itself decides how it is checked: the key decides the algorithm, and ``jwk``, ``jku``,
``x5u`` and ``x5c`` are never looked at (RFC 8725 §3.10). What the token claims cannot be reached before its
signature was found good.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from ostiary.standards.jose.base64url import NotBase64url, decode_base64url, encode_base64url
from ostiary.standards.jose.key_set import KeySet
from ostiary.standards.jose.keys import LONGEST_KID, SignatureKey
from ostiary.standards.jose.refusals import InvalidToken
from ostiary.standards.strict_json import JsonObject, NotStrictJson, decode_json_object

LONGEST_TOKEN: Final = 8_192
"""Servers take header fields of about this many bytes; what is longer was made to be long."""

# Tokens are flat; a claim may be an object of objects.
_DEEPEST: Final = 8
_LONGEST_TYPE: Final = 64


@dataclass(frozen=True, slots=True)
class Header:
    """What the header of a token says. ``type`` is in lower case and without ``application/``.

    ``text`` is the header itself: all tokens of one key and one kind have the same, so whoever saw it need not read it again.
    """

    text: str
    algorithm: str
    kid: str | None
    type: str | None


@dataclass(frozen=True, slots=True, eq=False)
class ParsedToken:
    """A token taken apart; nothing of it is verified."""

    header: Header
    _signing_input: bytes = field(repr=False)
    _claims: JsonObject = field(repr=False)
    _signature: bytes = field(repr=False)

    @property
    def algorithm(self) -> str:
        """How it says it is signed."""
        return self.header.algorithm

    @property
    def kid(self) -> str | None:
        """Which key it says signed it."""
        return self.header.kid

    @property
    def type(self) -> str | None:
        """What it says it is."""
        return self.header.type

    def said_issuer(self) -> str | None:
        """Who the token says it is from, not verified: for choosing whose keys are asked, and nothing else."""
        issuer = self._claims.get("iss")
        return issuer if isinstance(issuer, str) else None

    def verify(self, keys: KeySet, *, types: Collection[str | None]) -> JsonObject:
        """What it claims, if it is of one of these types and one of these keys signed it. Raises ``InvalidToken``.

        The claims are those of a token that somebody with the key made; whether they are for us, and still hold, is
        asked afterwards.
        """
        if self.type not in types:
            # RFC 8725 §3.11, §3.12: a token made for one purpose serves no other.
            raise InvalidToken("wrong_type")
        key = keys.only() if self.kid is None else keys.find(self.kid)
        if key is None:
            raise InvalidToken("unknown_key")
        if key.algorithm.name != self.algorithm:
            # RFC 8725 §3.1: one key, one algorithm, and it is the key's.
            raise InvalidToken("wrong_algorithm")
        if not key.verifies(self._signing_input, self._signature):
            raise InvalidToken("bad_signature")
        return self._claims


def parse_compact(text: str, *, longest: int = LONGEST_TOKEN, seen: Header | None = None) -> ParsedToken:
    """Take a compact token apart. Raises ``InvalidToken`` for anything that is not one to the letter.

    ``seen`` is the header of a token of before: where this one has the same, it is not read again.
    """
    if len(text) > longest:
        raise InvalidToken("too_large")
    parts = text.split(".")
    # Five parts are an encrypted token (RFC 7516 §7.1): decrypting proves nothing, so it is not done here.
    if len(parts) != 3 or not all(parts):
        raise InvalidToken("malformed")
    said, payload, signed = parts
    try:
        header = seen if seen is not None and seen.text == said else _parse_header(said)
        claims, signature = _object(decode_base64url(payload)), decode_base64url(signed)
    except NotBase64url:
        raise InvalidToken("malformed") from None
    return ParsedToken(header, text[: -len(signed) - 1].encode(), claims, signature)


def _parse_header(text: str) -> Header:
    members = _object(decode_base64url(text))
    if "crit" in members or "b64" in members:
        # RFC 7515 §4.1.11: whoever does not understand what is critical refuses; we understand none, and an empty
        # list may not be.
        raise InvalidToken("critical_header")
    return Header(
        text,
        algorithm=_text(members, "alg", longest=_LONGEST_TYPE) or "",
        kid=_text(members, "kid", longest=LONGEST_KID),
        type=_type_of(members),
    )


def sign_compact(claims: Mapping[str, object], key: SignatureKey, *, type: str) -> str:
    """A token of this type with these claims, by this key."""
    header = {"alg": key.algorithm.name, "kid": key.kid, "typ": type}
    signing_input = f"{_write(header)}.{_write(claims)}"
    return f"{signing_input}.{encode_base64url(key.sign(signing_input.encode()))}"


def _write(members: Mapping[str, object]) -> str:
    document = json.dumps(members, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return encode_base64url(document.encode())


def _object(document: bytes) -> JsonObject:
    try:
        return decode_json_object(document, max_bytes=LONGEST_TOKEN, max_depth=_DEEPEST)
    except NotStrictJson:
        raise InvalidToken("malformed") from None


def _text(members: JsonObject, name: str, *, longest: int) -> str | None:
    value = members.get(name)
    if value is None and name not in members:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise InvalidToken("malformed")
    return value


def _type_of(members: JsonObject) -> str | None:
    type = _text(members, "typ", longest=_LONGEST_TYPE)
    # RFC 7515 §4.1.9: a media type, whose case does not matter and whose "application/" may be left out.
    return None if type is None else type.lower().removeprefix("application/")
