"""Accounts: who somebody is, by which addresses and names, and whether she may sign in.

settings.py          what an account is known by, who may make one, what else is asked
account.py           an account and its identifiers, as values
states.py            what each verb makes of a state: a table
identifiers.py       what somebody types, told apart by its shape
email_address.py     one mailbox, in one form
username.py          one script, one form
confusables.py       names that a person would take for each other
phone_number.py      E.164
field.py             what else a registration asks for
register.py          making an account: checked first, then all of it in one transaction
find.py              by id, by identifier, by another system's name for it
identities.py        identifiers added, verified, removed; identities linked
actions.py           auth.accounts
http.py              the account page
gate.py              may it sign in?
notice.py            the owner is told of another address
events.py            what is told
store.py             the tables and their statements
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ostiary.features.accounts.account import (
    Account,
    Identifier,
    IdentifierTaken,
    Kind,
    NewAccount,
    NoSuchAccount,
)
from ostiary.features.accounts.account_part import AccountPart
from ostiary.features.accounts.events import (
    AccountClosed,
    AccountRestored,
    AccountSuspended,
    IdentifierAdded,
    IdentifierRemoved,
    IdentifierVerified,
    Registered,
    RegistrationRefused,
)
from ostiary.features.accounts.field import Field
from ostiary.features.accounts.identifiers import parse_identifier
from ostiary.features.accounts.settings import AccountsSettings
from ostiary.features.accounts.states import AccountState, WrongState
from ostiary.kernel.clock import Clock
from ostiary.kernel.errors import Problem
from ostiary.kernel.event_bus import EventBus
from ostiary.kernel.feature import Feature, feature
from ostiary.kernel.resources import Resources
from ostiary.kernel.subject_gate import SubjectGate
from ostiary.kernel.upstream_identities import UpstreamIdentities
from ostiary.web.contribution import Contribution

if TYPE_CHECKING:
    from ostiary.features.accounts.actions import AccountActions

__all__ = [
    "Account",
    "AccountActions",
    "AccountClosed",
    "AccountPart",
    "AccountRestored",
    "AccountState",
    "AccountSuspended",
    "Accounts",
    "Field",
    "Identifier",
    "IdentifierAdded",
    "IdentifierRemoved",
    "IdentifierTaken",
    "IdentifierVerified",
    "Kind",
    "NewAccount",
    "NoSuchAccount",
    "Registered",
    "RegistrationRefused",
    "WrongState",
    "parse_identifier",
]


@feature
class Accounts(AccountsSettings):
    """Accounts of our own: the subject of every principal is the id of one."""

    name: ClassVar[str] = "accounts"
    requires: ClassVar[tuple[str, ...]] = ("audit_log",)

    def stores(self) -> bool:
        """An account is a row."""
        return True

    def problems(self) -> Iterable[Problem]:
        """What is wrong with these settings."""
        yield from self.setting_problems()

    def routes(self, on: Mapping[str, Feature]) -> tuple[object, ...]:
        """The account page, for browsers that are signed in."""
        from ostiary.features.accounts.http import ROUTES  # SQLAlchemy only where it is used

        return ROUTES if "sessions" in on else ()

    def contribute(self, resources: Resources) -> Contribution:
        """``auth.accounts``, and the gate that sign-in asks."""
        from ostiary.features.accounts.actions import AccountActions  # SQLAlchemy only where it is used
        from ostiary.features.accounts.gate import AccountGate
        from ostiary.features.accounts.notice import IdentifierNotice
        from ostiary.features.accounts.register import Registrar
        from ostiary.storage.database import Database

        database, bus = resources[Database], resources[EventBus]
        gate = AccountGate(database, unverified_may_sign_in=self.unverified_may_sign_in)
        resources.add(gate, as_type=SubjectGate)
        resources.add(self)
        actions = AccountActions(
            database=database,
            bus=bus,
            clock=resources[Clock],  # type: ignore[type-abstract] # found by the protocol it fulfils
            kinds=self.identifiers,
            registrar=Registrar(bus=bus, kinds=self.identifiers, fields=tuple(self.fields)),
            notice=IdentifierNotice(resources),
        )
        resources.add(actions, as_type=UpstreamIdentities)
        return Contribution(actions=actions)


def __getattr__(name: str) -> Any:  # PEP 562
    # Through the front door, and yet SQLAlchemy is imported only by who uses accounts.
    if name == "AccountActions":
        from ostiary.features.accounts.actions import AccountActions

        return AccountActions
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
