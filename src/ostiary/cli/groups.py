"""``ostiary groups``: groups and organisations: make them, fill them, look at them, remove them."""

import json

import click

from ostiary.cli.operator import Operator
from ostiary.cli.roles import BY, json_lines, json_option, named_group, named_subject, role_actions
from ostiary.cli.terminal import printable

_subject = click.option("--subject", is_flag=True, help="WHO is no account, but a subject such as nightly-export.")


@click.group("groups")
def groups() -> None:
    """Look after groups, and organisations: groups that are also places, such as org:acme."""


@groups.command("list", epilog="Example: flask ostiary groups list")
@json_lines
@click.pass_obj
def list_groups(operator: Operator, *, as_json: bool) -> None:
    """Show every group, and how many members it has."""
    actions, after, some = role_actions(operator).groups, "", False
    while page := actions.list(after=after):
        for group, members in page:
            facts = {"name": group.text, "members": members}
            click.echo(json.dumps(facts) if as_json else f"{printable(group.text)}  {members}")
        after, some = page[-1][0].text, True
    if not some and not as_json:
        click.echo("None.")


@groups.command(epilog="Example: flask ostiary groups show org:acme")
@click.argument("group")
@json_lines
@click.pass_obj
def show(operator: Operator, group: str, *, as_json: bool) -> None:
    """Show who is in a group, and who put each there."""
    actions, one, after = role_actions(operator).groups, named_group(group), ""
    if not actions.exists(one):
        message = f"There is no group {printable(group)}."
        raise click.ClickException(message)
    some = False
    while page := actions.memberships(one, after=after):
        for member in page:
            said = printable(member.subject) + (f"  by {printable(member.added_by)}" if member.added_by else "")
            click.echo(json.dumps(member.as_json()) if as_json else said)
        after, some = page[-1].subject, True
    if not some and not as_json:
        click.echo("Nobody.")


@groups.command(epilog="Example: flask ostiary groups create org:acme")
@click.argument("group")
@json_option
@click.pass_obj
def create(operator: Operator, group: str, *, as_json: bool) -> None:
    """Make a group: a word, or for an organisation its place."""
    made = role_actions(operator).groups.create(named_group(group), by=BY)
    said = f"Made: {printable(group)}." if made else f"It is there already: {printable(group)}."
    click.echo(json.dumps({"name": group, "changed": made}) if as_json else said)


@groups.command(epilog="Example: flask ostiary groups add org:acme ada@shop.example")
@click.argument("group")
@click.argument("who")
@_subject
@json_option
@click.pass_obj
def add(operator: Operator, group: str, who: str, *, subject: bool, as_json: bool) -> None:
    """Put an account, or a subject, into a group."""
    added = role_actions(operator).groups.add(named_group(group), named_subject(operator, who, subject=subject), by=BY)
    said = f"{'Added' if added else 'In it already'}: {printable(who)}."
    click.echo(json.dumps({"name": group, "who": who, "changed": added}) if as_json else said)


@groups.command(epilog="Example: flask ostiary groups remove org:acme ada@shop.example")
@click.argument("group")
@click.argument("who")
@json_option
@click.pass_obj
def remove(operator: Operator, group: str, who: str, *, as_json: bool) -> None:
    """Take somebody out of a group. Exit code 1 if she was not in it."""
    removed = role_actions(operator).groups.remove(
        named_group(group), named_subject(operator, who, subject=True), by=BY
    )
    said = f"{'Removed' if removed else 'Not in it'}: {printable(who)}."
    click.echo(json.dumps({"name": group, "who": who, "changed": removed}) if as_json else said)
    if not removed:
        raise click.exceptions.Exit(1)


@groups.command(epilog="Example: flask ostiary groups delete sales")
@click.argument("group")
@json_option
@click.pass_obj
def delete(operator: Operator, group: str, *, as_json: bool) -> None:
    """Remove a group: its members lose what it holds."""
    role_actions(operator).groups.delete(named_group(group), by=BY)
    click.echo(json.dumps({"name": group, "deleted": True}) if as_json else f"Removed: {printable(group)}.")
