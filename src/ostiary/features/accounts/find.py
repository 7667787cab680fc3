"""Finding an account: by its id, by what it is known by, by what another system calls it."""

from collections.abc import Mapping

from ostiary.features.accounts import store
from ostiary.features.accounts.account import Account, Identifier, IdentifierTaken, Kind, NoSuchAccount
from ostiary.features.accounts.identifiers import parse_given, parse_identifier, parse_typed
from ostiary.features.accounts.identities import is_upstream
from ostiary.kernel.identifiers import is_id
from ostiary.storage.database import Database, Transaction


class AccountFinder:
    """The part of ``auth.accounts`` that only reads."""

    __slots__ = ("_database", "_kinds")

    def __init__(self, database: Database, kinds: tuple[str, ...]) -> None:
        self._database = database
        self._kinds = kinds

    def find(
        self,
        *,
        id: str | None = None,
        email: str | None = None,
        username: str | None = None,
        phone: str | None = None,
    ) -> Account | None:
        """The account of exactly one of these, or None; also for what could never be one."""
        given: dict[Kind, str | None] = {"email": email, "username": username, "phone": phone}
        asked: list[tuple[Kind, str]] = [(kind, text) for kind, text in given.items() if text is not None]
        if len(asked) + (id is not None) != 1:
            message = "find takes exactly one of id, email, username and phone"
            raise TypeError(message)
        if id is not None:
            return self._find_id(id)
        kind, text = asked[0]
        return self._find_identifier(parse_identifier(kind, text))

    def get(self, id: str) -> Account:
        """The account of an id. Raises ``NoSuchAccount``."""
        found = self._find_id(id)
        if found is None:
            raise NoSuchAccount
        return found

    def find_in(self, tx: Transaction, id: str) -> Account | None:
        """The account of an id, as it is within a transaction that has begun; or None."""
        return store.find(tx.connection, id) if is_id(id) else None

    def find_by_identifier(self, text: str) -> Account | None:
        """The account of what somebody types to sign in, of whatever kind is switched on."""
        return self._find_identifier(parse_typed(text, self._kinds))

    def parse_typed(self, text: str) -> Identifier | None:
        """The identifier that somebody types, of whatever kind is switched on, or None. Looks nothing up."""
        return parse_typed(text, self._kinds)

    def is_taken(self, one: Identifier) -> bool:
        """Whether an identifier, or one that a person would take for it, belongs to an account."""
        with self._database.read() as connection:
            return store.is_taken(connection, one)

    def of_upstream(self, issuer: str, subject: str) -> Account | None:
        """The account that an identity of another system stands for: issuer and subject together, byte for byte."""
        if not is_upstream(issuer, subject):
            return None
        with self._database.read() as connection:
            return store.find_by_upstream(connection, issuer, subject)

    def _find_id(self, id: str) -> Account | None:
        if not is_id(id):
            return None
        with self._database.read() as connection:
            return store.find(connection, id)

    def _find_identifier(self, one: Identifier | None) -> Account | None:
        if one is None:
            return None
        with self._database.read() as connection:
            return store.find_by_identifier(connection, one.kind, one.value)

    def find_all_of(self, given: Mapping[Kind, object]) -> Account | None:
        """The account that all these identifiers lead to, as far as they lead to any."""
        found: Account | None = None
        for one in parse_given(given)[0]:
            owner = self._find_identifier(one)
            if found is not None and owner is not None and owner.id != found.id:
                raise IdentifierTaken(one.kind)
            found = found or owner
        return found
