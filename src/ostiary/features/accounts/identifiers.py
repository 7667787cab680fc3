"""Identifiers: what somebody is known by, told apart by its shape, in the one form that is stored and looked up."""

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Final

from ostiary.features.accounts.account import KINDS, Identifier, Kind
from ostiary.features.accounts.email_address import parse_email
from ostiary.features.accounts.phone_number import parse_phone
from ostiary.features.accounts.username import parse_username
from ostiary.kernel.errors import FieldError

_PARSERS: Final[Mapping[Kind, Callable[[str], Identifier | None]]] = MappingProxyType(
    {"email": parse_email, "username": parse_username, "phone": parse_phone}
)

_REFUSALS: Final[Mapping[Kind, tuple[str, str]]] = MappingProxyType(
    {
        "email": ("not_an_address", "This is not an email address."),
        "username": (
            "not_a_username",
            "A username has up to 64 letters of one alphabet, digits, and . _ - between them.",
        ),
        "phone": ("not_a_number", "Write the number with its country in front: +44 20 7946 0958."),
    }
)


def parse_identifier(kind: Kind, text: object) -> Identifier | None:
    """The identifier of this kind that the text is, or None. Never raises, whatever it is given."""
    if not isinstance(text, str) or any("\ud800" <= character <= "\udfff" for character in text[:1024]):
        return None
    return _PARSERS[kind](text)


def parse_typed(text: object, kinds: Collection[str]) -> Identifier | None:
    """What somebody types to sign in, if it has the shape of a kind that is switched on. Never raises."""
    if not isinstance(text, str):
        return None
    kind: Kind = "email" if "@" in text else "phone" if text.strip().startswith("+") else "username"
    return parse_identifier(kind, text) if kind in kinds else None


def parse_given(given: Mapping[Kind, object]) -> tuple[tuple[Identifier, ...], list[FieldError]]:
    """The identifiers that are given (None and "" are not), and what is wrong with the others."""
    found: list[Identifier] = []
    errors: list[FieldError] = []
    for kind in KINDS:
        text = given.get(kind)
        if text is None or text == "":
            continue
        one = parse_identifier(kind, text)
        if one is None:
            errors.append(FieldError(kind, *_REFUSALS[kind]))
        else:
            found.append(one)
    return tuple(found), errors
