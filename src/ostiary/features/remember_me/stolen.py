"""Telling a person that her remember token was used twice: a mail to her verified address, where both are known here."""

from ostiary.kernel.client import Client
from ostiary.kernel.clock import Millis
from ostiary.kernel.device_name import device_in_mail
from ostiary.kernel.mail import Mail, Mailer
from ostiary.kernel.resources import Resources
from ostiary.kernel.subject_gate import SubjectGate
from ostiary.storage.database import Transaction
from ostiary.web.addresses import Addresses


class StolenMail:
    """Writes and sends that mail. Accounts and mail are found when it is needed: neither is required."""

    __slots__ = ("_resources",)

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def write(self, subject: str, client: Client, now: Millis) -> Mail | None:
        """The mail, or None where she cannot be written to. Reads, so it is called before the transaction.

        ``client`` is whoever brought the token that came too late: the thief, or herself after him.
        """
        # Whoever keeps accounts brings the gate; without accounts there are no addresses.
        if Mailer not in self._resources or SubjectGate not in self._resources:
            return None
        address = self._verified_address(subject)
        if address is None:
            return None
        context = {"when": now, "network": client.network, "device": device_in_mail(client.device)}
        addresses = self._resources.find(Addresses)  # type: ignore[type-abstract] # found by the protocol it fulfils
        if addresses is not None and addresses.has("sign_in"):
            context["sign_in_link"] = addresses.absolute("sign_in")
        return Mail(to=address, template="remember_me/stolen", context=context)

    def send(self, mail: Mail, tx: Transaction) -> None:
        """Have it leave after the commit."""
        self._resources[Mailer].send(mail, tx)  # type: ignore[type-abstract]

    def _verified_address(self, subject: str) -> str | None:
        from ostiary.features.accounts import AccountActions  # only where accounts are on

        account = self._resources[AccountActions].find(id=subject)
        if account is None:
            return None
        verified = (one.shown for one in account.identifiers if one.kind == "email" and one.verified_at is not None)
        return next(verified, None)
