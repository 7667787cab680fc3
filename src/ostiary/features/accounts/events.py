"""Events of accounts: registered, suspended, restored, closed, an identifier added, verified, removed."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from ostiary.features.accounts.account import Account
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.errors import FieldError, ValidationFailed
from ostiary.kernel.events import Event


class RegistrationRefused(ValidationFailed):
    """Raised by a listener ``during(Registered)``: there is no such account after all. ``field`` names the culprit."""

    code = "registration_refused"

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(*([] if field is None else [FieldError(field, "refused", message)]))
        self.public_message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered(Event):
    """An account was made. ``fields`` are those of ``Accounts(fields=…)``; the log says only what sort of identifiers."""

    account: Account = field(repr=False)
    fields: Mapping[str, Any] = field(repr=False)

    def facts(self) -> dict[str, Any]:
        """The kinds of its identifiers: who it is stands in the account, and nowhere else."""
        return {"identifiers": tuple(sorted({one.kind for one in self.account.identifiers}))}


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSuspended(Event):
    """An account may not sign in until it is restored, and everything it was signed in with has ended."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRestored(Event):
    """A suspended account may sign in again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountClosed(Event):
    """An account is closed for ever. Its identifiers stay taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifierVerified(Event):
    """Somebody showed that an address is hers."""

    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifierAdded(Event):
    """An account got another identifier."""

    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifierRemoved(Event):
    """An account lost an identifier, which anybody may take now."""

    kind: str
