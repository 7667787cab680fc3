"""``flask ostiary …``: the operator's commands on the application's own database and settings."""

from typing import TYPE_CHECKING, cast

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext

from ostiary.cli.audit import audit
from ostiary.cli.check import check
from ostiary.cli.db import db
from ostiary.cli.forgive import forgive
from ostiary.cli.operator import Operator
from ostiary.cli.sessions import sessions
from ostiary.flask.state import EXTENSION, AppState
from ostiary.kernel.errors import ConfigurationError, Problem, misconfigured

if TYPE_CHECKING:
    from collections.abc import Callable

    from ostiary.features.sessions.end import SessionActions
    from ostiary.features.sign_in import SignInActions
    from ostiary.storage.database import Database


def ostiary_group(prepare: "Callable[[AppState], None]") -> AppGroup:
    """The group of commands for one application; ``prepare`` finds what is wrong with its views."""

    @click.group("ostiary", cls=AppGroup, help="Look after Ostiary: its database, its audit log, its settings.")
    @click.pass_context
    @with_appcontext
    def group(context: click.Context) -> None:
        state = cast("AppState", current_app.extensions[EXTENSION])
        context.obj = Operator(
            find_database=lambda: _database(state),
            features=state.assembly.features,
            check=lambda: _problems(state, prepare),
            sessions=lambda: _sessions(state),
            sign_in=lambda: _sign_in(state),
        )

    for command in (db, audit, sessions, forgive, check):
        group.add_command(command)
    return group


def _database(state: AppState) -> "Database":
    for problem in state.deployment_problems():
        click.echo(f"Warning: {problem.what}", err=True)
    database = state.find_database() if state.assembly.stores() else None
    if database is None:
        raise misconfigured("no_database", "no feature of this application stores anything", "nothing is to be done")
    return database


def _sessions(state: AppState) -> "SessionActions":
    from ostiary.features.sessions.end import SessionActions  # only if the feature is on

    return state.runtime.action("sessions", SessionActions)


def _sign_in(state: AppState) -> "SignInActions":
    from ostiary.features.sign_in import SignInActions  # only if the feature is on

    return state.runtime.action("sign_in", SignInActions)


def _problems(state: AppState, prepare: "Callable[[AppState], None]") -> list[Problem]:
    """Every problem, each once: of the deployment, of the views, of settings nothing reads."""
    problems = [*state.deployment_problems(), *state.warnings]
    try:
        prepare(state)
    except ConfigurationError as error:
        problems += [problem for problem in error.problems if problem not in problems]
    return problems
