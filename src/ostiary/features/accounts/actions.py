"""What ``auth.accounts`` does: create, find, suspend, restore and close accounts, and change what they are known by.

Verbs that take ``tx`` belong to a transaction of another feature; the others open their own, or join
the application's (``auth.joining``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from ostiary.features.accounts import identities, store
from ostiary.features.accounts.account import Account, Identifier, IdentifierTaken, Kind, NewAccount
from ostiary.features.accounts.account_part import AccountPart
from ostiary.features.accounts.events import AccountClosed, AccountRestored, AccountSuspended
from ostiary.features.accounts.find import AccountFinder
from ostiary.features.accounts.notice import IdentifierNotice
from ostiary.features.accounts.register import Registrar, only_given, require_kind
from ostiary.features.accounts.states import Verb, next_state
from ostiary.kernel.clock import Clock
from ostiary.kernel.errors import FieldError, ValidationFailed
from ostiary.kernel.event_bus import EventBus
from ostiary.storage.database import Database, Transaction
from ostiary.storage.subjects import raise_epoch

# What an operator writes into a row and a log.
_LONGEST_REASON: Final = 500


class AccountActions(AccountFinder):
    """``auth.accounts``."""

    __slots__ = ("_bus", "_clock", "_notice", "_registrar")

    def __init__(
        self,
        *,
        database: Database,
        bus: EventBus,
        clock: Clock,
        kinds: tuple[str, ...],
        registrar: Registrar,
        notice: IdentifierNotice,
    ) -> None:
        super().__init__(database, kinds)
        self._notice = notice
        self._bus = bus
        self._clock = clock
        self._registrar = registrar

    # Making

    def add_part(self, name: str, part: AccountPart) -> None:
        """Let ``create`` take one more keyword: for the features that own passwords and roles."""
        self._registrar.add_part(name, part)

    def create(
        self,
        *,
        email: str | None = None,
        username: str | None = None,
        phone: str | None = None,
        password: str | None = None,
        roles: Sequence[str] = (),
        verified: bool = True,
        fields: Mapping[str, Any] | None = None,
    ) -> Account:
        """Make an account; ``verified`` says that its addresses are known to be its owner's.

        Raises ``ValidationFailed`` with every field that is wrong, and ``IdentifierTaken``.
        """
        new = self.parse(
            email=email,
            username=username,
            phone=phone,
            password=password,
            roles=roles,
            verified=verified,
            fields=fields,
        )
        with self._database.write() as tx:
            return self.create_in(tx, new)

    def ensure(
        self,
        *,
        email: str | None = None,
        username: str | None = None,
        phone: str | None = None,
        password: str | None = None,
        roles: Sequence[str] = (),
        verified: bool = True,
        fields: Mapping[str, Any] | None = None,
    ) -> Account:
        """The account of these identifiers, made if there is none: for seeds that run at every start.

        An account that is there stays as it is. Raises ``IdentifierTaken`` if they belong to two accounts.
        """
        given: dict[Kind, object] = {"email": email, "username": username, "phone": phone}
        existing = self.find_all_of(given)
        if existing is not None:
            return existing
        try:
            return self.create(
                email=email,
                username=username,
                phone=phone,
                password=password,
                roles=roles,
                verified=verified,
                fields=fields,
            )
        except IdentifierTaken:
            # Somebody was faster: then it is there now.
            existing = self.find_all_of(given)
            if existing is None:
                raise
            return existing

    def parse(
        self,
        *,
        email: object = None,
        username: object = None,
        phone: object = None,
        password: object = None,
        roles: Sequence[str] = (),
        verified: bool = False,
        fields: object = None,
    ) -> NewAccount:
        """Check what an account is to be made of, and do the slow work, before anything is looked up.

        Values are as a request brings them; of ``fields`` only the declared ones are read. Raises ``ValidationFailed``.
        """
        given: dict[Kind, object] = {"email": email, "username": username, "phone": phone}
        parts = only_given(password=password, roles=roles)
        return self._registrar.parse(given, fields=fields, parts=parts, verified=verified)

    def create_in(self, tx: Transaction, new: NewAccount) -> Account:
        """Make a parsed account inside a transaction. Raises ``IdentifierTaken``, and leaves nothing of it then."""
        return self._registrar.create_in(tx, new, now=self._clock.now())

    # States

    def suspend(self, account: Account | str, *, reason: str) -> Account:
        """Let an account sign in no more until it is restored, and end everything it is signed in with, at once.

        Raises ``WrongState`` for a closed account, and ``NoSuchAccount``.
        """
        if not reason.isprintable() or not 0 < len(reason) <= _LONGEST_REASON:
            message = f"Give a reason, in one line of at most {_LONGEST_REASON} characters."
            raise ValidationFailed(FieldError("reason", "unusable", message))
        id = _id(account)
        with self._database.write() as tx:
            changed = self._change(tx, id, Verb.SUSPEND, reason=reason)
            now = self._clock.now()
            raise_epoch(tx, id, now=now)
            self._bus.emit(AccountSuspended(at=now, subject=id, reason=reason), tx)
        return changed

    def restore(self, account: Account | str) -> Account:
        """Let a suspended account sign in again. Raises ``WrongState`` and ``NoSuchAccount``."""
        id = _id(account)
        with self._database.write() as tx:
            changed = self._change(tx, id, Verb.RESTORE)
            self._bus.emit(AccountRestored(at=self._clock.now(), subject=id), tx)
        return changed

    def close(self, account: Account | str) -> Account:
        """Close an account for ever, and end everything it is signed in with. Its identifiers stay taken.

        Raises ``NoSuchAccount``.
        """
        id = _id(account)
        with self._database.write() as tx:
            changed = self._change(tx, id, Verb.CLOSE)
            now = self._clock.now()
            # Whoever listens may have locks of its own to take, and takes them before that of the subject.
            self._bus.emit(AccountClosed(at=now, subject=id), tx)
            raise_epoch(tx, id, now=now)
        return changed

    def _change(self, tx: Transaction, id: str, verb: Verb, *, reason: str | None = None) -> Account:
        account = store.get_locked(tx, id)
        state = next_state(account.state, verb, verified=account.verified)
        store.change_state(tx, id, state, reason=reason)
        return replace(account, state=state)

    # What it is known by

    def add_identifier(
        self, tx: Transaction, account_id: str, kind: Kind, text: object, *, verified: bool = False
    ) -> Identifier:
        """Give an account another identifier; one it has already is left as it is.

        Raises ``ValidationFailed``, ``IdentifierTaken``, ``NoSuchAccount``, and ``WrongState`` for a closed account.
        """
        require_kind(kind, self._kinds)
        now, before = self._clock.now(), self.find_in(tx, account_id)
        added = identities.add_identifier(tx, self._bus, account_id, kind, text, verified=verified, now=now)
        if before is not None and added not in before.identifiers:
            self._notice.tell(tx, before, kind, "added", now=now)
        return added

    def verify(self, tx: Transaction, account_id: str, kind: Kind, value: str) -> bool:
        """Note that an address was shown to be hers; an unverified account becomes active.

        False, and nothing happens, when the account is closed or gone, or is not known by this address any more.
        """
        return identities.verify(tx, self._bus, account_id, kind, value, now=self._clock.now())

    def remove_identifier(self, tx: Transaction, account_id: str, kind: Kind, value: str) -> bool:
        """Take an identifier from an account; False when it has no such one. Raises ``LastIdentifier``."""
        now, before = self._clock.now(), self.find_in(tx, account_id)
        removed = identities.remove_identifier(tx, self._bus, account_id, kind, value, now=now)
        if removed and before is not None:
            self._notice.tell(tx, before, kind, "removed", now=now)
        return removed

    def link_upstream(self, tx: Transaction, account_id: str, issuer: str, subject: str) -> None:
        """Let an identity of another system stand for an account.

        Raises ``IdentifierTaken`` when it stands for another one, and ``WrongState`` unless the account is active.
        """
        identities.link_upstream(tx, account_id, issuer, subject, now=self._clock.now())


def _id(account: Account | str) -> str:
    return account if isinstance(account, str) else account.id
