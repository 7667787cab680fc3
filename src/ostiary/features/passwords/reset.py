"""Password reset: a link to the address of an account, spent once, that sets a new password and signs nobody in.

Whoever asks is told the same whatever he asks for. A reset ends everything the account was signed in with,
and every other link of its kind; it never lifts a second factor (ASVS 5.0 V6.4.3).
"""

from typing import TYPE_CHECKING, Final

from ostiary.features.accounts import Account, AccountActions, AccountState, Identifier
from ostiary.features.one_time_tokens import OneTimeToken, OneTimeTokenActions
from ostiary.features.passwords.actions import PasswordActions, names_of
from ostiary.features.passwords.mail_limits import MailLimits
from ostiary.features.passwords.register import LinkNotGood, find_email
from ostiary.features.sign_in import SignInActions
from ostiary.kernel.clock import Clock
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.duration import spell_duration
from ostiary.kernel.errors import AuthError
from ostiary.kernel.mail import Mail, Mailer
from ostiary.web.addresses import Addresses
from ostiary.web.cookies import CookieToSet

if TYPE_CHECKING:
    from ostiary.storage.database import Database, Transaction

_PURPOSE: Final = "reset_password"
# No host is called so, ever (RFC 2606 §2); no mail to it leaves.
_NOBODY: Final = "nobody@example.invalid"
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
    mail_limits: MailLimits
    clock: Clock

    def ask(self, identifier: str) -> None:
        """Somebody says that she has forgotten her password. Nothing of the outcome can be seen from outside.

        An address that has no account is written to as well: its owner may have registered with another one.
        """
        typed = self.accounts.parse_typed(identifier)
        if typed is None:
            return
        # By what was typed, so that the limit is the same for an address that nobody has.
        self.mail_limits.charge("reset", typed)
        account = self.accounts.find_by_identifier(identifier)
        to = None if account is None else _address_of(account, typed)
        if typed.kind != "email" and not self._has_room(to, typed):
            to = None
        if account is not None and to is not None:
            self._send_link(account, to.shown)
        else:
            self._send_none(typed, is_known=account is not None)

    def send(self, account: Account) -> str:
        """Send the link to an account's address, for an operator; the answer is where to. Raises ``NoAddress``."""
        to = _address_of(account, None)
        if to is None:
            raise NoAddress
        self._send_link(account, to.shown)
        return to.shown

    def _has_room(self, to: Identifier | None, typed: Identifier) -> bool:
        """Whether the address behind a name may be sent one more; behind nobody's the same is counted, to no effect."""
        if to is None:
            return self.mail_limits.has_room("reset_of_nobody", typed)
        return self.mail_limits.has_room("reset", to)

    def _send_link(self, account: Account, address: str) -> None:
        epoch = self.sign_in.epoch(account.id)
        with self.database.write() as tx:
            token = self._issue(tx, account.id, epoch, address)
            self.mailer.send(self._letter(address, token), tx)

    def _letter(self, to: str, token: str) -> Mail:
        context = {
            "link": self.addresses.absolute("reset_password", token=token),
            "expires_in": spell_duration(self.tokens.reset_lifetime),
        }
        return Mail(to=to, template="passwords/reset", context=context)

    def _send_none(self, typed: Identifier, *, is_known: bool) -> None:
        with self.database.write() as tx:
            # The same work and the same wait for the disk as for a link, which can be measured; this one goes to nobody.
            token = self._issue(tx, None, 0, typed.shown)
            if typed.kind == "email" and not is_known:
                context = {"register_link": self._register_link()}
                self.mailer.send(Mail(to=typed.shown, template="passwords/no_account", context=context), tx)
            else:
                self.mailer.pretend(self._letter(_NOBODY, token), tx)

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

    def look(self, token: str) -> str | None:
        """The address a link was sent to, left as it is: whose password it would set. None if it is not good."""
        found = self._find(token)
        return None if found is None else found[2]

    def redeem(self, token: str, password: str) -> CookieToSet | None:
        """Set a new password by a link; the answer is what the browser is known by from then on, if by anything.

        Raises ``LinkNotGood``, and ``ValidationFailed`` for a password that may not be.
        """
        found = self._find(token)
        if found is None:
            raise LinkNotGood
        link, account, address = found
        self.passwords.check_new(password, context=names_of(account))
        hashed = self.passwords.hash(password)
        raised = link.epoch + 1
        # Before the transaction: policy is the application's own code, and may ask its own database, or fail.
        typed = self.accounts.parse_typed(address)
        known = self.sign_in.known_by_link(address if typed is None else typed.value, subject=account.id, epoch=raised)
        with self.database.write() as tx:
            # First, since it locks the account: several links at once, each of which ends the others, would wait for one
            # another. The address may have been taken from her account since the link was sent to it.
            if not self.accounts.verify(tx, account.id, "email", address):
                raise LinkNotGood
            if self.tokens.spend(tx, token, purpose=_PURPOSE, now=self.clock.now()) is None:
                raise LinkNotGood
            self.tokens.end_all(tx, subject=account.id, purpose=_PURPOSE)
            # Read again: the address that has just been proven is one to be told, and what else was meanwhile wins.
            before, account = account, self.accounts.find_in(tx, account.id) or account
            if not _proven(account) <= _proven(before) | {address}:
                raise LinkNotGood
            # Another epoch than the next one: a suspension, say, or a change of password came in between, and wins.
            if self.passwords.set_in(tx, account, hashed, how="reset") != raised:
                raise LinkNotGood
        return known

    def _find(self, token: str) -> tuple[OneTimeToken, Account, str] | None:
        """A link that is good, whose password it sets, and the address that it was sent to."""
        link = self.tokens.find(token, purpose=_PURPOSE, now=self.clock.now())
        if link is None or link.subject is None or link.payload is None:
            return None
        account, address = self.accounts.find(id=link.subject), link.payload["email"]
        if account is None or self.sign_in.epoch(account.id) != link.epoch:
            return None
        # It would be sent there still: the address is hers, and no other was proven to be while this one was only claimed.
        to = _address_of(account, self.accounts.parse_typed(address))
        return (link, account, address) if to is not None and to.shown == address else None


def _proven(account: Account) -> set[str]:
    return {one.shown for one in account.identifiers if one.kind == "email" and one.verified_at is not None}


def _address_of(account: Account, typed: Identifier | None) -> Identifier | None:
    """Where a link may go: the address that was typed if it is proven to be hers, else another that is.

    An address that was only claimed gets one while the account has nothing that is proven, and never afterwards: whoever
    added it to somebody else's account would be given that account.
    """
    if account.state not in _MAY_RESET:
        return None
    addresses = [one for one in account.identifiers if one.kind == "email"]
    proven = [one for one in addresses if one.verified_at is not None]
    if not proven and account.state is AccountState.UNVERIFIED:
        proven = addresses
    exact = [one for one in proven if typed is not None and one.value == typed.value]
    return find_email((*exact, *proven))
