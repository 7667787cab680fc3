"""What ``auth.passwords`` does: verify, check and hash a new password, set it, change it.

A new password ends everything that was signed in with the old one: the subject's epoch is raised in the same
transaction, and with it die links for a reset that are still on their way.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from unicodedata import normalize

from ostiary.features.passwords.breaches import Breaches, BreachesUnreachable
from ostiary.features.passwords.directory import Directory
from ostiary.features.passwords.hashing import PasswordHasher
from ostiary.features.passwords.policy import BREACHED, UNCHANGED, PasswordPolicy
from ostiary.features.passwords.strength import Strength, estimate_strength
from ostiary.features.passwords.users import Users
from ostiary.features.passwords.verify import PasswordVerifier, require_text
from ostiary.features.sign_in import SignInActions
from ostiary.kernel.client import ClientSource
from ostiary.kernel.clock import Clock
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.device_name import device_in_mail
from ostiary.kernel.errors import (
    ConfigurationError,
    FieldError,
    SignInRefused,
    TooManyAttempts,
    Unavailable,
    ValidationFailed,
    misconfigured,
)
from ostiary.kernel.event_bus import EventBus
from ostiary.kernel.events import PasswordChanged
from ostiary.kernel.factor import Evidence
from ostiary.kernel.mail import Mail, Mailer
from ostiary.web.addresses import Addresses

if TYPE_CHECKING:
    from ostiary.features.accounts import Account, AccountActions, AccountClosed, NewAccount
    from ostiary.features.passwords.invite import Invitation, Invitations
    from ostiary.storage.database import Database, Transaction

How: TypeAlias = Literal["changed", "reset", "set"]

CHANGED_MAIL: Final = "passwords/changed"
RESET_PAGE: Final = "forgot_password"
"""The endpoint of the page that begins a reset: where somebody whose password was changed by another goes."""

_WRONG: Final = FieldError("current", "wrong_password", "This is not your present password.")

_log = logging.getLogger("ostiary.passwords")


@dataclass(frozen=True, slots=True)
class HashedPassword:
    """A new password that passed the policy, hashed."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPasswords:
    """What is needed where the passwords are ours: accounts, their table, and whom to tell."""

    accounts: "AccountActions"
    database: "Database"
    bus: EventBus
    client: ClientSource
    mailer: Mailer | None
    addresses: Addresses | None


class PasswordActions(PasswordVerifier):
    """``auth.passwords``."""

    __slots__ = ("_breaches", "_breaches_required", "_own", "invitations", "policy")

    def __init__(
        self,
        *,
        hasher: PasswordHasher,
        source: Users | Directory,
        sign_in: SignInActions,
        clock: Clock,
        policy: PasswordPolicy,
        breaches: Breaches | None,
        breaches_required: bool,
        own: OwnPasswords | None,
    ) -> None:
        super().__init__(hasher=hasher, source=source, sign_in=sign_in, clock=clock)
        self.policy = policy
        self._breaches = breaches
        self._breaches_required = breaches_required
        self._own = own
        self.invitations: Invitations | None = None

    @property
    def are_kept_here(self) -> bool:
        """Whether passwords are stored by us: then they can be set, changed and reset."""
        return self._own is not None

    # A new password

    def check_new(self, password: str, *, context: Iterable[str] = ()) -> None:
        """Raise ``ValidationFailed`` with every reason why this may not be a new password, for the field ``password``.

        ``context`` is what belongs to the person: her names, her addresses. Breaches are asked only about what passes
        everything else. Raises ``Unavailable`` if they cannot be, and ``breaches_required=True``.
        """
        require_text(password)
        reasons = self.policy.check_password(password, context)
        if not reasons and self._is_breached(password):
            reasons = (BREACHED,)
        if reasons:
            raise ValidationFailed(*reasons)

    def strength(self, password: str, *, context: Iterable[str] = ()) -> Strength:
        """How hard a password is to guess, from 0 to 4, with a hint for whoever types it. Decides nothing."""
        require_text(password)
        return estimate_strength(password, context)

    def _is_breached(self, password: str) -> bool:
        if self._breaches is None:
            return False
        try:
            return self._breaches.contains(password)
        except BreachesUnreachable as error:
            if self._breaches_required:
                raise Unavailable(detail=str(error)) from None
            _log.warning("a new password was not looked for among breached ones: %s", error)
            return False

    # Accounts of ours

    def invite(self, email: str, *, roles: Sequence[str] = ()) -> "Invitation":
        """Mail somebody a link by which she makes her account, verified from the first moment and with these roles.

        Raises ``ValidationFailed``, ``IdentifierTaken`` where the address has an account, and ``ConfigurationError`` where
        people have no address here, or are not invited.
        """
        return self._invitations().send(email, roles=roles)

    def withdraw_invitation(self, id: str) -> bool:
        """Let an invitation be good no longer. False if there is none: it was accepted, withdrawn, or is too old."""
        return self._invitations().withdraw(id)

    def _invitations(self) -> "Invitations":
        if self.invitations is None:
            raise misconfigured(
                "no_invitations",
                "somebody is to be invited, and this application's accounts cannot be made by a mailed link",
                'Passwords() without lookup= and check=, and Accounts(identifiers=("email", …), registration="invited")',
            )
        return self.invitations

    def has_password(self, subject: str) -> bool:
        """Whether an account of ours has a password: one that came by another system may have none."""
        return self._stored(subject) is not None

    def set(self, account: "Account | str", password: str) -> int:
        """Give an account a password, on the application's own word, and end everything it is signed in with.

        For operators and imports; also while an account is suspended, which stays so. The answer is the
        new epoch. Raises ``ValidationFailed``, ``NoSuchAccount``, and ``WrongState`` for a closed account.
        """
        found = self._account(account)
        if found.state.value == "closed":
            from ostiary.features.accounts import WrongState  # accounts are on

            raise WrongState(detail="a closed account gets no password")
        self.check_new(password, context=names_of(found))
        hashed = self.hash(password)
        with self._here().database.write() as tx:
            return self.set_in(tx, found, hashed, how="set")

    def change(
        self,
        subject: str,
        *,
        current: str,
        new: str,
        during: "Callable[[Transaction, int], object] | None" = None,
    ) -> Evidence:
        """Change a password by proof of the present one, and end everything the account is signed in with.

        ``during(tx, epoch)`` runs in the same transaction: it may let the present session live on under the new
        epoch. The answer is the proof that was just given, under that epoch: ``auth.sign_in`` takes it. Raises ``ValidationFailed`` (a weak new one; a wrong present one, which counts
        as a guess), ``TooManyAttempts``, ``Unavailable`` and ``NoSuchAccount``.
        """
        require_text(current, new)
        own, account = self._here(), self._account(subject)
        self.check_new(new, context=names_of(account))
        if normalize("NFC", new) == normalize("NFC", current):
            raise ValidationFailed(UNCHANGED)
        stored = self._stored(account.id)
        try:
            evidence = self.verify_current(account.id, _counted_as(account), stored, current)
        except TooManyAttempts:
            raise
        except SignInRefused:
            raise ValidationFailed(_WRONG) from None
        hashed = self.hash(new)
        from ostiary.features.passwords import store  # only with a database

        with own.database.write() as tx:
            # Only in the place of the hash that was just proven: of two changes at once one is made, and none undoes a
            # reset that came in between.
            now = self._clock.now()
            if stored is None or not store.replace_if(tx, account.id, old=stored, new=hashed, now=now):
                raise ValidationFailed(_WRONG)
            epoch = self._note_change(tx, account, how="changed")
            if during is not None:
                during(tx, epoch)
        return replace(evidence, epoch=epoch)

    def set_in(self, tx: "Transaction", account: "Account", hashed: str, *, how: How) -> int:
        """Store a hash in a transaction of another flow, with all that follows from it; the answer is the new epoch.

        The caller has proven whose account it is (a mailed link), and has called ``check_new``.
        """
        from ostiary.features.passwords import store  # only with a database

        self._here()
        store.put(tx, account.id, hashed, now=self._clock.now())
        # A new authenticator: what was guessed against the old one counts no longer (SP 800-63B-4 §3.2.2).
        tx.after_commit(lambda: self._sign_in.forgive(account.id))
        return self._note_change(tx, account, how=how)

    def put_in(self, tx: "Transaction", account: "Account", hashed: str) -> None:
        """Store the first password of an account that is being made: nothing is signed in yet, and nobody is told."""
        from ostiary.features.passwords import store  # only with a database

        store.put(tx, account.id, hashed, now=self._clock.now())

    def forget_closed(self, closed: "AccountClosed", tx: "Transaction") -> None:
        """Remove the password of an account that is closed: it opens nothing any more, and is nobody's business."""
        from ostiary.features.passwords import store  # only with a database

        if closed.subject is not None:
            store.delete(tx, closed.subject)

    def _note_change(self, tx: "Transaction", account: "Account", *, how: How) -> int:
        """What every change of a password does beside the hash: the epoch, the event, a mail to each address of hers."""
        from ostiary.storage.subjects import raise_epoch  # only with a database

        own, client, now = self._here(), self._here().client(), self._clock.now()
        epoch = raise_epoch(tx, account.id, now=now)
        own.bus.emit(PasswordChanged(at=now, subject=account.id, network=client.network, how=how), tx)
        if own.mailer is not None:
            context = {
                "when": now,
                "network": client.network,
                "device": device_in_mail(client.device),
                "reset_link": _reset_link(own),
            }
            for one in account.identifiers:
                if one.kind == "email" and one.verified_at is not None:
                    own.mailer.send(Mail(to=one.shown, template=CHANGED_MAIL, context=context), tx)
        return epoch

    def _stored(self, subject: str) -> str | None:
        from ostiary.features.passwords import store  # only with a database

        with self._here().database.read() as connection:
            return store.find(connection, subject)

    def _account(self, account: "Account | str") -> "Account":
        return self._here().accounts.get(account) if isinstance(account, str) else account

    def _here(self) -> OwnPasswords:
        if self._own is None:
            raise _kept_elsewhere()
        return self._own


def names_of(account: "Account | NewAccount") -> tuple[str, ...]:
    """What belongs to a person, and so is no password of hers: her addresses and names, as typed and as compared."""
    return tuple(name for one in account.identifiers for name in (one.shown, one.value))


def _counted_as(account: "Account") -> str:
    # Under the name she signs in with, so that guesses here and there are one count.
    return account.email or account.username or account.phone or account.id


def _reset_link(own: OwnPasswords) -> str | None:
    addresses = own.addresses
    return addresses.absolute(RESET_PAGE) if addresses is not None and addresses.has(RESET_PAGE) else None


def _kept_elsewhere() -> ConfigurationError:
    return misconfigured(
        "passwords_kept_elsewhere",
        "a password is to be set, changed or removed, and Passwords(lookup=…) or Passwords(check=…) says they are not ours",
        "do it where they are kept, or use Passwords() with accounts",
    )
