"""What the pages of passwords are made of: their forms, the answer that tells nothing, the cookies that bind a link."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final, Literal

from ostiary.features.accounts import Account, Accounts, Field
from ostiary.kernel.dataclass import dataclass
from ostiary.web.body import Fields
from ostiary.web.cookies import CookieToSet
from ostiary.web.form import Form, FormField, InputType
from ostiary.web.route import Answer

REGISTRATION_COOKIE: Final = "ostiary_registration"
RESET_COOKIE: Final = "ostiary_reset"
INVITATION_COOKIE: Final = "ostiary_invitation"

_INPUTS: Final[Mapping[type, InputType]] = MappingProxyType({str: "text", int: "number", bool: "checkbox"})
_IDENTIFIER: Final = "identifier"

# What a form calls each kind, its input type and its autofill name (WHATWG HTML §4.10.18.7).
_KINDS: Final[Mapping[str, tuple[str, InputType, str]]] = MappingProxyType(
    {
        "email": ("Email address", "email", "email"),
        "username": ("User name", "text", "username"),
        "phone": ("Telephone number", "tel", "tel"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPages:
    """The forms of one application: which identifiers it knows, what else a registration asks, how long a password is."""

    kinds: tuple[str, ...]
    registration_kinds: tuple[str, ...]
    fields: tuple[Field, ...]
    min_length: int
    verification_seconds: int

    @property
    def field_names(self) -> tuple[str, ...]:
        """The names of the fields beyond identifiers and password."""
        return tuple(field.name for field in self.fields)

    @property
    def identifier_field(self) -> FormField:
        """What people sign in with: "Email address or user name".

        It is text even where it is an address: a browser would refuse one whose letters it does not know.
        """
        first, *others = (_KINDS[kind][0] for kind in self.kinds)
        label = " or ".join([first, *(label.lower() for label in others)])
        alone = self.kinds[0] if not others else None
        inputmode: Literal["", "email", "tel"] = "email" if alone == "email" else "tel" if alone == "phone" else ""
        return FormField(name=_IDENTIFIER, label=label, autocomplete="username", inputmode=inputmode)

    def registration_form(self) -> Form:
        """Identifiers, the application's own fields, and a password."""
        identifiers = (self._identifier(kind) for kind in self.registration_kinds)
        return Form(*identifiers, *map(_own_field, self.fields), self._password())

    def invitation_form(self, address: str) -> Form:
        """What an invitation leaves open: other names, the application's own fields, and a password."""
        others = [self._identifier(kind) for kind in self.registration_kinds if kind != "email"]
        invited = () if "username" in self.registration_kinds else (named_field(address, label="Email address"),)
        return Form(*invited, *others, *map(_own_field, self.fields), self._password())

    def name_to_save(self, account: Account) -> str | None:
        """The name a password manager keeps her password under: the one that her registration marked so."""
        kinds = sorted(self.kinds, key=lambda kind: kind != self._saved_kind)
        names = {"email": account.email, "username": account.username, "phone": account.phone}
        return next((name for kind in kinds if (name := names.get(kind))), None)

    def forgotten_form(self) -> Form:
        """Who somebody is who has forgotten her password."""
        return Form(self.identifier_field)

    def with_hint(self, field: FormField) -> FormField:
        """A field for a new password, with the one rule that there is."""
        return replace(field, hint=f"At least {self.min_length} characters. Several words make a good password.")

    def _password(self) -> FormField:
        field = FormField(name="password", label="Password", type="password", autocomplete="new-password")
        return self.with_hint(field)

    @property
    def _saved_kind(self) -> str:
        """The kind that a form of several marks as the name to save: the user name, where there is one."""
        return "username" if "username" in self.kinds else self.kinds[0]

    def _identifier(self, kind: str) -> FormField:
        label, type_, autocomplete = _KINDS[kind]
        if kind == self._saved_kind:
            # Beside a new password: an address by which she will sign in is saved as her name (WHATWG HTML §4.10.18.7.1).
            autocomplete = "username"
        name = _IDENTIFIER if len(self.kinds) == 1 else kind
        return FormField(name=name, label=label, type=type_, autocomplete=autocomplete)

    def identifiers_of(self, fields: Fields) -> dict[str, object]:
        """What a registration sent of each kind. Where there is one kind, the field may be called ``identifier``."""
        given: dict[str, object] = {kind: fields.raw(kind) for kind in self.registration_kinds if kind in fields}
        if not given and len(self.kinds) == 1 and _IDENTIFIER in fields:
            given[self.kinds[0]] = fields.raw(_IDENTIFIER)
        return given


def _own_field(field: Field) -> FormField:
    return FormField(
        name=field.name,
        label=field.shown,
        type=_INPUTS[field.type],
        required=field.required,
        autocomplete=field.autocomplete,
    )


def pages_of(accounts: Accounts, *, min_length: int, verification_seconds: int) -> PasswordPages:
    """The forms of an application with these accounts."""
    return PasswordPages(
        kinds=tuple(accounts.identifiers),
        registration_kinds=accounts.registration_kinds,
        fields=tuple(accounts.fields),
        min_length=min_length,
        verification_seconds=verification_seconds,
    )


def named_field(name: str, *, label: str = "Account") -> FormField:
    """Whose password a form is about, to be seen, and saved beside the password by a manager that looks for it there.

    A field that is hidden is not looked at by all of them.
    """
    return FormField(name="username", label=label, autocomplete="username", value=name, readonly=True)


def token_form(token: str, *, name: str, password: str | None) -> Form:
    """A button with a token behind it, and a password before it where one is asked for: that of the account so named."""
    hidden = FormField(name="token", label="", type="hidden", value=token)
    if password is None:
        return Form(hidden)
    return Form(
        hidden,
        named_field(name),
        FormField(name="password", label=password, type="password", autocomplete="current-password"),
    )


def form_page(
    title: str,
    form: Form | None,
    *,
    status: int,
    button: str = "",
    text: Sequence[str] = (),
    ways: Sequence[Mapping[str, str]] = (),
    facts: Mapping[str, Any] | None = None,
) -> Answer:
    """A page with one form; as JSON, its fields."""
    found = {"fields": form.as_json()} if form is not None else {}
    context = {"title": title, "form": form, "button": button, "text": text, "ways": ways}
    return Answer(facts={**found, **(facts or {})}, status=status, page="passwords/form_page", context=context)


def mail_sent(title: str, text: Sequence[str], *, cookies: tuple[CookieToSet, ...] = ()) -> Answer:
    """The answer to a form that is answered by mail: 202, and not a word more for one address than for another."""
    return Answer(
        facts={"next": "mail"},
        status=202,
        page="passwords/mail_sent",
        context={"title": title, "text": text},
        cookies=cookies,
    )
