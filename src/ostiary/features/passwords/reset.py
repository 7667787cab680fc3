"""Password reset: a link to the address of an account, spent once, that sets a new password and signs nobody in.

Whoever asks is told the same whatever he asks for. A reset ends everything the account was signed in with,
and every other link of its kind; it never lifts a second factor (ASVS 5.0 V6.4.3).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ostiary.features.accounts import Account, AccountActions, AccountState, Identifier
from ostiary.features.one_time_tokens import OneTimeToken, OneTimeTokenActions
from ostiary.features.passwords.actions import PasswordActions
from ostiary.features.passwords.register import LinkNotGood, find_email
from ostiary.features.sign_in import SignInActions
from ostiary.kernel.clock import Clock
from ostiary.kernel.duration import spell_duration
from ostiary.kernel.errors import AuthError
from ostiary.kernel.limit import Limit, Limiter
from ostiary.kernel.mail import Mail, Mailer
from ostiary.storage.subjects import read_epoch
from ostiary.web.addresses import Addresses

if TYPE_CHECKING:
    from ostiary.storage.database import Database, Transaction

_PURPOSE: Final = "reset_password"
# What is suspended or closed is given back by an operator, not by a mail.
_MAY_RESET: Final = frozenset({AccountState.ACTIVE, AccountState.UNVERIFIED})


class NoAddress(AuthError):
    """An account has no address that a link could be sent to."""

    code = "no_address"
    status = 409
    public_message = "This account has no email address."


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordReset:
    """Sends links, and sets passwords by them."""

    accounts: AccountActions
    passwords: PasswordActions
    sign_in: SignInActions
    tokens: OneTimeTokenActions
    database: "Database"
    mailer: Mailer
    addresses: Addresses
    limiter: Limiter
    mail_limit: Limit
    clock: Clock

    def ask(self, identifier: str) -> None:
        """Somebody says that she has forgotten her password. Nothing of the outcome can be seen from outside.

        An address that has no account is written to as well: its owner may have registered with another one.
        """
        typed = self.accounts.parse_typed(identifier)
        if typed is None:
            return
        # By what was typed, so that the limit is the same for an address that nobody has.
        self.limiter.charge(self.mail_limit, f"{typed.kind}:{typed.value}")
        account = self.accounts.find_by_identifier(identifier)
        if account is None and typed.kind == "email":
            self._tell_stranger(typed.shown)
        elif account is not None and account.state in _MAY_RESET:
            address = _address_of(account, typed)
            if address is not None:
                self._send_link(account, address)

    def send(self, account: Account) -> str:
        """Send the link to an account's address, for an operator; the answer is where to. Raises ``NoAddress``."""
        address = _address_of(account, None)
        if address is None or account.state not in _MAY_RESET:
            raise NoAddress
        self._send_link(account, address)
        return address

    def _send_link(self, account: Account, address: str) -> None:
        epoch = self.sign_in.epoch(account.id)
        with self.database.write() as tx:
            token = self._issue(tx, account.id, epoch, address)
            context = {
                "link": self.addresses.absolute("reset_password", token=token),
                "expires_in": spell_duration(self.tokens.reset_lifetime),
            }
            self.mailer.send(Mail(to=address, template="passwords/reset", context=context), tx)

    def _tell_stranger(self, address: str) -> None:
        with self.database.write() as tx:
            # The same work as for a link; this one goes to nobody.
            self._issue(tx, None, 0, address)
            context = {"register_link": self._register_link()}
            self.mailer.send(Mail(to=address, template="passwords/no_account", context=context), tx)

    def _register_link(self) -> str | None:
        return self.addresses.absolute("register") if self.addresses.has("register") else None

    def _issue(self, tx: "Transaction", subject: str | None, epoch: int, address: str) -> str:
        return self.tokens.issue(
            tx,
            purpose=_PURPOSE,
            subject=subject,
            epoch=epoch,
            payload={"email": address},
            lifetime=self.tokens.reset_lifetime,
            now=self.clock.now(),
        )

    def is_good(self, token: str) -> bool:
        """Whether a link would still set a password."""
        return self._find(token) is not None

    def redeem(self, token: str, password: str) -> Account:
        """Set a new password by a link. Raises ``LinkNotGood``, and ``ValidationFailed`` for a password that may not be."""
        found = self._find(token)
        if found is None or found.subject is None or found.payload is None:
            raise LinkNotGood
        account = self.accounts.get(found.subject)
        self.passwords.check_new(password, context=[one.shown for one in account.identifiers])
        hashed = self.passwords.hash(password)
        with self.database.write() as tx:
            spent = self.tokens.spend(tx, token, purpose=_PURPOSE, now=self.clock.now())
            # Compared inside the transaction that raises it: a suspension in between wins.
            if spent is None or read_epoch(tx.connection, account.id) != found.epoch:
                raise LinkNotGood
            self.tokens.end_all(tx, subject=account.id, purpose=_PURPOSE)
            self.accounts.verify(tx, account.id, "email", found.payload["email"])
            # Read again: the address that has just been proven is one to be told.
            account = self.accounts.find_in(tx, account.id) or account
            self.passwords.set_in(tx, account, hashed, how="reset")
        return account

    def _find(self, token: str) -> OneTimeToken | None:
        found = self.tokens.find(token, purpose=_PURPOSE, now=self.clock.now())
        if found is None or found.subject is None or self.sign_in.epoch(found.subject) != found.epoch:
            return None
        account = self.accounts.find(id=found.subject)
        return found if account is not None and account.state in _MAY_RESET else None


def _address_of(account: Account, typed: Identifier | None) -> str | None:
    """Where a link may go: the address that was typed if it is proven to be hers, else another that is.

    An address that was only claimed gets one while the account has nothing that is proven, and never afterwards: whoever
    added it to somebody else's account would be given that account.
    """
    addresses = [one for one in account.identifiers if one.kind == "email"]
    proven = [one for one in addresses if one.verified_at is not None]
    if not proven and account.state is AccountState.UNVERIFIED:
        proven = addresses
    exact = [one for one in proven if typed is not None and one.value == typed.value]
    best = find_email((*exact, *proven))
    return None if best is None else best.shown
