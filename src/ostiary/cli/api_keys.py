"""``ostiary api-keys``: the keys that programs present: list, make, rotate and revoke them."""

import json
from typing import TYPE_CHECKING

import click

from ostiary.cli.account_lines import account_actions, find_accounts
from ostiary.cli.operator import Operator
from ostiary.cli.terminal import printable

if TYPE_CHECKING:
    from ostiary.features.api_keys import ApiKey, ApiKeyActions, NewApiKey

_json = click.option("--json", "as_json", is_flag=True, help="One JSON object.")


@click.group("api-keys")
def api_keys() -> None:
    """Look after API keys."""


@api_keys.command("list", epilog="Example: flask ostiary api-keys list nightly-export")
@click.argument("owner")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def list_keys(operator: Operator, owner: str, *, as_json: bool) -> None:
    """Show the keys of an owner that are good: an account, by its id or what it signs in with, or any other subject."""
    found = _actions(operator).list(_subject(operator, owner))
    for key in found:
        click.echo(json.dumps({"subject": key.subject, **key.as_json()}) if as_json else _line(key))
    if not found and not as_json:
        click.echo("None.")


@api_keys.command(epilog="Example: flask ostiary api-keys create nightly-export --name export --scope order:read")
@click.argument("owner")
@click.option("--name", required=True, help="What it is for.")
@click.option("--scope", multiple=True, metavar="PERMISSION", help="A permission it is narrowed to; may be repeated.")
@click.option("--expires", metavar="DURATION", help="How long it lives, such as 90d.")
@click.option("--limit", metavar="LIMIT", help="How often it may be used, such as 600/minute.")
@_json
@click.pass_obj
def create(
    operator: Operator,
    owner: str,
    *,
    name: str,
    scope: tuple[str, ...],
    expires: str | None,
    limit: str | None,
    as_json: bool,
) -> None:
    """Make a key. It is printed on the standard output, this once, and kept nowhere."""
    new = _actions(operator).create(
        _subject(operator, owner), name=name, scope=scope or None, expires=expires, limit=limit
    )
    _show_once(new, as_json=as_json)


@api_keys.command(epilog="Example: flask ostiary api-keys rotate 01JD8Z6V0Q7M3K5T9XW2YB4CNE --overlap 24h")
@click.argument("id")
@click.option("--overlap", metavar="DURATION", default="7d", show_default=True, help="How long both are good; 0: not.")
@_json
@click.pass_obj
def rotate(operator: Operator, id: str, *, overlap: str, as_json: bool) -> None:
    """Replace a key, by its id, by a new one. That is printed on the standard output, this once."""
    actions = _actions(operator)
    key = _get(actions, id)
    _show_once(actions.rotate(id, owner=key.subject, overlap=0 if overlap == "0" else overlap), as_json=as_json)


@api_keys.command(epilog="Example: flask ostiary api-keys revoke 01JD8Z6V0Q7M3K5T9XW2YB4CNE")
@click.argument("id")
@_json
@click.pass_obj
def revoke(operator: Operator, id: str, *, as_json: bool) -> None:
    """End a key at once, by its id: what stands between the prefix and the dot of its text."""
    actions = _actions(operator)
    key = _get(actions, id)
    actions.revoke(id, owner=key.subject, reason="revoked_by_operator")
    facts = {"id": id, "revoked": True, "successor": key.successor}
    left = f" Its successor {key.successor} goes on." if key.successor else ""
    click.echo(json.dumps(facts) if as_json else f"Revoked: {printable(key.name)}.{left}")


def _actions(operator: Operator) -> "ApiKeyActions":
    runtime = operator.runtime
    from ostiary.features.api_keys import ApiKeyActions  # SQLAlchemy only when a command needs it

    return runtime.action("api_keys", ApiKeyActions)


def _subject(operator: Operator, owner: str) -> str:
    """An account by whatever it is known by; where there are no accounts, or no such one, a subject as it stands.

    A machine that owns a key is no account.
    """
    found = find_accounts(account_actions(operator), owner) if "accounts" in operator.runtime.assembly else []
    return found[0].id if found else owner


def _get(actions: "ApiKeyActions", id: str) -> "ApiKey":
    key = actions.find(id)
    if key is None:
        message = f"There is no key {printable(id)}: give the id of one that is good."
        raise click.ClickException(message)
    return key


def _show_once(new: "NewApiKey", *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"subject": new.key.subject, **new.key.as_json(), "secret": new.secret}))
        return
    # The key alone on the standard output, so that a script can take it.
    click.echo(f"{_line(new.key)}\nIt is shown this once:", err=True)
    click.echo(new.secret)


def _line(key: "ApiKey") -> str:
    used = (
        "never used"
        if key.used_at is None
        else f"used {key.used_at:%Y-%m-%d %H:%M} UTC from {printable(key.used_from)}"
    )
    scope = "everything" if key.scope is None else " ".join(sorted(key.scope))
    replaced = "  replaced" if key.successor else ""
    return f"{key.id}  ends {key.expires_at:%Y-%m-%d %H:%M} UTC  {used}  {scope}  {printable(key.name)}{replaced}"
