"""``ostiary keys``: rotate the secret key, and say what still hangs on an old one."""

import json
import shlex
from typing import TYPE_CHECKING, Final

import click

from ostiary.cli.operator import Operator
from ostiary.kernel.key_ring import SEAL_LENGTH, KeyRing
from ostiary.runtime.configured_keys import ConfiguredKeys, read_configured_keys, settings_to_rotate
from ostiary.runtime.deployment import rotate_development_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ostiary.kernel.secret import Secret
    from ostiary.storage.database import Database

_RESTART: Final = (
    "Set these, and restart every process. Where processes are restarted one after another, first give all of them the\n"
    "new key among the fallbacks, and only then make it the first: what one signs, the others must know.\n"
    "Keep the old key until the longest-lived thing it made has ended: see `ostiary keys status` and docs/how-to/operate.md."
)


@click.group()
def keys() -> None:
    """Look after the secret key."""


@keys.command(epilog="Example: ostiary keys rotate")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def rotate(operator: Operator, *, as_json: bool) -> None:
    """Make a new secret key, and keep the old one as a fallback.

    The lines to set are printed on the standard output; nothing is changed. Only the key that development keeps in the
    instance folder is rotated on the spot.
    """
    found = read_configured_keys(operator.sources, key_folder=operator.key_folder)
    if found.file is not None:
        count = rotate_development_key(found.file.parent)
        facts = {"rotated": True, "file": str(found.file), "keys": count}
        said = f"Rotated the key in {found.file}; {count - 1} of before are still accepted. Restart what runs."
        click.echo(json.dumps(facts) if as_json else said)
        return
    settings = settings_to_rotate(found)
    if as_json:
        click.echo(json.dumps({"rotated": False, "set": settings, "replaces": found.place}))
        return
    for name, value in settings.items():
        click.echo(f"{name}={shlex.quote(value)}")
    click.echo(_where(found) + _RESTART, err=True)


def _where(found: ConfiguredKeys) -> str:
    if found.place is None:
        return "There is no key yet; this is the first.\n"
    if "_FILE in " in found.place:
        return f"The key stands in a file ({found.place}): write the new one into it, without the name before it.\n"
    return f"The key stands in {found.place}.\n"


@keys.command(epilog="Example: ostiary keys status")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def status(operator: Operator, *, as_json: bool) -> None:
    """Say how many keys there are, and how much is still sealed by which."""
    found = read_configured_keys(operator.sources, key_folder=operator.key_folder)
    stores = any(feature.stores() for feature in operator.features)
    sealed = dict(_sealed(operator.database, found.keys)) if stores else {}
    if as_json:
        click.echo(json.dumps({"keys": len(found.keys), "place": found.place, "sealed": sealed}))
        return
    click.echo(f"{len(found.keys)} keys, the newest in {found.place or 'no place'}.")
    for what, counts in sealed.items():
        told = f"{counts['newest']} by the newest key, {counts['older']} by an older one"
        lost = f", {counts['unknown']} by none of them: a key is missing" if counts["unknown"] else ""
        click.echo(f"  {what:<17}{told}{lost}")
    older = sum(counts["older"] for counts in sealed.values())
    if older:
        click.echo(f"The older keys must stay: {older} sealed values need them.")


def _sealed(database: "Database", keys: "Sequence[Secret]") -> "Iterator[tuple[str, Mapping[str, int]]]":
    """What is sealed in the database: by the newest key, by an older one, by none that is known."""
    from ostiary.features.one_time_tokens.redeem import PURPOSE as TOKENS  # SQLAlchemy only when a command needs it
    from ostiary.features.one_time_tokens.store import one_time_tokens
    from ostiary.features.tokens.store import signing_keys
    from ostiary.features.tokens.stored_keys import PURPOSE as SIGNING_KEYS
    from ostiary.runtime.mail_delivery import PURPOSE as OUTBOX
    from ostiary.storage.outbox import outbox
    from ostiary.storage.seals import count_by_seal

    columns = {
        "mail": (outbox.c.sealed, OUTBOX),
        "one_time_tokens": (one_time_tokens.c.payload, TOKENS),
        "signing_keys": (signing_keys.c.sealed, SIGNING_KEYS),
    }
    rings = [KeyRing([key]) for key in keys]
    for what, (column, purpose) in columns.items():
        with database.read() as connection:
            by_seal = count_by_seal(connection, column, length=SEAL_LENGTH)
        counts = {"newest": 0, "older": 0, "unknown": 0}
        for seal, count in by_seal.items():
            position = next((at for at, ring in enumerate(rings) if ring.sealed_by_newest(purpose, seal)), None)
            counts["unknown" if position is None else "older" if position else "newest"] += count
        yield what, counts
