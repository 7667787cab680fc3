"""A field of the registration form beyond identifiers and password, and how its value is read: strictly, and bounded.

Only declared fields are read, so whatever else a request names (``is_admin``, ``role``) goes nowhere.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias
from unicodedata import category, normalize

from ostiary.features.accounts.account import KINDS
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.errors import FieldError, Problem

# Controls, surrogates, and what ends a line or a paragraph (Unicode, general category).
_NO_TEXT: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
# What turns the text behind it around (UAX #9 §2), and what nobody sees: zero-width spaces, tags. Joiners and the marks that
# Arabic, Persian, Hebrew and Hindi are written with are text.
_HIDDEN: Final = re.compile("[\u200b\u202a-\u202e\u2060\u2066-\u2069\ufeff\U000e0000-\U000e007f]")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
# Beside these on the same form, or what a reader would take for a property of the account.
_TAKEN: Final = frozenset(
    {*KINDS, "identifier", "password", "new_password", "current_password", "roles", "role", "id", "state", "verified"}
    | {"fields", "attributes", "next", "remember", "token", "csrf_token", "ostiary_csrf"}
)
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
# The largest number of 18 digits: it fits the databases' 64 bits.
_LARGEST: Final = 10**18 - 1
_YES: Final = frozenset({"on", "true", "1", "yes"})
_NO: Final = frozenset({"", "off", "false", "0", "no"})
# No text of a form is longer (web/body.py).
_LONGEST: Final = 4_096


# WHATWG HTML §4.10.18.7.1, but for passwords and cards, which are no field of a registration, and "username", which is ours.
_AUTOFILL: Final = frozenset(
    {"off", "on", "name", "honorific-prefix", "given-name", "additional-name", "family-name", "honorific-suffix"}
    | {"nickname", "organization-title", "organization", "street-address", "address-line1", "address-line2"}
    | {"address-line3", "address-level4", "address-level3", "address-level2", "address-level1", "country"}
    | {"country-name", "postal-code", "language", "bday", "bday-day", "bday-month", "bday-year", "sex", "url", "photo"}
    | {"tel", "tel-national", "email", "impp"}
)

FieldType: TypeAlias = type[str] | type[int] | type[bool]


@dataclass(frozen=True, slots=True)
class Field:
    """One more field of a registration: ``Field("display_name", max_length=80)``.

    ``type``          ``str``, ``int`` or ``bool``
    ``label``         what the form says; made of the name when None
    ``required``      must be given; a ``bool`` must be true, as a box that has to be ticked
    ``max_length``    the most characters of a text
    ``autocomplete``  what a browser fills it in from (WHATWG HTML §4.10.18.7.1): "name", "organization", "bday"
    """

    name: str
    type: FieldType = str
    label: str | None = None
    required: bool = True
    max_length: int = 200
    autocomplete: str = "off"

    @property
    def shown(self) -> str:
        """What the form says."""
        return self.label or self.name.replace("_", " ").capitalize()


class _Unfit(ValueError):
    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


def parse_fields(declared: Iterable[Field], given: Mapping[str, object]) -> tuple[dict[str, Any], list[FieldError]]:
    """The value of every declared field, and what is wrong. What is absent and may be is None, or False for a bool."""
    values: dict[str, Any] = {}
    errors: list[FieldError] = []
    for one in declared:
        try:
            values[one.name] = _read(one, given.get(one.name))
        except _Unfit as unfit:
            errors.append(FieldError(one.name, unfit.code, str(unfit)))
    return values, errors


def _read(field: Field, raw: object) -> str | int | bool | None:
    value = _READERS[field.type](field, raw)
    if field.required and (value is None or value is False):
        raise _Unfit("required", f"{field.shown} is needed.")
    return value


def _read_text(field: Field, raw: object) -> str | None:
    if raw is None:
        return None
    if not isinstance(raw, str):
        raise _Unfit("not_text", f"{field.shown} has to be text.")
    # Before normalising, which is work.
    if len(raw) > _LONGEST:
        raise _Unfit("too_long", f"{field.shown} has more than {field.max_length} characters.")
    # Controls (a NUL, which PostgreSQL cannot keep; line breaks, which begin a new line of a mail's head) and halves of
    # surrogate pairs, which have no UTF-8. A field is one line of text.
    if _HIDDEN.search(raw) or any(category(character) in _NO_TEXT for character in raw):
        raise _Unfit("not_text", f"{field.shown} holds a character that is no text.")
    text = normalize("NFC", raw).strip()
    if len(text) > field.max_length:
        raise _Unfit("too_long", f"{field.shown} has more than {field.max_length} characters.")
    return text or None


def _read_integer(field: Field, raw: object) -> int | None:
    if raw is None or raw == "":
        return None
    # In Python a bool is an int; in JSON true is no number.
    if isinstance(raw, int) and not isinstance(raw, bool) and abs(raw) <= _LARGEST:
        return raw
    if isinstance(raw, str) and _INTEGER.fullmatch(raw):
        return int(raw)
    raise _Unfit("not_a_number", f"{field.shown} has to be a whole number.")


def _read_boolean(field: Field, raw: object) -> bool:
    if raw is None:
        # What a form sends for a box that is not ticked.
        return False
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and (raw in _YES or raw in _NO):
        return raw in _YES
    raise _Unfit("not_boolean", f"{field.shown} has to be true or false.")


_READERS: Final[Mapping[FieldType, Callable[[Field, object], str | int | bool | None]]] = MappingProxyType(
    {str: _read_text, int: _read_integer, bool: _read_boolean}
)


def field_problems(declared: Iterable[object]) -> Iterable[Problem]:
    """What is wrong with ``Accounts(fields=…)``."""
    seen: set[str] = set()
    for one in declared:
        if not isinstance(one, Field):
            yield _problem("not_a_field", f"{one!r} is not a Field", 'write Field("display_name"), in code')
            continue
        if _NAME.fullmatch(one.name) is None:
            cure = "lower case letters, digits and underscores, 64 at most, beginning with a letter"
            yield _problem("unusable_field_name", f"Field({one.name!r}) has a name no form can use", cure)
        if one.name in _TAKEN:
            cure = "give it another name"
            yield _problem("field_name_taken", f"Field({one.name!r}) is called as something of ours is", cure)
        if one.name in seen:
            yield _problem("duplicate_field", f"Field({one.name!r}) is there twice", "remove one of them")
        seen.add(one.name)
        if one.type not in _READERS:
            cure = "str, int or bool; what is more than that, check in a hook and raise RegistrationRefused"
            yield _problem("unknown_field_type", f"Field({one.name!r}) has a type that is not read", cure)
        if not 1 <= one.max_length <= _LONGEST:
            cure = f"1 to {_LONGEST} characters"
            yield _problem("impossible_field_length", f"Field({one.name!r}, max_length={one.max_length})", cure)
        if one.autocomplete not in _AUTOFILL:
            cure = 'a name that WHATWG HTML has for what a person says of herself, such as "name" or "organization"'
            what = f"Field({one.name!r}, autocomplete={one.autocomplete!r}) is filled in by no browser"
            yield _problem("unknown_autocomplete", what, cure)


def _problem(code: str, what: str, cure: str) -> Problem:
    return Problem(code=code, what=what, cure=cure)
