"""``ostiary signing-keys``: the keys that sign access tokens: list, rotate, retire and import them.

The secret key, from which everything else is derived, has a group of its own: ``ostiary keys``.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ostiary.cli.operator import Operator
from ostiary.cli.terminal import rfc3339, spell_moment
from ostiary.kernel.errors import misconfigured

if TYPE_CHECKING:
    from ostiary.features.tokens.stored_keys import StoredKey, StoredKeys
    from ostiary.kernel.clock import Millis

_json: Final = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
_at_once: Final = click.option("--now", "at_once", is_flag=True, help="Sign with it at once, not in an hour.")


@click.group("signing-keys")
def signing_keys() -> None:
    """Look after the keys that sign access tokens."""


@signing_keys.command("list", epilog="Example: flask ostiary signing-keys list")
@_json
@click.pass_obj
def list_keys(operator: Operator, *, as_json: bool) -> None:
    """Show every key: the one that signs, the next, and those whose tokens are still about."""
    keys, now = _stored(operator)
    found = keys.list()
    for key in found:
        _show(key, now, as_json=as_json)
    if not found and not as_json:
        click.echo("None: the first is made when the first token is issued.")


@signing_keys.command(epilog="Example: flask ostiary signing-keys rotate")
@_at_once
@_json
@click.pass_obj
def rotate(operator: Operator, *, at_once: bool, as_json: bool) -> None:
    """Make another key. It is published now, and signs in an hour; no token becomes invalid."""
    keys, now = _stored(operator)
    _show(keys.rotate(now, at_once=at_once), now, as_json=as_json)


@signing_keys.command(epilog="Example: flask ostiary signing-keys retire ZYlLtmD3nuZLE8S5mxEXX645L8XPnUSqrdzKzMHbEiY")
@click.argument("kid")
@click.confirmation_option("--yes", prompt="Every access token that this key signed is refused from now on. Go on?")
@_json
@click.pass_obj
def retire(operator: Operator, kid: str, *, as_json: bool) -> None:
    """Believe a key no longer, such as one that somebody else may know. Clients have to refresh their tokens."""
    keys, now = _stored(operator)
    if not keys.retire(kid, now):
        message = "There is no such key, or it was retired before: see `ostiary signing-keys list`."
        raise click.ClickException(message)
    if as_json:
        click.echo(json.dumps({"retired": kid}))
        return
    click.echo(f"Retired {kid}. Every process knows within seconds; other services when they read the keys again.")


@signing_keys.command("import", epilog="Example: flask ostiary signing-keys import key.pem")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--algorithm", metavar="NAME", help="RS256 or PS256: an RSA key serves both.")
@_at_once
@_json
@click.pass_obj
def import_key(operator: Operator, file: Path, *, algorithm: str | None, at_once: bool, as_json: bool) -> None:
    """Take a key that was made elsewhere, PEM or JWK. A public one only verifies, until its last token has expired."""
    from ostiary.features.tokens.signing_keys import KEY_CURE, read_keys  # joserfc only when a command needs it
    from ostiary.standards.jose.refusals import KeyRefused

    keys, now = _stored(operator)
    try:
        found = read_keys(file.read_text("utf-8", "replace"), algorithm=algorithm)
    except KeyRefused as refusal:
        raise misconfigured(refusal.reason, f"{file}: {refusal}", KEY_CURE) from None
    if len(found) != 1:
        message = f"{file} holds {len(found)} keys: import one at a time."
        raise click.ClickException(message)
    _show(keys.take(found[0], now, at_once=at_once), now, as_json=as_json)


def _stored(operator: Operator) -> "tuple[StoredKeys, Millis]":
    """The keys in the database of the application. Ends the command with the cure where they are elsewhere."""
    runtime = operator.runtime
    if "tokens" not in runtime.assembly:
        raise misconfigured("feature_not_on", "this application issues no tokens", "add Tokens()")
    from ostiary.features.tokens.signing_keys import SigningKeys  # joserfc only when a command needs it

    found: Any = runtime.resources[SigningKeys]  # type: ignore[type-abstract] # found by the protocol it fulfils
    if not hasattr(found, "rotate"):
        raise misconfigured(
            "keys_are_configured",
            "the keys of this application are set, or it stores nothing: there is none in the database",
            "change OSTIARY_TOKENS_PRIVATE_KEY (a JWK set: the first key signs, all verify) or OSTIARY_TOKENS_SECRET with "
            "OSTIARY_TOKENS_SECRET_FALLBACKS, and restart",
        )
    return found, runtime.clock.now()


def _show(key: "StoredKey", now: "Millis", *, as_json: bool) -> None:
    life, state = key.life, key.life.state(now).value
    if as_json:
        facts = {
            "kid": life.kid,
            "algorithm": key.algorithm,
            "state": state,
            "created_at": rfc3339(key.created_at),
            "signs_from": rfc3339(life.signs_from),
            "signs_until": rfc3339(life.signs_until),
            "verifies_until": rfc3339(life.verifies_until),
            "can_sign": key.private is not None,
        }
        click.echo(json.dumps(facts))
        return
    until = "" if life.verifies_until is None else f", verifies until {spell_moment(life.verifies_until)}"
    public = "" if key.private is not None else ", public half only"
    click.echo(f"{life.kid}  {key.algorithm:<8}{state:<9}signs from {spell_moment(life.signs_from)}{until}{public}")
