"""Request bodies: the fields of a JSON object or a form, with their types checked and every size bounded.

A field is text where text is due, or the request is refused with the name of the field (ASVS V15.3.5).
A parameter that occurs twice is refused when it is read, never resolved by position (ASVS V15.3.7). JSON comes as
``application/json``: ``text/plain`` is what a foreign page may send without asking (ASVS V3.5.2).
"""

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, cast

from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from ostiary.kernel.errors import AuthError, MalformedRequest
from ostiary.web.strict_json import MAX_BYTES, BodyTooLarge, parse_json_object

if TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict
    from werkzeug.wrappers import Request

FORM: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
FORM_TYPES: Final = frozenset({FORM, MULTIPART})

# No form of ours has a tenth of this; each part costs a header parser (CVE-2023-25577).
MAX_PARTS: Final = 64
# No text of ours is longer: a password is at most 4096 bytes, an address 254 characters.
MAX_LENGTH: Final = 4_096

_YES: Final = frozenset({"on", "true", "1", "yes"})
_NO: Final = frozenset({"", "off", "false", "0", "no"})


class UnsupportedMediaType(AuthError):
    """The body is of a kind that is not read (RFC 9110 §15.5.16)."""

    code = "unsupported_media_type"
    status = 415
    public_message = "Send JSON as application/json, or a form."

    def __init__(self, *, detail: str | None = None) -> None:
        # RFC 9110 §15.5.16: Accept in this answer says what would have been read.
        super().__init__(detail=detail, headers={"Accept": f"application/json, {FORM}, {MULTIPART}"})


class Fields:
    """The fields of one request, read by name and type. Every reading raises ``MalformedRequest`` naming the field."""

    __slots__ = ("_is_json", "_twins", "_values")

    def __init__(
        self, values: Mapping[str, list[object]], *, is_json: bool, twins: frozenset[str] = frozenset()
    ) -> None:
        self._values = values
        self._is_json = is_json
        self._twins = twins

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __repr__(self) -> str:
        # The names only: values are passwords.
        return f"Fields({', '.join(sorted(self._values))})"

    def text(self, name: str, *, required: bool = True, max_length: int = MAX_LENGTH) -> str:
        """A text of at most ``max_length`` characters. Missing or empty is refused, or ``""`` where not required."""
        text = self.optional_text(name, max_length=max_length)
        if text is None:
            if required:
                raise _malformed(name, "missing", f"The field {_shown(name)} is missing.")
            return ""
        return text

    def optional_text(self, name: str, *, max_length: int = MAX_LENGTH) -> str | None:
        """A text of at most ``max_length`` characters, or None where it is missing or empty."""
        return _checked_text(name, self._single(name), max_length) or None

    def texts(self, name: str, *, max_count: int = 32, max_length: int = MAX_LENGTH) -> tuple[str, ...]:
        """Every value of a field that may be repeated: a list in JSON, several of one name in a form."""
        values = self._values.get(name, [])
        if self._is_json and values:
            values = cast("list[object]", values[0]) if isinstance(values[0], list) else [None]
        if name in self._twins or len(values) > max_count:
            raise _malformed(name, "too_many", f"The field {_shown(name)} has too many values.")
        return tuple([_checked_text(name, value, max_length) for value in values])

    def boolean(self, name: str, *, default: bool = False) -> bool:
        """Yes or no: ``true`` or ``false`` in JSON; in a form ``on``, ``true``, ``1``, ``yes`` or their opposites."""
        value = self._single(name)
        if value == "" and name not in self._values:
            return default
        if self._is_json:
            if isinstance(value, bool):
                return value
        elif value in _YES or value in _NO:
            return value in _YES
        raise _malformed(name, "not_boolean", f"The field {_shown(name)} has to be true or false.")

    def raw(self, name: str) -> object | None:
        """The value as it was sent, for parsers of their own: text of a form, whatever JSON has; None where it is missing."""
        return self._single(name) if name in self._values else None

    def refuse_doubled(self, *, repeatable: frozenset[str] = frozenset()) -> None:
        """Refuse every doubled parameter, read or not: RFC 6749 §3.1 and §3.2 want each at most once."""
        for name, values in self._values.items():
            if name not in repeatable and len(values) > 1:
                raise _doubled(name)
        for name in self._twins:
            raise _doubled(name)

    def _single(self, name: str) -> object:
        values = self._values.get(name)
        if values is None:
            return ""
        if len(values) > 1 or name in self._twins:
            raise _doubled(name)
        return values[0]


def read_fields(request: "Request", *, max_bytes: int = MAX_BYTES, refuse_twins: bool = False) -> Fields:
    """The fields of the request's body; none where it has no body.

    Raises ``UnsupportedMediaType`` (415) for a body that is neither JSON nor a form, ``BodyTooLarge`` (413) above
    ``max_bytes`` or ``MAX_PARTS`` parts, ``MalformedRequest`` (400) where it cannot be read. With
    ``refuse_twins`` a parameter that is in the query as well counts as doubled, as OAuth wants it.
    """
    mimetype = request.mimetype
    if mimetype in FORM_TYPES:
        return _from_form(read_form(request, max_bytes=max_bytes), request.args if refuse_twins else None)
    body = _read_bytes(request, max_bytes)
    if not body:
        return Fields({}, is_json=True)
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    is_json = mimetype == "application/json" or (mimetype.startswith("application/") and mimetype.endswith("+json"))
    if not is_json or charset not in ("utf-8", "utf8"):
        raise UnsupportedMediaType(detail=f"{mimetype[:100]!r}, charset {charset[:20]!r}")
    members = parse_json_object(body, max_bytes=max_bytes)
    twins = frozenset(members).intersection(request.args) if refuse_twins else frozenset[str]()
    return Fields({name: [value] for name, value in members.items()}, is_json=True, twins=twins)


def bound_body(request: "Request", *, max_bytes: int = MAX_BYTES) -> None:
    """Hold the body of a request to one of our addresses to our bound, before anybody else reads it by a wider one.

    Raises as ``read_fields`` does, save that nothing but the size is asked.
    """
    if request.mimetype in FORM_TYPES:
        read_form(request, max_bytes=max_bytes)
    else:
        _read_bytes(request, max_bytes)


def require_readable_query(request: "Request") -> None:
    """Refuse an address whose query is no UTF-8, which Werkzeug decodes, and fails, when it is first asked for.

    Browsers percent-encode such bytes. Raises ``MalformedRequest``.
    """
    if not is_query_readable(request):
        raise MalformedRequest(detail="the query is no UTF-8")


def is_query_readable(request: "Request") -> bool:
    """Whether ``request.args`` can be asked for at all."""
    try:
        request.query_string.decode()
    except UnicodeDecodeError:
        return False
    return True


def read_query(request: "Request") -> Fields:
    """The parameters of the address, under the same rules as the fields of a form."""
    return _from_form(request.args, None)


def read_form(request: "Request", *, max_bytes: int = MAX_BYTES) -> "MultiDict[str, str]":
    """The form of the request, parsed by Werkzeug within our bounds and remembered by it: a view finds it again.

    A form that somebody has already read is taken as it is. Raises ``BodyTooLarge`` (413), ``MalformedRequest`` (400).
    """
    if "form" in vars(request):
        return request.form
    # Werkzeug parses what it remembers of the body, so that reading is bounded in one place.
    _read_bytes(request, max_bytes)
    with _bounded(request, max_bytes):
        return request.form


def _from_form(form: "MultiDict[str, str]", query: "MultiDict[str, str] | None") -> Fields:
    values: dict[str, list[object]] = {name: list(found) for name, found in form.lists()}
    twins = frozenset(values).intersection(query) if query else frozenset[str]()
    return Fields(values, is_json=False, twins=twins)


def _read_bytes(request: "Request", max_bytes: int) -> bytes:
    with _bounded(request, max_bytes) as bound:
        try:
            body = request.get_data(cache=True)
        except (RequestEntityTooLarge, ClientDisconnected):
            raise
        except Exception as error:
            # A server reads the body while it is asked for, and raises errors of its own: for a chunk of no size, say.
            raise MalformedRequest("The request cannot be read.", detail=type(error).__name__) from error
        if len(body) > bound:
            raise RequestEntityTooLarge
        return body


@contextmanager
def _bounded(request: "Request", max_bytes: int) -> Generator[int]:
    """Hold Werkzeug's parsers to our bounds, or to the application's where those are lower; gives the bytes to read."""
    before = request.max_content_length, request.max_form_memory_size, request.max_form_parts
    bound = _lower(before[0], max_bytes)
    length = request.content_length
    if length is not None and length > bound:
        # Before anything is read.
        raise BodyTooLarge(detail=f"Content-Length {length}, {bound} bytes are read")
    # A body of unstated length (chunked) is cut at this limit without a word: one byte more shows that it was.
    request.max_content_length = bound + 1
    request.max_form_memory_size = _lower(before[1], max_bytes)
    request.max_form_parts = _lower(before[2], MAX_PARTS)
    try:
        yield bound
    except RequestEntityTooLarge:
        raise BodyTooLarge(detail=f"more than {max_bytes} bytes or {MAX_PARTS} parts") from None
    except ClientDisconnected:
        raise MalformedRequest("The request ended early.") from None
    finally:
        request.max_content_length, request.max_form_memory_size, request.max_form_parts = before


def _lower(given: int | None, bound: int) -> int:
    return bound if given is None else min(given, bound)


def _checked_text(name: str, value: object, max_length: int) -> str:
    if not isinstance(value, str):
        raise _malformed(name, "not_text", f"The field {_shown(name)} has to be text.")
    if len(value) > max_length:
        raise _malformed(name, "too_long", f"The field {_shown(name)} has more than {max_length} characters.")
    if "\x00" in value:
        # PostgreSQL cannot store it, C libraries stop at it, and no keyboard has it.
        raise _malformed(name, "nul", f"The field {_shown(name)} contains a NUL character.")
    return value


def _doubled(name: str) -> MalformedRequest:
    return _malformed(name, "doubled", f"The field {_shown(name)} is given more than once.")


def _malformed(name: str, reason: str, sentence: str) -> MalformedRequest:
    return MalformedRequest(
        sentence, detail=f"field {_shown(name)}: {reason}", members={"field": _shown(name), "reason": reason}
    )


def _shown(name: str) -> str:
    # refuse_doubled shows a name that the caller chose: printable, and not for ever.
    return "".join([character if character.isprintable() else "?" for character in name[:64]])
