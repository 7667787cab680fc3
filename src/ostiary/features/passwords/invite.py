"""Invitations: a link to one address, spent once, by which its owner makes an account where not everybody may register.

The link proves the address, so the account is verified from its first moment, and begins with the roles it was
invited to. Until then nothing is kept but a sealed token: nobody occupies a name, and an invitation that is never
accepted leaves nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ostiary.features.accounts import Account, AccountActions, Identifier, IdentifierTaken, NewAccount, parse_identifier
from ostiary.features.one_time_tokens import OneTimeToken, OneTimeTokenActions
from ostiary.features.passwords.register import NAME_TAKEN, LinkNotGood, parse_registration
from ostiary.kernel.caller import CallerSource
from ostiary.kernel.client import ClientSource
from ostiary.kernel.clock import Clock, Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.duration import spell_duration
from ostiary.kernel.errors import FieldError, ValidationFailed
from ostiary.kernel.event_bus import EventBus
from ostiary.kernel.events import InvitationWithdrawn, Invited
from ostiary.kernel.mail import Mail, Mailer
from ostiary.kernel.promised_roles import PromiseBroken, PromisedRoles
from ostiary.web.addresses import Addresses

if TYPE_CHECKING:
    from ostiary.storage.database import Database

_PURPOSE: Final = "invitation"
_OF_THE_INVITER: Final = frozenset({"email", "roles"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """An invitation that is on its way. ``expires_at`` in milliseconds since the Unix epoch; ``id`` withdraws it."""

    id: str
    email: str
    roles: tuple[str, ...]
    expires_at: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitations:
    """Sends invitations, and makes the accounts of those who accept."""

    accounts: AccountActions
    tokens: OneTimeTokenActions
    database: "Database"
    mailer: Mailer
    addresses: Addresses
    bus: EventBus
    client: ClientSource
    caller: CallerSource
    clock: Clock

    def send(self, email: str, *, roles: Sequence[str] = ()) -> Invitation:
        """Mail an address the link. Raises ``ValidationFailed``, and ``IdentifierTaken`` where it has an account."""
        to, roles = self._check(email, roles), tuple(roles)
        if self.accounts.find(email=to.shown) is not None:
            raise IdentifierTaken("email")
        now, lifetime = self.clock.now(), self.tokens.invitation_lifetime
        inviter = self.caller()
        by = None if inviter is None else inviter.subject or None
        payload = {"email": to.shown, "roles": list(roles), "by": by}
        with self.database.write() as tx:
            token = self.tokens.issue(tx, purpose=_PURPOSE, payload=payload, lifetime=lifetime, now=now)
            id = token.partition(".")[0]
            context = {
                "link": self.addresses.absolute("accept_invitation", token=token),
                "expires_in": spell_duration(lifetime),
            }
            self.mailer.send(Mail(to=to.shown, template="passwords/invitation", context=context), tx)
            network = self.client().network
            self.bus.emit(Invited(at=now, network=network, invitation=id, roles=roles, by=by), tx)
        return Invitation(id=id, email=to.shown, roles=roles, expires_at=now + lifetime)

    def withdraw(self, id: str) -> bool:
        """Let an invitation be good no longer. False if there is none: it was accepted, or is too old."""
        with self.database.write() as tx:
            if not self.tokens.end(tx, id, purpose=_PURPOSE):
                return False
            now, network = self.clock.now(), self.client().network
            self.bus.emit(InvitationWithdrawn(at=now, network=network, invitation=id), tx)
        return True

    def look(self, token: str) -> str | None:
        """The address that was invited, and the link left as it is. None if it is not good."""
        found = self._find(token)
        return None if found is None or found.payload is None else found.payload["email"]

    def accept(
        self, token: str, given: Mapping[str, object], *, password: str, fields: Mapping[str, object]
    ) -> Account:
        """Make the account. ``given`` holds identifiers beside the address, which the link alone decides.

        Raises ``LinkNotGood``, and ``ValidationFailed`` with everything that is wrong: the link stays good then.
        """
        found = self._find(token)
        if found is None or found.payload is None:
            raise LinkNotGood
        identifiers = {**given, "email": found.payload["email"]}
        new = self._parse(found, identifiers, password=password, fields=fields)
        with self.database.write() as tx:
            if self.tokens.spend(tx, token, purpose=_PURPOSE, now=self.clock.now()) is None:
                raise LinkNotGood
            try:
                return self.accounts.create_in(tx, replace(new, verified=frozenset({"email"})))
            except IdentifierTaken as taken:
                if taken.kind == "username":
                    raise ValidationFailed(NAME_TAKEN) from None
                # She has registered meanwhile, or was invited twice.
                raise LinkNotGood(detail=f"{taken.kind} taken meanwhile") from None
            except PromiseBroken as broken:
                raise LinkNotGood(detail=broken.detail) from None

    def _parse(
        self, found: OneTimeToken, given: Mapping[str, object], *, password: str, fields: Mapping[str, object]
    ) -> NewAccount:
        """What whoever accepts has entered, with the roles that the inviter may still give."""
        payload = found.payload or {}
        roles = PromisedRoles.of(payload["roles"], promised_by=payload.get("by"), by=f"invitation {found.id}")
        try:
            return parse_registration(self.accounts, given, password=password, fields=fields, roles=roles)
        except PromiseBroken as broken:
            raise LinkNotGood(detail=broken.detail) from None

    def _check(self, email: str, roles: Sequence[str]) -> Identifier:
        """The address, if the inviter's part of the account can be; the rest is entered by whoever accepts."""
        try:
            self.accounts.parse(email=email, roles=roles)
        except ValidationFailed as failed:
            wrong = [error for error in failed.errors if error.field in _OF_THE_INVITER]
            if wrong:
                raise ValidationFailed(*wrong) from None
        found = parse_identifier("email", email)
        if found is None:
            raise ValidationFailed(FieldError("email", "required", "An email address is needed."))
        return found

    def _find(self, token: str) -> OneTimeToken | None:
        return self.tokens.find(token, purpose=_PURPOSE, now=self.clock.now())
