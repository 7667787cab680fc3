"""A part of a new account that another feature brings: its password, its roles."""

from typing import TYPE_CHECKING, Any, Protocol

from ostiary.features.accounts.account import Account, NewAccount

if TYPE_CHECKING:
    from ostiary.storage.database import Transaction


class AccountPart(Protocol):
    """What ``AccountActions.add_part`` takes: how one more keyword of ``create`` is checked, and how it is kept."""

    def prepare(self, value: Any, new: NewAccount) -> object:
        """Check the value and do the slow work, before anything is looked up and outside any transaction.

        ``new`` holds the identifiers and fields as far as they are good. May raise ``ValidationFailed``.
        """
        ...

    def apply(self, tx: "Transaction", account: Account, prepared: object) -> None:
        """Keep what was prepared, in the transaction that makes the account."""
        ...
