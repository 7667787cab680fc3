"""Telling the owner of an account that what it is known by was changed: at the addresses that were proven before.

Law: ASVS 5.0 V6.3.7. Whoever takes an account over begins by adding an address of his own; the one he cannot reach
is told.
"""

from types import MappingProxyType
from typing import Final, Literal

from ostiary.features.accounts.account import Account
from ostiary.kernel.client import ClientSource
from ostiary.kernel.clock import Millis
from ostiary.kernel.device_name import device_in_mail
from ostiary.kernel.mail import Mail, Mailer
from ostiary.kernel.resources import Resources
from ostiary.storage.database import Transaction

TEMPLATE: Final = "accounts/identifiers_changed"
_CALLED: Final = MappingProxyType(
    {"email": "An email address", "username": "A user name", "phone": "A telephone number"}
)


class IdentifierNotice:
    """Writes that mail, where something here sends any. Mail is found when it is needed: it is not required."""

    __slots__ = ("_resources",)

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def tell(
        self, tx: Transaction, before: Account, kind: str, change: Literal["added", "removed"], *, now: Millis
    ) -> None:
        """Tell every address that was proven before the change."""
        mailer = self._resources.find(Mailer)  # type: ignore[type-abstract] # found by the protocols they fulfil
        if mailer is None:
            return
        client = self._resources[ClientSource]()  # type: ignore[type-abstract]
        context = {
            "when": now,
            "change": change,
            "kind": _CALLED[kind],
            "network": client.network,
            "device": device_in_mail(client.device),
        }
        for one in before.identifiers:
            if one.kind == "email" and one.verified_at is not None:
                mailer.send(Mail(to=one.shown, template=TEMPLATE, context=context), tx)
