"""Strict JSON (RFC 8259, I-JSON RFC 7493): one bounded decoder, so that no two readers see different documents.

Python's own decoder takes doubled names, ``NaN``, lone surrogates and, nested deep enough, the whole
process with it. Here each of these is refused with a sentence that says what is wrong. Size and depth are
checked before anything is built.
"""

import json
import math
import re
from typing import Final, NoReturn, TypeAlias, cast

JsonObject: TypeAlias = dict[str, object]
"""A decoded JSON object; its values are ``str``, ``int``, ``float``, ``bool``, ``None``, ``list`` or ``dict``."""

MAX_BYTES: Final = 65_536
MAX_DEPTH: Final = 32

# 2**128 has 39 digits. Converting thousands of digits takes quadratic time, and Python refuses it with an error.
_MAX_DIGITS: Final = 40
# The longest double that is worth writing has 17 significant digits and an exponent.
_MAX_NUMBER: Final = 128

# The closing quote is optional, so that the expression never fails and never has to look again: linear time.
_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_BRACKET: Final = re.compile(rb"[\[\]{}]")
# Every digit as "0", so that many of them are found by one search.
_ANY_DIGIT: Final = bytes.maketrans(b"123456789", b"0" * 9)
_MANY_DIGITS: Final = b"0" * (_MAX_DIGITS + 1)
_SPACE: Final = " \t\r\n"
_MAYBE_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")


class NotStrictJson(ValueError):
    """The bytes are no JSON document that is read here; ``detail`` says more, for logs."""

    def __init__(self, message: str, *, detail: str | None = None) -> None:
        self.detail = detail
        super().__init__(message)


class JsonTooLarge(NotStrictJson):
    """The document has more bytes than are read."""


def decode_json(document: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> object:
    """The value of a JSON document in UTF-8.

    Raises ``NotStrictJson`` for anything else than one well-formed document with unique names, finite numbers
    and real characters, at most ``max_depth`` arrays and objects deep; ``JsonTooLarge`` above ``max_bytes``.
    Nothing else is ever raised.
    """
    if len(document) > max_bytes:
        raise JsonTooLarge("The JSON document is too large.", detail=f"{len(document)} bytes, {max_bytes} are read")
    text = _decode(document)
    _check_depth(document, max_depth)
    try:
        # So many digits may also stand in a text, which the slower decoder tells apart.
        decoder = _COUNTING if _MANY_DIGITS in document.translate(_ANY_DIGIT) else _DECODER
        # Most documents have no space around them, and it takes time to look for it.
        value, end = cast("tuple[object, int]", decoder.raw_decode(text)) if text[:1] not in _SPACE else (None, -1)
        if end != len(text):
            value = cast("object", decoder.decode(text))
    except json.JSONDecodeError as error:
        if not text.strip(_SPACE):
            raise NotStrictJson("The body is empty; it has to be a JSON document.") from None
        if error.msg == "Extra data":
            raise NotStrictJson("The JSON document is followed by something else.") from None
        raise NotStrictJson(f"The body is not JSON (character {error.pos}).", detail=error.msg) from None
    if b"\\u" in document and _MAYBE_SURROGATE.search(document) is not None:
        _refuse_lone_surrogates(value)
    return value


def decode_json_object(document: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> JsonObject:
    """The members of a JSON document that has to be an object. Raises as ``decode_json`` does."""
    value = decode_json(document, max_bytes=max_bytes, max_depth=max_depth)
    if not isinstance(value, dict):
        raise NotStrictJson("The JSON document has to be an object.")
    return cast("JsonObject", value)


def _decode(body: bytes) -> str:
    if body.startswith(b"\xef\xbb\xbf"):
        # RFC 8259 §8.1: no byte order mark.
        raise NotStrictJson("JSON begins without a byte order mark.")
    if b"\x00" in body:
        # JSON has no NUL, escaped ones aside; UTF-16 and UTF-32 are full of them.
        raise NotStrictJson("JSON has to be UTF-8; these bytes look like UTF-16 or UTF-32.")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise NotStrictJson("JSON has to be UTF-8.") from None


def _check_depth(body: bytes, max_depth: int) -> None:
    # Python's decoder calls itself for each level and ends in RecursionError, so count the levels first.
    if body.count(b"[") + body.count(b"{") <= max_depth:
        return
    depth = 0
    for match in _BRACKET.finditer(_STRING.sub(b"", body)):
        depth += 1 if match[0] in b"[{" else -1
        if depth > max_depth:
            raise NotStrictJson(f"The JSON document is nested more than {max_depth} levels deep.")


def _unique(pairs: list[tuple[str, object]]) -> JsonObject:
    members = dict(pairs)
    if len(members) != len(pairs):
        # RFC 7493 §2.3. Which of two values counts differs from reader to reader.
        raise NotStrictJson("A name occurs twice in the same JSON object.")
    return members


def _refuse_constant(constant: str) -> NoReturn:
    # RFC 8259 §6: numbers that are not finite cannot be written.
    raise NotStrictJson("JSON has neither NaN nor Infinity.", detail=constant)


def _bounded_int(digits: str) -> int:
    if len(digits.lstrip("-")) > _MAX_DIGITS:
        raise NotStrictJson(f"An integer has more than {_MAX_DIGITS} digits.")
    return int(digits)


def _finite_float(digits: str) -> float:
    number = float(digits) if len(digits) <= _MAX_NUMBER else math.inf
    if not math.isfinite(number):
        raise NotStrictJson("A number is too large or too long.")
    return number


def _refuse_lone_surrogates(value: object) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        # RFC 7493 §2.1. Half a character can be neither stored nor sent.
        raise NotStrictJson("A text contains half a character (a lone surrogate).") from None


# Made once: to make one takes longer than to decode a token with it. They keep nothing between two documents.
_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite_float
)
_COUNTING: Final = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite_float, parse_int=_bounded_int
)
