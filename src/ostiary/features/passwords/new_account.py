"""The password of a new account: checked and hashed before the transaction that makes the account, stored inside it."""

from typing import TYPE_CHECKING

from ostiary.features.passwords.actions import HashedPassword, PasswordActions, names_of
from ostiary.features.passwords.policy import FIELD
from ostiary.kernel.errors import FieldError, ValidationFailed

if TYPE_CHECKING:
    from ostiary.features.accounts import Account, NewAccount
    from ostiary.storage.database import Transaction


class PasswordPart:
    """The keyword ``password`` of ``auth.accounts.create``."""

    __slots__ = ("_passwords",)

    def __init__(self, passwords: PasswordActions) -> None:
        self._passwords = passwords

    def prepare(self, value: object, new: "NewAccount") -> HashedPassword:
        """The policy, then the hash, whether or not there will be an account: the work tells nothing."""
        if not isinstance(value, str):
            raise ValidationFailed(FieldError(FIELD, "not_text", "The password has to be text."))
        self._passwords.check_new(value, context=names_of(new))
        return HashedPassword(self._passwords.hash(value))

    def apply(self, tx: "Transaction", account: "Account", prepared: object) -> None:
        """Store the hash with the account."""
        if not isinstance(prepared, HashedPassword):
            message = "a new account's password is what prepare made of it"
            raise TypeError(message)
        self._passwords.put_in(tx, account, prepared.text)
