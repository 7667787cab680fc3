"""Roles of accounts: a new account is made with its roles, and a closed one holds none. Neither feature knows the other."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from ostiary.features.accounts import AccountActions, AccountClosed, AccountState
from ostiary.features.roles import RoleActions, RolesPart
from ostiary.kernel.subject_gate import SubjectGate

if TYPE_CHECKING:
    from ostiary.features.accounts import Account, NewAccount
    from ostiary.kernel.event_bus import Listeners
    from ostiary.kernel.resources import Resources
    from ostiary.storage.database import Transaction


_ENDED: Final = frozenset({AccountState.SUSPENDED, AccountState.CLOSED})


class _AccountRoles:
    """The keyword ``roles`` of ``auth.accounts.create``."""

    __slots__ = ("_part",)

    def __init__(self, part: RolesPart) -> None:
        self._part = part

    def prepare(self, value: Sequence[str], new: "NewAccount") -> object:  # noqa: ARG002 - as every part
        """Check that there are such roles, and find in whose name they are given."""
        return self._part.prepare(value)

    def apply(self, tx: "Transaction", account: "Account", prepared: Any) -> None:
        """Give the roles, in the transaction that makes the account."""
        self._part.apply(tx, account.id, prepared)


def join_roles_and_accounts(resources: "Resources", listeners: "Listeners") -> None:
    """Let each do its share of what concerns both."""
    roles, accounts = resources[RoleActions], resources[AccountActions]

    def find_gate() -> SubjectGate | None:
        return resources.find(SubjectGate)  # type: ignore[type-abstract] # found by the protocol it fulfils

    def ended_in(tx: "Transaction", subject: str) -> str | None:
        account = accounts.find_in(tx, subject)
        return account.state.value if account is not None and account.state in _ENDED else None

    accounts.add_part("roles", _AccountRoles(RolesPart(roles, gate=find_gate, ended_in=ended_in)))

    def forget(event: AccountClosed, tx: "Transaction") -> None:
        if event.subject is not None:
            roles.forget(tx, event.subject, now=event.at)

    listeners.during(AccountClosed, forget)
