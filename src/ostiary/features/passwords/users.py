"""Whose password it is, and what is stored of it: our accounts, or the application's own users (``lookup=``)."""

import logging
from typing import TYPE_CHECKING, Protocol

from ostiary.features.passwords.settings import Lookup, OnRehash
from ostiary.kernel.errors import ConfigurationError, OpenTransaction, Unavailable, misconfigured

if TYPE_CHECKING:
    from ostiary.features.accounts import AccountActions
    from ostiary.storage.database import Database

_log = logging.getLogger("ostiary.passwords")


class Users(Protocol):
    """Who knows users and their hashes. Both questions are asked for every guess, for known and unknown names alike."""

    def one_spelling(self, identifier: str) -> str:
        """The identifier in the one form in which all its spellings are equal. Looks nothing up."""
        ...

    def subject_of(self, identifier: str) -> str | None:
        """The subject of that name, or None. Raises ``Unavailable``."""
        ...

    def hash_of(self, identifier: str, subject: str | None) -> str | None:
        """The stored hash of that subject, or None."""
        ...

    def renew(self, subject: str, old: str, new: str) -> None:
        """Store the same password anew, where ``old`` still stands. A failure is logged: she knew her password."""
        ...


class AccountUsers:
    """Accounts of ours, and the table of passwords."""

    __slots__ = ("_accounts", "_database")

    def __init__(self, accounts: "AccountActions", database: "Database") -> None:
        self._accounts = accounts
        self._database = database

    def one_spelling(self, identifier: str) -> str:
        """As accounts are looked up by it: guesses that lead to one account are counted together."""
        one = self._accounts.parse_typed(identifier)
        return identifier if one is None else one.value

    def subject_of(self, identifier: str) -> str | None:
        """The account known by that name."""
        account = self._accounts.find_by_identifier(identifier) if identifier else None
        return None if account is None else account.id

    def hash_of(self, identifier: str, subject: str | None) -> str | None:
        """The hash in our table; for nobody the table is asked as well."""
        del identifier
        from ostiary.features.passwords import store  # only with a database

        with self._database.read() as connection:
            return store.find(connection, subject or "")

    def renew(self, subject: str, old: str, new: str) -> None:
        """By compare-and-set: a password that was changed meanwhile stays changed."""
        from ostiary.features.passwords import store  # only with a database

        try:
            with self._database.write() as tx:
                store.renew(tx, subject, old=old, new=new)
        except (Unavailable, OpenTransaction):
            _log.warning("the password of %s could not be stored under newer parameters", subject, exc_info=True)


class LookupUsers:
    """The application's own users, by its function; see ``Passwords(lookup=…)``.

    A function that names the subject is asked first for the name and then for the hash, so that the epoch is
    read in between; an unknown name is asked as often.
    """

    __slots__ = ("_lookup", "_on_rehash")

    def __init__(self, lookup: Lookup, on_rehash: OnRehash | None = None) -> None:
        self._lookup = lookup
        self._on_rehash = on_rehash

    def one_spelling(self, identifier: str) -> str:
        """As it was typed: what the function takes for equal is not known here."""
        return identifier

    def subject_of(self, identifier: str) -> str | None:
        """The subject the function names, or the identifier itself."""
        return self._look_up(identifier)[0]

    def hash_of(self, identifier: str, subject: str | None) -> str | None:
        """The hash, if it is still the same subject's."""
        again, stored = self._look_up(identifier)
        return stored if again == subject else None

    def renew(self, subject: str, old: str, new: str) -> None:
        """Hand the new hash to the application."""
        if self._on_rehash is None:
            return
        try:
            self._on_rehash(subject, old, new)
        except Exception:  # noqa: BLE001 - whatever the application's function raises, she knew her password
            _log.exception("Passwords(on_rehash=…) failed")

    def _look_up(self, identifier: str) -> tuple[str | None, str | None]:
        found = self._ask(identifier)
        if found is None:
            return None, None
        if isinstance(found, str):
            return identifier, found
        match found:
            case tuple((str() as subject, str() as stored)) if subject:
                return subject, stored
            case _:
                raise _wrong_lookup(found)

    def _ask(self, identifier: str) -> object:
        if not identifier:
            return None
        try:
            return self._lookup(identifier)
        except Exception as error:
            # A table that cannot be read is nobody's wrong password.
            _log.exception("Passwords(lookup=…) failed")
            raise Unavailable(detail=f"lookup raised {type(error).__name__}") from error


def _wrong_lookup(found: object) -> ConfigurationError:
    return misconfigured(
        "lookup_returns_neither",
        f"Passwords(lookup=…) returned a {type(found).__name__}",
        "return the stored hash, or (subject, hash) with both as text, or None when there is nobody of that name",
    )
