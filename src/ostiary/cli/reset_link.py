"""Sending somebody a link that sets a new password, and seeing to it that it leaves before the command ends."""

from typing import TYPE_CHECKING

import click

from ostiary.kernel.errors import misconfigured

if TYPE_CHECKING:
    from ostiary.features.accounts import Account
    from ostiary.features.passwords.reset import PasswordReset
    from ostiary.runtime.runtime import Runtime


def find_reset(runtime: "Runtime") -> "PasswordReset":
    """What sends the links. Raises ``ConfigurationError`` where it cannot: before anything is done, not in the middle."""
    from ostiary.web.addresses import Addresses

    addresses = runtime.resources.find(Addresses)  # type: ignore[type-abstract] # found by its protocol
    if "accounts" not in runtime.assembly or addresses is None or not addresses.has("reset_password"):
        raise misconfigured(
            "no_password_reset",
            "this application sends no links for a new password",
            'add Passwords() without lookup= and check=, and Accounts(identifiers=("email", …))',
        )
    addresses.absolute("reset_password")  # needs the public URL, which a command learns from no request
    from ostiary.features.passwords.reset import PasswordReset  # only if the feature is on

    return runtime.resources[PasswordReset]


def send_link(runtime: "Runtime", reset: "PasswordReset", account: "Account") -> str:
    """Send a link, and say where to. Ends the command where it may not be, or there is no address."""
    from ostiary.features.accounts import AccountState
    from ostiary.features.passwords.reset import NoAddress

    if account.state in (AccountState.SUSPENDED, AccountState.CLOSED):
        cure = "\n    -> restore it first: accounts restore" if account.state is AccountState.SUSPENDED else ""
        message = f"The account is {account.state.value}, and gets no new password.{cure}"
        raise click.ClickException(message)
    try:
        address = reset.send(account)
    except NoAddress as error:
        message = "The account has no email address that is verified, so a link could go to anybody."
        raise click.ClickException(message) from error
    hasten(runtime)
    return address


def hasten(runtime: "Runtime") -> None:
    """Let the mail leave now, if this process may send: its thread ends with the command, and the outbox is patient."""
    from ostiary.runtime.mail_delivery import MailDelivery
    from ostiary.runtime.mail_worker import MailWorker

    delivery = runtime.resources[MailDelivery]
    if runtime.deployment.mail is not None and runtime.deployment.mail.worker != "none":
        worker = runtime.resources.find(MailWorker)
        if worker is not None:
            # It finishes the mail it is at, and gives back what it has not begun.
            worker.stop()
        delivery.deliver_due()
    waiting = delivery.waiting().count
    if waiting:
        click.echo(f"{waiting} mails wait to be sent: `mail status` tells more, `mail send` tries at once.", err=True)
