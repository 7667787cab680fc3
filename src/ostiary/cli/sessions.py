"""``ostiary sessions``: the browsers a subject is signed in on, and ending them."""

import json
from typing import TYPE_CHECKING

import click

from ostiary.cli.account_lines import known_subject
from ostiary.cli.operator import Operator
from ostiary.cli.terminal import printable

if TYPE_CHECKING:
    from ostiary.features.sessions import SessionActions


@click.group()
def sessions() -> None:
    """Look after sessions."""


@sessions.command("list", epilog="Example: flask ostiary sessions list ada")
@click.argument("subject")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def list_sessions(operator: Operator, subject: str, *, as_json: bool) -> None:
    """Show the browsers a subject is signed in on.

    With accounts, SUBJECT is an account's id, or the whole of what it signs in with.
    """
    show_sessions(session_actions(operator), known_subject(operator, subject), as_json=as_json)


@sessions.command(epilog="Example: flask ostiary sessions end --everybody")
@click.argument("subject", required=False)
@click.option("--everybody", is_flag=True, help="Every session and token of every subject; API keys go on.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object: how many were ended.")
@click.pass_obj
def end(operator: Operator, subject: str | None, *, everybody: bool, as_json: bool) -> None:
    """End everything a subject is signed in with, or every session there is."""
    if (subject is None) != everybody:
        message = "Name a subject, or say --everybody."
        raise click.UsageError(message)
    actions = session_actions(operator)
    if subject is not None:
        end_sessions(actions, known_subject(operator, subject), as_json=as_json)
        return
    _tell_ended(actions.end_everybody(), as_json=as_json)


def session_actions(operator: Operator) -> "SessionActions":
    """``auth.sessions`` of the application."""
    runtime = operator.runtime
    from ostiary.features.sessions import SessionActions  # SQLAlchemy only when a command needs it

    return runtime.action("sessions", SessionActions)


def show_sessions(actions: "SessionActions", subject: str, *, as_json: bool) -> None:
    """The browsers of a subject, one a line."""
    found = actions.list(subject)
    for device in found:
        if as_json:
            click.echo(json.dumps(device.as_json()))
        else:
            seen = device.seen_at.strftime("%Y-%m-%d %H:%M")
            click.echo(f"{device.id}  seen {seen} UTC  {printable(device.network)}  {printable(device.device)}")
    if not found and not as_json:
        click.echo("None.")


def end_sessions(actions: "SessionActions", subject: str, *, as_json: bool) -> None:
    """End everything a subject is signed in with."""
    _tell_ended(actions.end_all(subject, reason="ended_by_operator"), as_json=as_json)


def _tell_ended(ended: int, *, as_json: bool) -> None:
    click.echo(json.dumps({"ended": ended}) if as_json else f"{ended} sessions ended.")
