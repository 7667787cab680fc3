"""``ostiary sessions``: the browsers a subject is signed in on, and ending them."""

import json
from typing import TYPE_CHECKING

import click

from ostiary.cli.operator import Operator
from ostiary.cli.terminal import printable

if TYPE_CHECKING:
    from ostiary.features.sessions.end import SessionActions


@click.group()
def sessions() -> None:
    """Look after sessions."""


@sessions.command("list")
@click.argument("subject")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def list_sessions(operator: Operator, subject: str, *, as_json: bool) -> None:
    """Show the browsers a subject is signed in on."""
    found = _actions(operator).list(subject)
    for device in found:
        if as_json:
            click.echo(json.dumps(device.as_json()))
        else:
            seen = device.seen_at.strftime("%Y-%m-%d %H:%M")
            click.echo(f"{device.id}  seen {seen} UTC  {printable(device.network)}  {printable(device.device)}")
    if not found and not as_json:
        click.echo("None.")


@sessions.command()
@click.argument("subject", required=False)
@click.option("--everybody", is_flag=True, help="Every session of every subject.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object: how many were ended.")
@click.pass_obj
def end(operator: Operator, subject: str | None, *, everybody: bool, as_json: bool) -> None:
    """End everything a subject is signed in with, or every session there is."""
    if (subject is None) != everybody:
        message = "Name a subject, or say --everybody."
        raise click.UsageError(message)
    actions = _actions(operator)
    ended = actions.end_everybody() if subject is None else actions.end_all(subject, reason="ended_by_operator")
    click.echo(json.dumps({"ended": ended}) if as_json else f"{ended} sessions ended.")


def _actions(operator: Operator) -> "SessionActions":
    if operator.sessions is None:
        message = "Sessions belong to an application: run `flask ostiary sessions …`."
        raise click.ClickException(message)
    return operator.sessions()
