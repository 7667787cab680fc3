"""``ostiary roles``: what roles there are, who holds them, what somebody holds; giving, taking, defining; drift."""

import json
from typing import TYPE_CHECKING, Any

import click

from ostiary.cli.account_lines import account_actions, find_accounts, name_of
from ostiary.cli.operator import Operator
from ostiary.cli.terminal import printable, rfc3339, spell_moment
from ostiary.kernel.principal import On, decode_place, encode_place, is_place

if TYPE_CHECKING:
    from ostiary.features.roles import Assignment, Group, RoleActions
    from ostiary.features.roles.define import Role
    from ostiary.features.roles.held import HeldAt

BY = "operator"
"""In whose name a command changes something: what the audit log says."""

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object.")
json_lines = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
on_option = click.option("--on", metavar="PLACE", help="Where it holds, such as org:acme; otherwise everywhere.")
_group = click.option("--group", is_flag=True, help="WHO is a group: a word, or for an organisation its place.")
_subject = click.option("--subject", is_flag=True, help="WHO is no account, but a subject such as nightly-export.")


@click.group("roles")
def roles() -> None:
    """Look after roles: what they grant, who holds them and where."""


@roles.command("list", epilog="Example: flask ostiary roles list")
@json_lines
@click.pass_obj
def list_roles(operator: Operator, *, as_json: bool) -> None:
    """Show every role, of the code and of the database, with what it grants."""
    found = role_actions(operator).list()
    for role in found:
        click.echo(json.dumps(role.as_json()) if as_json else _role_line(role))
    if not found and not as_json:
        click.echo("None.")


@roles.command(epilog="Example: flask ostiary roles grant ada@shop.example editor --on org:acme --until 90d")
@click.argument("who")
@click.argument("role")
@on_option
@click.option("--until", metavar="DURATION", help="How long from now it holds, such as 90d; otherwise for good.")
@_group
@_subject
@json_option
@click.pass_obj
def grant(
    operator: Operator,
    who: str,
    role: str,
    *,
    on: str | None,
    until: str | None,
    group: bool,
    subject: bool,
    as_json: bool,
) -> None:
    """Give a role to an account, a subject or a group."""
    place, holder = parse_place(on), _holder(operator, who, group=group, subject=subject)
    changed = role_actions(operator).assign(holder, role, on=place, until=until, by=BY)
    _tell_change(changed, who, role, on, "Given", "Held so already", as_json=as_json)


@roles.command(epilog="Example: flask ostiary roles revoke ada@shop.example editor --on org:acme")
@click.argument("who")
@click.argument("role")
@on_option
@_group
@json_option
@click.pass_obj
def revoke(operator: Operator, who: str, role: str, *, on: str | None, group: bool, as_json: bool) -> None:
    """Take a role that was given on exactly this place. Exit code 1 if it was not."""
    place, holder = parse_place(on), _holder(operator, who, group=group, subject=True)
    changed = role_actions(operator).revoke(holder, role, on=place, by=BY)
    _tell_change(changed, who, role, on, "Taken", "Not given so", as_json=as_json)
    if not changed:
        raise click.exceptions.Exit(1)


@roles.command(epilog="Example: flask ostiary roles who editor --on org:acme")
@click.argument("role")
@on_option
@json_lines
@click.pass_obj
def who(operator: Operator, role: str, *, on: str | None, as_json: bool) -> None:
    """Show who holds a role there or everywhere: given it or one that inherits it, or in a group."""
    actions, place, after = role_actions(operator), parse_place(on), ""
    found: list[str] = []
    while page := actions.members(role, place, after=after):
        found += page
        after = page[-1]
    for subject in found:
        named = _name_of(operator, subject)
        facts = {"subject": subject, "name": named}
        click.echo(json.dumps(facts) if as_json else f"{printable(subject)}{'' if named is None else f'  {named}'}")
    if not found and not as_json:
        click.echo("Nobody.")


@roles.command(epilog="Example: flask ostiary roles what ada@shop.example --on org:acme")
@click.argument("who")
@on_option
@_group
@json_option
@click.pass_obj
def what(operator: Operator, who: str, *, on: str | None, group: bool, as_json: bool) -> None:
    """Show what somebody was given, the groups she is in, and what all of it comes to there or everywhere."""
    actions, place = role_actions(operator), parse_place(on)
    holder = _holder(operator, who, group=group, subject=True)
    held, given = actions.held_at(holder, place), actions.assignments(holder)
    groups = [one.text for one in actions.groups.of(holder)] if isinstance(holder, str) else []
    if as_json:
        click.echo(json.dumps(_what_facts(who, on, held, given, groups)))
        return
    for one in given:
        until = "" if one.until is None else f"  until {spell_moment(one.until)} UTC"
        click.echo(f"given      {one.role}{_spell_place(one.on)}{until}")
    for name in groups:
        click.echo(f"in group   {printable(name)}")
    where = "everywhere" if on is None else f"on {printable(on)}"
    click.echo(f"holds {where}: {' '.join(sorted(held.roles)) or '-'}")
    click.echo(f"may {where}: {' '.join(sorted(held.permissions)) or '-'}")


@roles.command(epilog="Example: flask ostiary roles diff")
@json_lines
@click.pass_obj
def diff(operator: Operator, *, as_json: bool) -> None:
    """Show where the database and the code disagree about roles. Exit code 1 if they do."""
    found = role_actions(operator).drift()
    for one in found:
        click.echo(
            json.dumps(one.as_json())
            if as_json
            else f"[{one.problem.code}] {printable(one.problem.what)}\n    -> {printable(one.problem.cure)}"
        )
    if not found and not as_json:
        click.echo("Code and database agree.")
    if found:
        raise click.exceptions.Exit(1)


@roles.command(epilog="Example: flask ostiary roles define auditor reader audit:read")
@click.argument("role")
@click.argument("grants", nargs=-1)
@json_option
@click.pass_obj
def define(operator: Operator, role: str, grants: tuple[str, ...], *, as_json: bool) -> None:
    """Define a role in the database, or redefine it: permissions, and roles that it inherits."""
    role_actions(operator).define(role, grants, by=BY)
    facts = {"name": role, "grants": sorted(set(grants))}
    click.echo(
        json.dumps(facts) if as_json else f"Defined: {role} grants {' '.join(sorted(set(grants))) or 'nothing'}."
    )


@roles.command(epilog="Example: flask ostiary roles undefine auditor")
@click.argument("role")
@json_option
@click.pass_obj
def undefine(operator: Operator, role: str, *, as_json: bool) -> None:
    """Remove the definition of a role from the database. Exit code 1 if it has none."""
    removed = role_actions(operator).undefine(role, by=BY)
    said = f"Removed: {printable(role)}." if removed else f"The database does not define {printable(role)}."
    click.echo(json.dumps({"name": role, "removed": removed}) if as_json else said)
    if not removed:
        raise click.exceptions.Exit(1)


# --- what the commands share --------------------------------------------------------------------------------


def role_actions(operator: Operator) -> "RoleActions":
    """``auth.roles`` of the application."""
    runtime = operator.runtime
    from ostiary.features.roles import RoleActions  # SQLAlchemy only when a command needs it

    return runtime.action("roles", RoleActions)


def parse_place(text: str | None) -> On | None:
    """The place of ``--on org:acme``."""
    place = decode_place(text)
    if place is not None and not is_place(place):
        message = f"{text!r} is no place: write kind:name, such as org:acme."
        raise click.BadParameter(message, param_hint="--on")
    return place


def named_group(text: str) -> "Group":
    """The group of its name. Ends the command for what can name none."""
    from ostiary.features.roles.holder import UnusableName, parse_group  # roles are on

    try:
        return parse_group(text)
    except UnusableName as error:
        raise click.BadParameter(error.errors[0].message) from error


def named_subject(operator: Operator, text: str, *, subject: bool) -> str:
    """An account by whatever it is known by; a subject as it stands where there are no accounts, or where it is meant."""
    if "accounts" not in operator.runtime.assembly:
        return text
    found = find_accounts(account_actions(operator), text)
    if found:
        return found[0].id
    if not subject:
        message = f"There is no account {printable(text)}; with --subject it is given to a subject that is none."
        raise click.ClickException(message)
    return text


def _holder(operator: Operator, who: str, *, group: bool, subject: bool) -> "str | Group":
    return named_group(who) if group else named_subject(operator, who, subject=subject)


def _name_of(operator: Operator, subject: str) -> str | None:
    if "accounts" not in operator.runtime.assembly:
        return None
    account = account_actions(operator).find(id=subject)
    return None if account is None else name_of(account)


def _role_line(role: "Role") -> str:
    default = "  everybody's" if role.default else ""
    return f"{role.name:<20}  {role.origin:<8}  {' '.join(role.grants) or '-'}{default}"


def _spell_place(place: On | None) -> str:
    return "" if place is None else f" on {printable(encode_place(place))}"


def _tell_change(
    changed: bool,  # noqa: FBT001 - what happened
    who: str,
    role: str,
    on: str | None,
    done: str,
    nothing: str,
    *,
    as_json: bool,
) -> None:
    if as_json:
        click.echo(json.dumps({"who": who, "role": role, "on": on, "changed": changed}))
        return
    where = "everywhere" if on is None else f"on {printable(on)}"
    click.echo(f"{done if changed else nothing}: {printable(role)} {where}, {printable(who)}.")


def _what_facts(
    who: str, on: str | None, held: "HeldAt", given: "list[Assignment]", groups: list[str]
) -> dict[str, Any]:
    return {
        "who": who,
        "on": on,
        "roles": sorted(held.roles),
        "permissions": sorted(held.permissions),
        "groups": groups,
        "given": [
            {"role": one.role, "on": encode_place(one.on), "until": rfc3339(one.until), "by": one.given_by}
            for one in given
        ],
    }
