"""The ``ostiary`` command."""

import click

from ostiary.cli.audit import audit
from ostiary.cli.check import check
from ostiary.cli.db import db
from ostiary.cli.forgive import forgive
from ostiary.cli.operator import operator_of_environment
from ostiary.cli.sessions import sessions


@click.group()
@click.option("--database", metavar="URL", help="The database; the default is OSTIARY_DATABASE_URL.")
@click.version_option(package_name="ostiary")
@click.pass_context
def main(context: click.Context, database: str | None) -> None:
    """Look after Ostiary: its database, its audit log."""
    context.obj = operator_of_environment(database)


for command in (db, audit, sessions, forgive, check):
    main.add_command(command)
