"""Registration: an account comes to be once its address is proven, by a link that only its browser, or its password, opens.

Until then there is no account, only a sealed token that holds what was entered. So nobody occupies an
address that is not his; two people who register one address never meet; and an address that has an account
answers, works and mails like one that has none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any, Final

from ostiary.features.accounts import Account, AccountActions, Accounts, Identifier, IdentifierTaken, Kind, NewAccount
from ostiary.features.one_time_tokens import OneTimeToken, OneTimeTokenActions
from ostiary.features.passwords.actions import HashedPassword, PasswordActions
from ostiary.features.passwords.mail_limits import MailLimits
from ostiary.kernel.clock import Clock, Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.duration import spell_duration
from ostiary.kernel.errors import AuthError, FieldError, ValidationFailed
from ostiary.kernel.mail import Mail, Mailer
from ostiary.kernel.secret import new_secret
from ostiary.web.addresses import Addresses
from ostiary.web.form import merge_errors

if TYPE_CHECKING:
    from ostiary.storage.database import Database, Transaction

_PURPOSE: Final = "registration"
_VERIFICATION: Final = "verify_address"
_PART: Final = "password"
# A longer address is no page somebody was on her way to.
_LONGEST_WANTED: Final = 2_000
NAME_TAKEN: Final = FieldError("username", "taken", "This user name is taken. Choose another one.")
"""A user name is public, so that it is taken may be told."""


class LinkNotGood(AuthError):
    """The link was used already, is too old, or never was one."""

    code = "link_not_good"
    status = 410
    public_message = "This link is no longer good."


class NameTakenMeanwhile(AuthError):
    """Between the registration and its link, somebody has taken the user name, or one that looks like it."""

    code = "username_taken"
    status = 409
    public_message = "Somebody has taken this user name meanwhile. Please register again with another one."


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A registration that waits for its link; ``binding`` is for the browser that began it."""

    binding: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """An account whose address is proven, by its id; ``wanted`` is the page she was on her way to, unchecked."""

    account: str
    wanted: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRegistration:
    """What the link of a registration stands for, as far as its page may know."""

    address: str
    bound: bool


class Registration:
    """Registers people who sign in with a password."""

    __slots__ = (
        "_accounts",
        "_addresses",
        "_clock",
        "_database",
        "_mail_limits",
        "_mailer",
        "_needs_email",
        "_passwords",
        "_tokens",
        "_unverified_may_sign_in",
    )

    def __init__(
        self,
        *,
        accounts: AccountActions,
        passwords: PasswordActions,
        tokens: OneTimeTokenActions,
        database: "Database",
        mailer: Mailer,
        addresses: Addresses,
        mail_limits: MailLimits,
        clock: Clock,
        settings: Accounts,
    ) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._tokens = tokens
        self._database = database
        self._mailer = mailer
        self._addresses = addresses
        self._mail_limits = mail_limits
        self._clock = clock
        self._unverified_may_sign_in = settings.unverified_may_sign_in
        self._needs_email = "email" in settings.identifiers and not settings.unverified_may_sign_in

    def begin(
        self, given: Mapping[str, object], *, password: str, fields: Mapping[str, object], wanted: str | None = None
    ) -> Begun | Account:
        """Register: a mail with a link, or at once an account where it has no address that could be proven.

        ``wanted`` is the page she was on her way to, unchecked: whoever confirms is told it again. The answer, the work and the number of mails are the same whether or not the address has an account.
        Raises ``ValidationFailed`` with everything that is wrong, before anything is looked up.
        """
        new = parse_registration(self._accounts, given, password=password, fields=fields)
        email = find_email(new.identifiers)
        if email is None and self._needs_email:
            # Whoever leaves it out would have an account that nothing was proven of.
            raise ValidationFailed(FieldError("email", "required", "An email address is needed, to be confirmed."))
        self._refuse_taken_name(new)
        if email is None:
            try:
                with self._database.write() as tx:
                    return self._accounts.create_in(tx, new)
            except IdentifierTaken:
                # Somebody was faster by a moment.
                raise ValidationFailed(NAME_TAKEN) from None
        # A stranger must not fill somebody's mailbox, from however many networks.
        self._mail_limits.charge("register", email)
        owner = self._accounts.find(email=email.shown)
        binding, now = new_secret(), self._clock.now()
        with self._database.write() as tx:
            purpose, subject, payload = _PURPOSE, None, _as_payload(new)
            on_the_way = {"next": wanted} if wanted is not None and len(wanted) <= _LONGEST_WANTED else {}
            if self._unverified_may_sign_in and owner is None:
                subject = self._accounts.create_in(tx, new).id
                purpose, payload = _VERIFICATION, {"email": email.shown}
            lifetime = self._tokens.verification_lifetime
            token = self._tokens.issue(
                tx,
                purpose=purpose,
                subject=subject,
                binding=binding,
                payload=payload | on_the_way,
                lifetime=lifetime,
                now=now,
            )
            self._mailer.send(self._letter(email, token, owner, lifetime), tx)
        return Begun(binding=binding)

    def _refuse_taken_name(self, new: NewAccount) -> None:
        """A user name is public: that it is taken is told at once, beside its field."""
        for one in new.identifiers:
            if one.kind == "username" and self._accounts.is_taken(one):
                raise ValidationFailed(NAME_TAKEN)

    def _letter(self, email: Identifier, token: str, owner: Account | None, lifetime: Millis) -> Mail:
        if owner is not None:
            # She has an account: she is told, and the token above is never sent to anybody.
            links = {"sign_in_link": self._addresses.absolute("sign_in")}
            links["reset_link"] = self._addresses.absolute("forgot_password")
            return Mail(to=email.shown, template="passwords/already_registered", context=links)
        link = self._addresses.absolute("verify_address", token=token)
        context = {"link": link, "expires_in": spell_duration(lifetime)}
        return Mail(to=email.shown, template="passwords/verify_address", context=context)

    def look(self, token: str, *, binding: str | None) -> PendingRegistration | None:
        """What a link stands for, left as it is: a mail scanner opens links, too. None if it is not good."""
        found = self._find(token)
        if found is None or found.payload is None:
            return None
        return PendingRegistration(address=found.payload["email"], bound=self._tokens.is_bound_to(found, binding))

    def confirm(self, token: str, *, binding: str | None, password: str = "") -> Confirmed:
        """Spend the link: the account comes to be, or its address is verified.

        In another browser than the one that registered, the password chosen there is asked for: whoever only reads the
        mail has not registered. Raises ``LinkNotGood``, ``SignInRefused``, and what a listener refuses the account with.
        """
        found = self._find(token)
        if found is None or found.payload is None:
            raise LinkNotGood
        if not self._tokens.is_bound_to(found, binding):
            self._prove(found, found.payload, password)
        with self._database.write() as tx:
            spent = self._tokens.spend(tx, token, purpose=found.purpose, now=self._clock.now())
            if spent is None or spent.payload is None:
                raise LinkNotGood
            return Confirmed(account=self._carry_out(tx, spent, spent.payload), wanted=spent.payload.get("next"))

    def _carry_out(self, tx: "Transaction", spent: OneTimeToken, payload: Mapping[str, Any]) -> str:
        if spent.subject is not None:
            if not self._accounts.verify(tx, spent.subject, "email", payload["email"]):
                raise LinkNotGood(detail="the account is not known by this address any more")
            return spent.subject
        try:
            # Checked again: what an account may be can have changed since.
            new = self._accounts.parse(**payload["given"], fields=payload["fields"])
            # The link proves the address it was sent to, and nothing beside it.
            proven: frozenset[Kind] = frozenset({"email"})
            parts = {_PART: HashedPassword(payload[_PART])}
            return self._accounts.create_in(tx, replace(new, verified=proven, parts=parts)).id
        except IdentifierTaken as taken:
            if taken.kind == "username":
                raise NameTakenMeanwhile from None
            # Two registrations of one address, and the other link was used first.
            raise LinkNotGood(detail=f"{taken.kind} taken meanwhile") from None

    def _find(self, token: str) -> OneTimeToken | None:
        now = self._clock.now()
        for purpose in (_PURPOSE, _VERIFICATION):
            found = self._tokens.find(token, purpose=purpose, now=now)
            if found is not None:
                return found
        return None

    def _prove(self, found: OneTimeToken, payload: Mapping[str, Any], password: str) -> None:
        if found.subject is not None:
            self._passwords.verify(payload["email"], password)
            return
        # The guess counts against the address, as it will once there is an account.
        self._passwords.verify_current(found.id, payload["email"], payload[_PART], password)


def parse_registration(
    accounts: AccountActions,
    given: Mapping[str, object],
    *,
    password: str,
    fields: Mapping[str, object],
    roles: Sequence[str] = (),
) -> NewAccount:
    """What somebody who registers has entered, checked and with the slow work done. Raises ``ValidationFailed``."""
    missing = None if password else ValidationFailed(FieldError(_PART, "required", "A password is needed."))
    try:
        new = accounts.parse(**given, password=password, roles=roles, fields=fields)  # type: ignore[arg-type] # kinds by name
    except ValidationFailed as failed:
        raise merge_errors(failed, missing) or failed from None
    if missing is not None:
        raise missing
    return new


def find_email(identifiers: tuple[Identifier, ...]) -> Identifier | None:
    """The address to write to among them, or None."""
    return next((one for one in identifiers if one.kind == "email"), None)


def _as_payload(new: NewAccount) -> dict[str, Any]:
    email = find_email(new.identifiers)
    given = {one.kind: one.shown for one in new.identifiers}
    # The password as it will be stored; the token seals all of it.
    return {"email": email.shown if email else "", "given": given, "fields": dict(new.fields), _PART: _hashed(new)}


def _hashed(new: NewAccount) -> str:
    prepared = new.parts[_PART]
    if not isinstance(prepared, HashedPassword):
        message = "a registration's password is what the policy made of it"
        raise TypeError(message)
    return prepared.text
