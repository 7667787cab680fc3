"""The ``ostiary`` command."""

from typing import Final

import click

from ostiary.cli.accounts import accounts
from ostiary.cli.api_keys import api_keys
from ostiary.cli.application import operator_of_application
from ostiary.cli.audit import audit
from ostiary.cli.check import check
from ostiary.cli.db import db
from ostiary.cli.explain import explain, policies
from ostiary.cli.forgive import forgive
from ostiary.cli.groups import groups
from ostiary.cli.keys import keys
from ostiary.cli.mail import mail
from ostiary.cli.operator import operator_of_environment
from ostiary.cli.refusals import OperatorGroup
from ostiary.cli.roles import roles
from ostiary.cli.sessions import sessions
from ostiary.cli.signing_keys import signing_keys
from ostiary.cli.templates import templates
from ostiary.cli.tokens import tokens

COMMANDS: Final = (
    accounts,
    api_keys,
    audit,
    check,
    db,
    explain,
    forgive,
    groups,
    keys,
    mail,
    policies,
    roles,
    sessions,
    signing_keys,
    templates,
    tokens,
)
"""Every command, the same under ``ostiary`` and ``flask ostiary``."""


@click.group(cls=OperatorGroup)
@click.option("--app", "app", metavar="MODULE:APP", help="The application, such as shop:app or shop:create_app.")
@click.option("--database", metavar="URL", help="Only its database; the default is OSTIARY_DATABASE_URL.")
@click.version_option(package_name="ostiary")
@click.pass_context
def main(context: click.Context, app: str | None, database: str | None) -> None:
    """Look after Ostiary: accounts, sessions, keys, the database, the audit log."""
    if app is not None and database is not None:
        message = "An application knows its database: give --app or --database."
        raise click.UsageError(message)
    context.obj = operator_of_environment(database) if app is None else operator_of_application(context, app)


for command in COMMANDS:
    main.add_command(command)
