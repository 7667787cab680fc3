"""Making an account: everything is checked before anything is looked up, and one transaction makes all of it.

The order tells a stranger nothing: a weak password is refused whether or not the address has an account,
and the slow work (hashing) is done whether or not the account will come to be.
"""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ostiary.features.accounts import store
from ostiary.features.accounts.account import KINDS, Account, IdentifierTaken, Kind, NewAccount, is_verified
from ostiary.features.accounts.account_part import AccountPart
from ostiary.features.accounts.events import Registered
from ostiary.features.accounts.field import Field, parse_fields
from ostiary.features.accounts.identifiers import parse_given
from ostiary.features.accounts.states import AccountState
from ostiary.kernel.clock import Millis
from ostiary.kernel.errors import FieldError, ValidationFailed, misconfigured
from ostiary.kernel.event_bus import EventBus
from ostiary.kernel.identifiers import new_id
from ostiary.storage.database import Transaction


class Registrar:
    """Checks what an account is to be made of, and makes it."""

    __slots__ = ("_bus", "_fields", "_kinds", "_parts")

    def __init__(self, *, bus: EventBus, kinds: tuple[str, ...], fields: tuple[Field, ...]) -> None:
        self._bus = bus
        self._kinds = kinds
        self._fields = fields
        self._parts: dict[str, AccountPart] = {}

    def add_part(self, name: str, part: AccountPart) -> None:
        """Let ``create`` take one more keyword. Called while the application starts."""
        if name in self._parts:
            message = f"there is already a part {name!r} of accounts"
            raise ValueError(message)
        self._parts[name] = part

    def parse(
        self,
        given: Mapping[Kind, object],
        *,
        fields: object,
        parts: Mapping[str, object],
        verified: bool,
    ) -> NewAccount:
        """The account that may be made. Raises ``ValidationFailed`` with everything that is wrong; looks nothing up."""
        self._require_on(given, parts)
        identifiers, errors = parse_given(given)
        if not identifiers and not errors:
            errors.append(FieldError(self._kinds[0], "required", "Something to sign in with is needed."))
        if fields is None:
            fields = {}
        if isinstance(fields, Mapping):
            values, wrong = parse_fields(self._fields, fields)  # pyright: ignore[reportUnknownArgumentType]
            errors += wrong
        else:
            values = {}
            errors.append(FieldError("fields", "not_an_object", "fields has to be an object."))
        new = NewAccount(identifiers=identifiers, fields=values, verified=frozenset(KINDS) if verified else frozenset())
        prepared: dict[str, object] = {}
        for name, value in parts.items():
            try:
                prepared[name] = self._parts[name].prepare(value, new)
            except ValidationFailed as failed:
                errors += failed.errors
        if errors:
            raise ValidationFailed(*errors)
        return replace(new, parts=prepared)

    def _require_on(self, given: Mapping[Kind, object], parts: Mapping[str, object]) -> None:
        for kind, text in given.items():
            if text not in (None, ""):
                require_kind(kind, self._kinds)
        for name in parts:
            if name not in self._parts:
                cure = f"add {name.capitalize()}() to the features"
                raise misconfigured("feature_not_on", f"an account is given {name}, and nothing here keeps it", cure)

    def create_in(self, tx: Transaction, new: NewAccount, *, now: Millis) -> Account:
        """Make the account. Raises ``IdentifierTaken``, and then nothing of it is left in the transaction."""
        id = new_id(now, secrets.token_bytes(10))
        claimed = [one.claimed(now if one.kind in new.verified else None) for one in new.identifiers]
        # In one order everywhere: two registrations that share two identifiers wait for each other, never both at once.
        identifiers = tuple(sorted(claimed, key=lambda one: (one.kind, one.value)))
        state = AccountState.ACTIVE if is_verified(identifiers) else AccountState.UNVERIFIED
        # Whoever listens for registrations keeps their fields in tables of his own.
        attributes = {} if self._bus.is_heard_during(Registered) else dict(new.fields)
        account = Account(id=id, state=state, identifiers=identifiers, attributes=attributes, created_at=now)
        store.add(tx, id, state=state, attributes=attributes, now=now)
        for one in identifiers:
            if not store.claim(tx, id, one):
                # The caller may catch this and go on, and must not commit half an account.
                store.discard(tx, id)
                raise IdentifierTaken(one.kind)
        for name, prepared in new.parts.items():
            self._parts[name].apply(tx, account, prepared)
        self._bus.emit(Registered(at=now, subject=id, account=account, fields=new.fields), tx)
        return account


def require_kind(kind: str, kinds: tuple[str, ...]) -> None:
    """Raise ``ConfigurationError`` for a kind of identifier that is not switched on."""
    if kind not in kinds:
        what = f"an account is given a {kind}, and accounts here have {', '.join(kinds)}"
        raise misconfigured("identifier_not_on", what, f"add {kind!r} to Accounts(identifiers=…)")


def only_given(**values: Any) -> dict[str, object]:
    """The parts that are given: None, "" and an empty sequence are not."""
    return {name: value for name, value in values.items() if value not in (None, "", (), [])}
