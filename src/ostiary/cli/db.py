"""``ostiary db``: bring the schema up to date, say where it stands, remove what has expired."""

import json
import sys
from contextlib import closing

import click

from ostiary.cli.operator import Operator
from ostiary.kernel.clock import DAY, SystemClock


@click.group()
def db() -> None:
    """Look after the database."""


@db.command(epilog="Example: ostiary db upgrade")
@click.option("--json", "as_json", is_flag=True, help="One JSON object: the revisions before and after.")
@click.pass_obj
def upgrade(operator: Operator, *, as_json: bool) -> None:
    """Create or upgrade Ostiary's tables."""
    from ostiary.storage import schema  # Alembic only when a command needs it

    database = operator.database
    before = schema.status(database)
    schema.upgrade(database)
    after = schema.status(database)
    if as_json:
        click.echo(json.dumps({"before": before.current, "after": after.current}))
    elif before.current == after.current:
        click.echo(f"Up to date: {after.current}.")
    else:
        click.echo(f"Upgraded from {before.current or 'nothing'} to {after.current}.")


@db.command(epilog="Example: ostiary db status --json")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def status(operator: Operator, *, as_json: bool) -> None:
    """Say which revision the database has. Exit code 1 if an upgrade is due."""
    from ostiary.storage import schema

    found = schema.status(operator.database)
    if as_json:
        facts = {"current": found.current, "head": found.head, "pending": list(found.pending)}
        click.echo(json.dumps(facts))
    else:
        click.echo(f"current: {found.current or 'none'}")
        click.echo(f"newest:  {found.head}")
        if found.pending:
            click.echo("An upgrade is due: ostiary db upgrade")
    if found.pending:
        raise click.exceptions.Exit(1)


@db.command(epilog="Example: ostiary db prune")
@click.option("--json", "as_json", is_flag=True, help="One JSON object: rows removed, by table.")
@click.pass_obj
def prune(operator: Operator, *, as_json: bool) -> None:
    """Remove what has expired, in batches that leave room for everybody else."""
    from ostiary.storage.ephemeral.sql import SqlEphemeralStore
    from ostiary.storage.outbox import outbox
    from ostiary.storage.prune import Expiring
    from ostiary.storage.prune import prune as prune_database

    database = operator.database
    # What nobody sends any more: senders give mail up themselves, where there are any.
    unsent = Expiring(table=outbox, column="expires_at", keep=DAY)
    tables = [
        unsent,
        *(one for feature in operator.features for one in feature.expiring() if isinstance(one, Expiring)),
    ]
    with closing(SqlEphemeralStore(database)) as ephemeral:
        removed = prune_database(
            database,
            SystemClock().now(),
            tables=tables,
            ephemeral=ephemeral,
            progress=None if as_json else _tell_progress,
        )
    if as_json:
        click.echo(json.dumps(removed))
        return
    for table, count in sorted(removed.items()):
        click.echo(f"{table}: {count} rows removed")


def _tell_progress(table: str, removed: int) -> None:
    """One line that is written over, on a terminal that a person watches."""
    if sys.stderr.isatty():
        click.echo(f"\r{table}: {removed} ...", nl=False, err=True)
