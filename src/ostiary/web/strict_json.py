"""Strict JSON (RFC 8259, I-JSON RFC 7493): one bounded decoder, so that no two readers see different documents.

Python's own decoder takes doubled names, ``NaN``, lone surrogates and, nested deep enough, the whole
process with it. Here each of these is a 400 that says what is wrong. Size and depth are checked before
anything is built.
"""

import json
import math
import re
from typing import Final, NoReturn, TypeAlias, cast

from ostiary.kernel.errors import MalformedRequest

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
_MAYBE_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")


class BodyTooLarge(MalformedRequest):
    """The request carries more than is read (RFC 9110 §15.5.14): too many bytes, or too many parts."""

    code = "body_too_large"
    status = 413
    public_message = "The request is too large."


def parse_json(body: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> object:
    """The value of a JSON document in UTF-8.

    Raises ``MalformedRequest`` (400) for anything else than one well-formed document with unique names, finite
    numbers and real characters, at most ``max_depth`` arrays and objects deep; ``BodyTooLarge`` (413) above
    ``max_bytes``. Nothing else is ever raised.
    """
    if len(body) > max_bytes:
        raise BodyTooLarge(detail=f"JSON of {len(body)} bytes, {max_bytes} are read")
    text = _decode(body)
    _check_depth(body, max_depth)
    try:
        value = cast(
            "object",
            json.loads(
                text,
                object_pairs_hook=_unique,
                parse_constant=_refuse_constant,
                parse_int=_bounded_int,
                parse_float=_finite_float,
            ),
        )
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            raise MalformedRequest("The JSON document is followed by something else.") from None
        raise MalformedRequest(f"The body is not JSON (character {error.pos}).", detail=error.msg) from None
    if _MAYBE_SURROGATE.search(body) is not None:
        _refuse_lone_surrogates(value)
    return value


def parse_json_object(body: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> JsonObject:
    """The members of a JSON document that has to be an object. Raises as ``parse_json`` does."""
    value = parse_json(body, max_bytes=max_bytes, max_depth=max_depth)
    if not isinstance(value, dict):
        raise MalformedRequest("The JSON document has to be an object.")
    return cast("JsonObject", value)


def _decode(body: bytes) -> str:
    if body.startswith(b"\xef\xbb\xbf"):
        # RFC 8259 §8.1: no byte order mark.
        raise MalformedRequest("JSON begins without a byte order mark.")
    if b"\x00" in body:
        # JSON has no NUL, escaped ones aside; UTF-16 and UTF-32 are full of them.
        raise MalformedRequest("JSON has to be UTF-8; these bytes look like UTF-16 or UTF-32.")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedRequest("JSON has to be UTF-8.") from None
    if not text.strip(" \t\r\n"):
        raise MalformedRequest("The body is empty; it has to be a JSON document.")
    return text


def _check_depth(body: bytes, max_depth: int) -> None:
    # Python's decoder calls itself for each level and ends in RecursionError, so count the levels first.
    if body.count(b"[") + body.count(b"{") <= max_depth:
        return
    depth = 0
    for match in _BRACKET.finditer(_STRING.sub(b"", body)):
        depth += 1 if match[0] in b"[{" else -1
        if depth > max_depth:
            raise MalformedRequest(f"The JSON document is nested more than {max_depth} levels deep.")


def _unique(pairs: list[tuple[str, object]]) -> JsonObject:
    members = dict(pairs)
    if len(members) != len(pairs):
        # RFC 7493 §2.3. Which of two values counts differs from reader to reader.
        raise MalformedRequest("A name occurs twice in the same JSON object.")
    return members


def _refuse_constant(constant: str) -> NoReturn:
    # RFC 8259 §6: numbers that are not finite cannot be written.
    raise MalformedRequest("JSON has neither NaN nor Infinity.", detail=constant)


def _bounded_int(digits: str) -> int:
    if len(digits.lstrip("-")) > _MAX_DIGITS:
        raise MalformedRequest(f"An integer has more than {_MAX_DIGITS} digits.")
    return int(digits)


def _finite_float(digits: str) -> float:
    number = float(digits) if len(digits) <= _MAX_NUMBER else math.inf
    if not math.isfinite(number):
        raise MalformedRequest("A number is too large or too long.")
    return number


def _refuse_lone_surrogates(value: object) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        # RFC 7493 §2.1. Half a character can be neither stored nor sent.
        raise MalformedRequest("A text contains half a character (a lone surrogate).") from None
