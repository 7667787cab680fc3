"""An account as an operator sees it: one line, a page, a JSON object. Addresses are shown, whatever is in them."""

from typing import TYPE_CHECKING, Any

import click

from ostiary.cli.terminal import is_interactive, printable, rfc3339, spell_moment

if TYPE_CHECKING:
    from ostiary.cli.operator import Operator
    from ostiary.features.accounts import Account, AccountActions


def account_actions(operator: "Operator") -> "AccountActions":
    """``auth.accounts`` of the application."""
    runtime = operator.runtime
    from ostiary.features.accounts import AccountActions  # SQLAlchemy only when a command needs it

    return runtime.action("accounts", AccountActions)


def find_accounts(actions: "AccountActions", text: str) -> "list[Account]":
    """The accounts of this id or identifier, the one of the id first: a stranger may call herself by anybody's id."""
    found = [actions.find(id=text), actions.find_by_identifier(text)]
    return list({one.id: one for one in found if one is not None}.values())


def get_account(actions: "AccountActions", text: str) -> "Account":
    """The account of this id or identifier. Ends the command where there is none."""
    found = find_accounts(actions, text)
    if not found:
        message = f"There is no account {printable(text)}: give its id, or the whole of what it signs in with."
        raise click.ClickException(message)
    return found[0]


def known_subject(operator: "Operator", text: str) -> str:
    """The subject an operator names: with accounts by id or by what she signs in with, else as it stands.

    Ends the command where there is no such account: a typo must not look like a success.
    """
    if "accounts" not in operator.runtime.assembly:
        return text
    return get_account(account_actions(operator), text).id


def name_of(account: "Account") -> str:
    """What a person would call it."""
    return printable(account.email or account.username or account.phone or account.id)


def line_of(account: "Account") -> str:
    """One line: id, state, and everything it is known by."""
    known = "  ".join(printable(one.shown) for one in account.identifiers)
    return f"{account.id}  {account.state.value:<10}  {known or '-'}"


def lines_of(account: "Account") -> list[str]:
    """The page of an account, as far as it is in the account itself."""
    lines = [f"{account.id}  {account.state.value}"]
    for one in account.identifiers:
        verified = "" if one.verified_at is None else f"  verified {spell_moment(one.verified_at)} UTC"
        unverified = "  not verified" if one.verified_at is None and one.kind != "username" else ""
        lines.append(f"  {one.kind:<14}{printable(one.shown)}{verified}{unverified}")
    lines.append(f"  {'created':<14}{spell_moment(account.created_at)} UTC")
    for name, value in account.attributes.items():
        lines.append(f"  {printable(name):<14}{printable(None if value is None else str(value))}")
    return lines


def facts_of(account: "Account") -> dict[str, Any]:
    """The account for programs; instants in RFC 3339."""
    return {
        "id": account.id,
        "state": account.state.value,
        "verified": account.verified,
        "created_at": rfc3339(account.created_at),
        "identifiers": [
            {"kind": one.kind, "value": one.value, "shown": one.shown, "verified_at": rfc3339(one.verified_at)}
            for one in account.identifiers
        ],
        "attributes": dict(account.attributes),
    }


def confirm(question: str, *, yes: bool) -> None:
    """Ask whoever sits at the terminal. A program has made up its mind."""
    if not yes and is_interactive():
        click.confirm(question, abort=True, err=True)
