"""Another system that knows the passwords (``check=``): a directory, an old application.

It is asked once a guess, and never with an empty password: many directories take that for an anonymous
bind, and say yes (RFC 4513 §5.1.2). What it answers is its name for the person. With accounts that name is linked to
one as an upstream identity; without, it is the subject.
"""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from ostiary.features.passwords.input_bounds import is_password
from ostiary.features.passwords.settings import DirectoryCheck
from ostiary.kernel.errors import ConfigurationError, Unavailable, misconfigured

if TYPE_CHECKING:
    from ostiary.features.accounts import Account, AccountActions, NewAccount
    from ostiary.storage.database import Database

FindAccounts: TypeAlias = "Callable[[], AccountActions | None]"

ISSUER: Final = "passwords"
"""The issuer of its names among the upstream identities."""

_log = logging.getLogger("ostiary.passwords")


class Directory:
    """Asks the other system, and finds or makes the account of whoever it knows."""

    __slots__ = ("_check", "_creates", "_database", "_find_accounts")

    def __init__(
        self, check: DirectoryCheck, *, creates: bool, find_accounts: FindAccounts, database: "Database | None"
    ) -> None:
        self._check = check
        self._creates = creates
        self._find_accounts = find_accounts
        self._database = database

    def one_spelling(self, identifier: str) -> str:
        """As accounts are looked up by it; without accounts as it was typed, since the other system alone knows."""
        accounts = self._find_accounts()
        one = None if accounts is None else accounts.parse_typed(identifier)
        return identifier if one is None else one.value

    def expect(self, identifier: str) -> str | None:
        """Who that is likely to be, before the other system is asked: so that her epoch is read before her proof."""
        accounts = self._find_accounts()
        if accounts is None or not identifier:
            return identifier or None
        account = accounts.find_by_identifier(identifier)
        return None if account is None else account.id

    def verify(self, identifier: str, password: str) -> str | None:
        """The subject these belong to, or None. Raises ``Unavailable`` when the other system fails."""
        name = self._ask(identifier, password)
        accounts = self._find_accounts()
        if name is None or accounts is None:
            return name
        account = accounts.of_upstream(ISSUER, name) or self._create(accounts, identifier, name)
        return None if account is None else account.id

    def _ask(self, identifier: str, password: str) -> str | None:
        if not identifier or not is_password(password):
            return None
        try:
            found: object = self._check(identifier, password)
        except Exception as error:  # noqa: BLE001 - whatever it raises, it is nobody's wrong password
            # Only the kind of the error: the text, and the frames below, may hold the password.
            _log.error("Passwords(check=…) raised %s", type(error).__name__)
            raise Unavailable(detail=f"check raised {type(error).__name__}") from None
        if found is None:
            return None
        if not isinstance(found, str) or not found:
            raise _wrong_check(found)
        return found

    def _create(self, accounts: "AccountActions", identifier: str, name: str) -> "Account | None":
        """The account of somebody we see for the first time; None when none is made."""
        from ostiary.features.accounts import IdentifierTaken  # accounts are on

        if not self._creates or self._database is None:
            return None
        try:
            with self._database.write() as tx:
                account = accounts.create_in(tx, _new_account(identifier))
                accounts.link_upstream(tx, account.id, ISSUER, name)
                return account
        except IdentifierTaken:
            # Either the same person signs in twice at this moment, and is linked by now; or somebody else has that name
            # here. An account that is there already is never handed to whoever has its name elsewhere.
            linked = accounts.of_upstream(ISSUER, name)
            if linked is None:
                _log.warning("the directory knows %r, and an account of that name is somebody else's", name[:200])
            return linked


def _new_account(identifier: str) -> "NewAccount":
    # The other system took what was typed for hers, so it is. What has the shape of no identifier of ours is none: the
    # account is known by the directory's name for her, and by nothing else.
    from ostiary.features.accounts import NewAccount, parse_identifier  # accounts are on

    one = parse_identifier("email" if "@" in identifier else "username", identifier)
    return NewAccount(identifiers=() if one is None else (one,), verified=frozenset({"email"}))


def _wrong_check(found: object) -> ConfigurationError:
    return misconfigured(
        "check_returns_neither",
        f"Passwords(check=…) returned a {type(found).__name__}",
        "return the subject as text, str(...) of a number, or None when the password is wrong",
    )
