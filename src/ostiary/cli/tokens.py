"""``ostiary tokens``: the programs that hold a refresh token, and ending one, all of a subject, or everybody's."""

import json
from typing import TYPE_CHECKING

import click

from ostiary.cli.account_lines import known_subject
from ostiary.cli.operator import Operator
from ostiary.cli.terminal import printable

if TYPE_CHECKING:
    from ostiary.features.tokens import TokenActions
    from ostiary.features.tokens.family_list import ListedFamily

_REASON = "ended_by_operator"


@click.group()
def tokens() -> None:
    """Look after refresh tokens."""


@tokens.command("list", epilog="Example: flask ostiary tokens list ada")
@click.argument("subject")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def list_families(operator: Operator, subject: str, *, as_json: bool) -> None:
    """Show the programs and browsers that hold a refresh token of a subject."""
    found = _actions(operator).list(known_subject(operator, subject))
    for family in found:
        click.echo(json.dumps({"subject": family.subject, **family.as_json()}) if as_json else _line(family))
    if not found and not as_json:
        click.echo("None.")


@tokens.command(epilog="Example: flask ostiary tokens revoke 01JD8Z6V0Q7M3K5T9XW2YB4CNE")
@click.argument("id", required=False)
@click.option("--all-of", "subject", metavar="SUBJECT", help="Everything this subject is signed in with, keys too.")
@click.option("--everybody", is_flag=True, help="Every token of every subject; sessions and API keys go on.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object: how many were ended.")
@click.pass_obj
def revoke(operator: Operator, id: str | None, subject: str | None, *, everybody: bool, as_json: bool) -> None:
    """End one of them, by its id, with its access tokens; or all of a subject; or every token there is."""
    if (id is not None) + (subject is not None) + everybody != 1:
        message = "Name one by its id, or say --all-of SUBJECT, or --everybody."
        raise click.UsageError(message)
    actions = _actions(operator)
    if everybody:
        ended = actions.revoke_everybody(reason=_REASON)
    elif subject is not None:
        ended = actions.revoke_all(known_subject(operator, subject), reason=_REASON)
    elif id is not None and actions.end_family(id, reason=_REASON):
        ended = 1
    else:
        message = f"There is no refresh token {printable(id)}: give the id that the list shows."
        raise click.ClickException(message)
    click.echo(json.dumps({"ended": ended}) if as_json else f"{ended} refresh tokens ended, with their access tokens.")


def _actions(operator: Operator) -> "TokenActions":
    runtime = operator.runtime
    from ostiary.features.tokens import TokenActions  # joserfc and SQLAlchemy only when a command needs them

    return runtime.action("tokens", TokenActions)


def _line(family: "ListedFamily") -> str:
    scope = "everything" if family.scope is None else " ".join(sorted(family.scope))
    used = f"renewed {family.refreshed_at:%Y-%m-%d %H:%M} UTC"
    return f"{family.id}  {used}  {printable(family.network)}  {scope}  {printable(family.client or family.device)}"
