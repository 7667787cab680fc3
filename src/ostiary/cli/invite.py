"""``ostiary accounts invite`` and ``withdraw``: a link by which somebody makes her account, and taking it back."""

import json
from typing import TYPE_CHECKING

import click

from ostiary.cli.operator import Operator
from ostiary.cli.refusals import reasons
from ostiary.cli.reset_link import hasten
from ostiary.cli.terminal import printable
from ostiary.kernel.errors import ValidationFailed, misconfigured

if TYPE_CHECKING:
    from ostiary.features.passwords import PasswordActions

_json = click.option("--json", "as_json", is_flag=True, help="One JSON object.")


@click.command(epilog="Example: flask ostiary accounts invite ada@shop.example --role teller")
@click.argument("address")
@click.option("--role", "roles", multiple=True, help="A role the account begins with; repeatable.")
@_json
@click.pass_obj
def invite(operator: Operator, address: str, *, roles: tuple[str, ...], as_json: bool) -> None:
    """Mail somebody a link by which she makes her account and chooses its password, which you never learn."""
    from ostiary.features.accounts import IdentifierTaken

    try:
        invitation = _passwords(operator).invite(address, roles=roles)
    except ValidationFailed as failed:
        raise click.ClickException(reasons(failed)) from failed
    except IdentifierTaken as taken:
        message = f"{printable(address)} has an account already: accounts send-reset mails it a link."
        raise click.ClickException(message) from taken
    hasten(operator.runtime)
    if as_json:
        facts = {"id": invitation.id, "to": invitation.email, "roles": list(roles), "expires_at": invitation.expires_at}
        click.echo(json.dumps(facts))
        return
    click.echo(
        f"An invitation is on its way to {printable(invitation.email)}. To take it back: accounts withdraw {invitation.id}"
    )


@click.command(epilog="Example: flask ostiary accounts withdraw 01M85Z36JZF6ZSHTMVM1GKGZX1")
@click.argument("invitation")
@_json
@click.pass_obj
def withdraw(operator: Operator, invitation: str, *, as_json: bool) -> None:
    """Let an invitation be good no longer. Exit code 1 if there is none: it was accepted, withdrawn, or is too old."""
    withdrawn = _passwords(operator).withdraw_invitation(invitation)
    if as_json:
        click.echo(json.dumps({"withdrawn": withdrawn}))
    else:
        click.echo("Withdrawn." if withdrawn else "There is no such invitation.")
    if not withdrawn:
        raise click.exceptions.Exit(1)


def _passwords(operator: Operator) -> "PasswordActions":
    runtime = operator.runtime
    if "passwords" not in runtime.assembly:
        raise misconfigured("feature_not_on", "invitations belong to passwords, which are not on", "add Passwords()")
    from ostiary.features.passwords import PasswordActions  # only if the feature is on

    return runtime.action("passwords", PasswordActions)
