"""``ostiary accounts``: find and show accounts, suspend, restore and close them, end their sessions, send a reset link."""

import json
from typing import TYPE_CHECKING, Any, Final

import click

from ostiary.cli.account_lines import (
    account_actions,
    confirm,
    facts_of,
    find_accounts,
    get_account,
    line_of,
    lines_of,
    name_of,
)
from ostiary.cli.audit import line_of as audit_line
from ostiary.cli.create_account import create
from ostiary.cli.invite import invite, withdraw
from ostiary.cli.operator import Operator
from ostiary.cli.reset_link import find_reset, send_link
from ostiary.cli.sessions import end_sessions, session_actions, show_sessions
from ostiary.cli.terminal import is_interactive, printable

if TYPE_CHECKING:
    from ostiary.features.accounts import Account
    from ostiary.features.audit_log import AuditEntry
    from ostiary.runtime.runtime import Runtime

# What fits a screen; `ostiary audit --subject` has all of it.
_SHOWN: Final = 10

_yes = click.option("--yes", is_flag=True, help="Do not ask first.")
_json = click.option("--json", "as_json", is_flag=True, help="One JSON object.")


@click.group()
def accounts() -> None:
    """Look after accounts."""


accounts.add_command(create)
accounts.add_command(invite)
accounts.add_command(withdraw)


@accounts.command(epilog="Example: flask ostiary accounts find ada@shop.example")
@click.argument("text")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def find(operator: Operator, text: str, *, as_json: bool) -> None:
    """Find an account by the whole of its email address, username, telephone number or id. Exit code 1 if there is none."""
    found = find_accounts(account_actions(operator), text)
    for account in found:
        click.echo(json.dumps(facts_of(account)) if as_json else line_of(account))
    if not found:
        if not as_json:
            click.echo("None.")
        raise click.exceptions.Exit(1)


@accounts.command(epilog="Example: flask ostiary accounts show ada@shop.example")
@click.argument("account")
@_json
@click.pass_obj
def show(operator: Operator, account: str, *, as_json: bool) -> None:
    """Show an account, by its id or by what it signs in with: its state, its names, its sessions, what happened lately."""
    found = get_account(account_actions(operator), account)
    facts, events = _surroundings(operator.runtime, found), _lately(operator.runtime, found)
    if as_json:
        entries = [json.loads(entry.as_json()) for entry in events]
        click.echo(json.dumps({**facts_of(found), **facts, "events": entries}))
        return
    for line in lines_of(found):
        click.echo(line)
    for name, value in facts.items():
        click.echo(f"  {name:<14}{_spell(value)}")
    if events:
        click.echo("Lately:")
    for entry in events:
        click.echo(f"  {audit_line(entry)}")


@accounts.command(epilog="Example: flask ostiary accounts suspend ada@shop.example --reason 'card stolen, ticket 4711'")
@click.argument("account")
@click.option("--reason", required=True, help="One line, for the audit log.")
@_yes
@_json
@click.pass_obj
def suspend(operator: Operator, account: str, *, reason: str, yes: bool, as_json: bool) -> None:
    """Let an account sign in no more until it is restored, and end everything it is signed in with, at once."""
    actions = account_actions(operator)
    found = get_account(actions, account)
    confirm(f"Suspend {name_of(found)} ({found.id})?", yes=yes)
    _tell(actions.suspend(found, reason=reason), "Suspended", as_json=as_json)


@accounts.command(epilog="Example: flask ostiary accounts restore ada@shop.example")
@click.argument("account")
@_json
@click.pass_obj
def restore(operator: Operator, account: str, *, as_json: bool) -> None:
    """Let a suspended account sign in again."""
    actions = account_actions(operator)
    _tell(actions.restore(get_account(actions, account)), "Restored", as_json=as_json)


@accounts.command(epilog="Example: flask ostiary accounts close ada@shop.example")
@click.argument("account")
@click.option("--yes", is_flag=True, help="Do not ask first. Needed where nobody sits at a terminal.")
@_json
@click.pass_obj
def close(operator: Operator, account: str, *, yes: bool, as_json: bool) -> None:
    """Close an account for ever, and end everything it is signed in with. What it was known by stays taken."""
    actions = account_actions(operator)
    found = get_account(actions, account)
    if not yes:
        if not is_interactive():
            message = "Closing cannot be undone: say --yes."
            raise click.UsageError(message)
        typed = click.prompt(f"This cannot be undone. Type {name_of(found)} to close it", err=True)
        if typed != name_of(found):
            message = "That is something else. Nothing was closed."
            raise click.ClickException(message)
    _tell(actions.close(found), "Closed", as_json=as_json)


@accounts.command("sessions", epilog="Example: flask ostiary accounts sessions ada@shop.example --end")
@click.argument("account")
@click.option("--end", is_flag=True, help="End them all, and everything else it is signed in with.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def list_sessions(operator: Operator, account: str, *, end: bool, as_json: bool) -> None:
    """Show the browsers an account is signed in on, or end them all."""
    found = get_account(account_actions(operator), account)
    actions = session_actions(operator)
    (end_sessions if end else show_sessions)(actions, found.id, as_json=as_json)


@accounts.command("send-reset", epilog="Example: flask ostiary accounts send-reset ada@shop.example")
@click.argument("account")
@_json
@click.pass_obj
def send_reset(operator: Operator, account: str, *, as_json: bool) -> None:
    """Send a link that sets a new password. Only its owner sees it: operators never learn or choose a password."""
    found = get_account(account_actions(operator), account)
    to = send_link(operator.runtime, find_reset(operator.runtime), found)
    click.echo(json.dumps({"id": found.id, "to": to}) if as_json else f"A link is on its way to {printable(to)}.")


def _tell(account: "Account", what: str, *, as_json: bool) -> None:
    click.echo(json.dumps(facts_of(account)) if as_json else f"{what}: {line_of(account)}")


def _spell(value: object) -> object:
    return ("yes" if value else "no") if isinstance(value, bool) else value


def _surroundings(runtime: "Runtime", account: "Account") -> dict[str, Any]:
    """What other features know of the account, as far as they are on."""
    facts: dict[str, Any] = {}
    if "passwords" in runtime.assembly:
        from ostiary.features.passwords import PasswordActions  # only if the feature is on

        passwords = runtime.action("passwords", PasswordActions)
        if passwords.are_kept_here:
            facts["password"] = passwords.has_password(account.id)
    if "sessions" in runtime.assembly:
        from ostiary.features.sessions import SessionActions  # only if the feature is on

        facts["sessions"] = len(runtime.action("sessions", SessionActions).list(account.id))
    if "remember_me" in runtime.assembly:
        from ostiary.features.remember_me import RememberMeActions  # only if the feature is on

        facts["remembered"] = len(runtime.action("remember_me", RememberMeActions).list(account.id))
    return facts


def _lately(runtime: "Runtime", account: "Account") -> "list[AuditEntry]":
    from ostiary.features.audit_log import AuditEntries  # accounts bring it

    return runtime.action("audit_log", AuditEntries).entries(subject=account.id, limit=_SHOWN)
