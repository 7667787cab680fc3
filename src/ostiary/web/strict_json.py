"""Strict JSON of requests: the one bounded decoder (``standards/strict_json.py``), with an HTTP answer for what it refuses."""

from typing import cast

from ostiary.kernel.errors import MalformedRequest
from ostiary.standards.strict_json import (
    MAX_BYTES,
    MAX_DEPTH,
    JsonObject,
    JsonTooLarge,
    NotStrictJson,
    decode_json,
)

__all__ = ["MAX_BYTES", "MAX_DEPTH", "BodyTooLarge", "JsonObject", "parse_json", "parse_json_object"]


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
    try:
        return decode_json(body, max_bytes=max_bytes, max_depth=max_depth)
    except JsonTooLarge as error:
        raise BodyTooLarge(detail=error.detail) from None
    except NotStrictJson as error:
        raise MalformedRequest(str(error), detail=error.detail) from None


def parse_json_object(body: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> JsonObject:
    """The members of a JSON document that has to be an object. Raises as ``parse_json`` does."""
    value = parse_json(body, max_bytes=max_bytes, max_depth=max_depth)
    if not isinstance(value, dict):
        raise MalformedRequest("The JSON document has to be an object.")
    return cast("JsonObject", value)
