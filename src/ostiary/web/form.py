"""Forms of our own pages: what is asked for, what was typed, and what was wrong with it.

A form that is refused comes back with everything that was typed except passwords, and with each
error beside its field. The same description is what JSON tells a program that asks for the page.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.errors import AuthError, MalformedRequest, ValidationFailed
from ostiary.web.body import Fields, read_fields

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

InputType = Literal["text", "email", "tel", "password", "checkbox", "number", "hidden"]

# What was typed is shown again; a page need not repeat a megabyte.
_LONGEST_SHOWN = 1_024


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One input: what it asks for, what was typed, and what was wrong.

    ``type``, ``autocomplete`` and ``inputmode``, which is the keyboard of a phone, are HTML's (WHATWG HTML §4.10.5,
    §4.10.18.7, §6.9.7). ``value`` is never that of a password.
    With ``readonly`` it is shown and asks for nothing: whose password is being set, for her and for her password manager.
    """

    name: str
    label: str
    type: InputType = "text"
    autocomplete: str = "off"
    inputmode: Literal["", "email", "tel"] = ""
    required: bool = True
    hint: str = ""
    value: str = ""
    errors: tuple[str, ...] = ()
    autofocus: bool = False
    readonly: bool = False

    def as_json(self) -> dict[str, Any]:
        """What a program has to know to fill it in."""
        return {"name": self.name, "label": self.label, "type": self.type, "required": self.required}


class Form:
    """The inputs of a page by their names, and what was wrong with the whole."""

    __slots__ = ("_fields", "errors")

    def __init__(self, *fields: FormField, errors: tuple[str, ...] = ()) -> None:
        self._fields = {field.name: field for field in fields}
        self.errors = errors

    def __getattr__(self, name: str) -> FormField:
        # Templates write form.password.
        try:
            return self._fields[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def is_wrong(self) -> bool:
        """Whether something that was sent is wrong: the page says so in its title, which is read out first (WCAG 2.2 G139)."""
        return bool(self.errors) or any(field.errors for field in self)

    def __iter__(self) -> Iterator[FormField]:
        return iter(self._fields.values())

    def __contains__(self, name: object) -> bool:
        return name in self._fields

    def as_json(self) -> list[dict[str, Any]]:
        """The fields a program has to send."""
        return [field.as_json() for field in self if not field.readonly]

    def filled(self, **values: str) -> "Form":
        """The same form with values in some of its fields."""
        return Form(*(replace(field, value=values.get(field.name, field.value)) for field in self), errors=self.errors)

    def again(self, typed: Fields | None, error: AuthError) -> "Form":
        """The form after a refusal: what was typed, and what was wrong, beside the field it concerns."""
        by_field = _by_field(error)
        fields = [
            replace(field, value=_shown(field, typed), errors=tuple(by_field.get(field.name, ()))) for field in self
        ]
        wrong = next((number for number, field in enumerate(fields) if field.errors), None)
        if wrong is not None:
            # Whoever hears the page, or fills it in by keyboard, is where she has to go on.
            fields[wrong] = replace(fields[wrong], autofocus=True)
        elsewhere = [text for name, texts in by_field.items() if name not in self._fields for text in texts]
        general = () if by_field and not elsewhere else (*elsewhere,) or (error.public_message,)
        return Form(*fields, errors=general)


def _by_field(error: AuthError) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    if isinstance(error, ValidationFailed):
        for one in error.errors:
            found.setdefault(one.field, []).append(one.message)
    elif isinstance(error, MalformedRequest) and "field" in error.members:
        found[str(error.members["field"])] = [error.public_message]
    return found


def _shown(field: FormField, typed: Fields | None) -> str:
    if field.readonly:
        # Ours to say, whatever came back under its name.
        return field.value
    if typed is None or field.type in ("password", "hidden"):
        return ""
    try:
        return typed.text(field.name, required=False)[:_LONGEST_SHOWN]
    except MalformedRequest:
        return ""


def typed(request: "Request") -> Fields | None:
    """What was typed, for the form to be shown again; None where it cannot be read."""
    try:
        return read_fields(request)
    except AuthError:
        return None


def merge_errors(*failures: ValidationFailed | None) -> ValidationFailed | None:
    """Everything that is wrong, at once: the errors of several checks as one, or None where nothing is."""
    errors = tuple(one for failure in failures if failure is not None for one in failure.errors)
    return ValidationFailed(*errors) if errors else None
