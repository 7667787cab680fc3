"""New devices: the owner of an account is written to when a browser signs in to it that never did before.

Law: ASVS 5.0 V6.3.5. Whoever guesses or steals a password is seen by the person it belongs to.
"""

from typing import TYPE_CHECKING, Final

from ostiary.kernel.device_name import device_in_mail
from ostiary.kernel.events import SignInSucceeded
from ostiary.kernel.mail import Mail, Mailer
from ostiary.kernel.resources import Resources

if TYPE_CHECKING:
    from ostiary.storage.database import Transaction

TEMPLATE: Final = "sign_in/new_device"


class NewDeviceNotice:
    """Writes that mail, in the transaction of the sign-in."""

    __slots__ = ("_resources",)

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def tell(self, event: SignInSucceeded, tx: "Transaction") -> None:
        """Tell the owner, at every address of hers that is proven."""
        from ostiary.features.accounts import AccountActions  # accounts are on, or there is nobody to write to

        if not event.new_device or event.subject is None:
            return
        account = self._resources[AccountActions].find_in(tx, event.subject)
        context = {"when": event.at, "network": event.network, "device": device_in_mail(event.device)}
        mailer = self._resources[Mailer]  # type: ignore[type-abstract] # found by the protocol it fulfils
        for one in account.identifiers if account is not None else ():
            if one.kind == "email" and one.verified_at is not None:
                mailer.send(Mail(to=one.shown, template=TEMPLATE, context=context), tx)
