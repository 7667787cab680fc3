"""``ostiary accounts create``: make an account, with a link for its password, or with one that nobody sees on a screen."""

import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import click

from ostiary.cli.account_lines import account_actions, facts_of, line_of
from ostiary.cli.operator import Operator
from ostiary.cli.refusals import reasons
from ostiary.cli.reset_link import find_reset, send_link
from ostiary.cli.terminal import is_interactive, printable
from ostiary.kernel.errors import ValidationFailed

if TYPE_CHECKING:
    from ostiary.features.accounts import Account, Accounts
    from ostiary.features.passwords import PasswordActions
    from ostiary.runtime.runtime import Runtime

# More than any password has; what is longer is a file somebody mistook for one.
_MOST_READ: Final = 10_000


@click.command(epilog="Example: flask ostiary accounts create --email ada@shop.example --send-link")
@click.option("--email", help="Its email address.")
@click.option("--username", help="Its username.")
@click.option("--phone", help="Its telephone number, with the country in front: +44 20 7946 0958.")
@click.option(
    "--field", "fields", multiple=True, metavar="NAME=VALUE", help="A field of Accounts(fields=…); repeatable."
)
@click.option("--unverified", is_flag=True, help="Its addresses are only claimed: it has to confirm one.")
@click.option("--send-link", is_flag=True, help="Mail a link to choose a password by; you never learn it.")
@click.option("--password-stdin", is_flag=True, help="Read its password from the standard input.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def create(
    operator: Operator,
    *,
    email: str | None,
    username: str | None,
    phone: str | None,
    fields: tuple[str, ...],
    unverified: bool,
    send_link: bool,
    password_stdin: bool,
    as_json: bool,
) -> None:
    """Make an account. A password is never an argument, where others and the shell's history would see it.

    On a terminal, what is missing is asked for. Elsewhere say --send-link or --password-stdin.
    """
    if send_link and password_stdin:
        message = "Either its owner chooses the password (--send-link), or you give one (--password-stdin)."
        raise click.UsageError(message)
    actions, runtime = account_actions(operator), operator.runtime
    settings: Any = runtime.assembly.get("accounts")
    given = {"email": email, "username": username, "phone": phone}
    values = _fields(fields, settings)
    if is_interactive() and not password_stdin:
        _ask_for_missing(given, values, settings)
    if send_link and not given["email"]:
        message = "A link needs an address to go to: give --email."
        raise click.UsageError(message)
    reset = find_reset(runtime) if send_link else None
    password = None if send_link else _password(runtime, from_stdin=password_stdin, context=given.values())
    account = actions.create(
        email=given["email"],
        username=given["username"],
        phone=given["phone"],
        password=password,
        fields=values,
        verified=not unverified,
    )
    sent = None
    if reset is not None:
        sent = _send(runtime, reset, account)
    if as_json:
        click.echo(json.dumps({**facts_of(account), "link_sent_to": sent}))
        return
    click.echo(f"Created: {line_of(account)}")
    if sent is not None:
        click.echo(f"A link is on its way to {printable(sent)}.")


def _send(runtime: "Runtime", reset: Any, account: "Account") -> str:
    try:
        return send_link(runtime, reset, account)
    except Exception:
        # The account is there, and must not be looked for in vain.
        click.echo(f"Created: {line_of(account)}; but no link was sent: accounts send-reset {account.id}", err=True)
        raise


def _fields(given: Iterable[str], settings: "Accounts") -> dict[str, object]:
    declared = [one.name for one in settings.fields]
    values: dict[str, object] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or name not in declared:
            known = f"the fields here are {', '.join(declared)}" if declared else "Accounts(fields=…) declares none"
            message = f"{printable(text)} is no NAME=VALUE of a field; {known}"
            raise click.BadParameter(message, param_hint="--field")
        values[name] = value
    return values


def _ask_for_missing(given: dict[str, str | None], values: dict[str, object], settings: "Accounts") -> None:
    """Ask for something to sign in with, and for every field that must be there."""
    if not any(given.values()):
        kind = settings.identifiers[0]
        given[kind] = click.prompt(kind.capitalize(), err=True)
    for one in settings.fields:
        if one.required and one.name not in values:
            values[one.name] = click.prompt(one.shown, err=True)


def _password(runtime: "Runtime", *, from_stdin: bool, context: Iterable[str | None]) -> str | None:
    """The password of the new account; None where passwords are none of ours."""
    passwords = _own_passwords(runtime)
    if passwords is None:
        if from_stdin:
            message = "Passwords are not kept here, so the account gets none."
            raise click.UsageError(message)
        return None
    if from_stdin:
        return _read_password()
    if not is_interactive():
        message = "Say --send-link, and its owner chooses a password; or --password-stdin."
        raise click.UsageError(message)
    while True:
        password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        try:
            passwords.check_new(password, context=[text for text in context if text])
        except ValidationFailed as failed:
            click.echo(reasons(failed), err=True)
        else:
            return password


def _read_password() -> str:
    text = sys.stdin.read(_MOST_READ)
    password = text.removesuffix("\n").removesuffix("\r")
    if not password or "\n" in password or len(text) == _MOST_READ:
        message = "The standard input has to be one line, the password."
        raise click.UsageError(message)
    return password


def _own_passwords(runtime: "Runtime") -> "PasswordActions | None":
    if "passwords" not in runtime.assembly:
        return None
    from ostiary.features.passwords import PasswordActions  # only if the feature is on

    found = runtime.action("passwords", PasswordActions)
    return found if found.are_kept_here else None
