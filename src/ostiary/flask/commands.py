"""``flask ostiary …``: the operator's commands on the application's own database and settings."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click
from flask import current_app
from flask.cli import with_appcontext

from ostiary.cli.main import COMMANDS
from ostiary.cli.operator import Operator
from ostiary.cli.refusals import OperatorGroup
from ostiary.flask.protection import requirements_of
from ostiary.flask.state import EXTENSION, AppState
from ostiary.kernel.errors import ConfigurationError, Problem, misconfigured
from ostiary.kernel.secret import Secret
from ostiary.kernel.settings import Unreadable
from ostiary.runtime.advice import Examination, Situation, advise, database_problems, folder_problems, unwritable
from ostiary.runtime.deployment import Deployment, read_deployment
from ostiary.runtime.runtime import EMBEDDED_FILE

if TYPE_CHECKING:
    from collections.abc import Callable

    from ostiary.cli.operator import Decisions
    from ostiary.runtime.mail_delivery import MailDelivery
    from ostiary.storage.database import Database


def ostiary_group(prepare: "Callable[[AppState], None]") -> OperatorGroup:
    """The group of commands for one application; ``prepare`` finds what is wrong with its views."""

    def find_operator() -> Operator:
        return _operator(cast("AppState", current_app.extensions[EXTENSION]), prepare)

    @click.group("ostiary", cls=OperatorGroup, find_operator=find_operator)
    @click.pass_context
    @with_appcontext
    def group(context: click.Context) -> None:
        """Look after Ostiary: accounts, sessions, keys, the database, the audit log, the settings."""
        context.obj = find_operator()

    for command in COMMANDS:
        group.add_command(command)
    return group


def _operator(state: AppState, prepare: "Callable[[AppState], None]") -> Operator:
    app = state.app
    development = state.development and not app.testing
    return Operator(
        find_database=lambda: _database(state),
        sources=state.sources,
        features=state.assembly.features,
        examine=lambda production: _examine(state, prepare, production=production),
        find_runtime=lambda: state.runtime,
        mail=lambda: _mail(state),
        templates=Path(app.root_path, app.template_folder) if app.template_folder is not None else None,
        decisions=lambda: _decisions(state, prepare),
        key_folder=Path(app.instance_path) if development else None,
    )


def _database(state: AppState) -> "Database":
    for problem in state.deployment_problems():
        click.echo(f"Warning: {problem.what}", err=True)
    database = _find_database(state)
    if database is None:
        raise misconfigured("no_database", "no feature of this application stores anything", "nothing is to be done")
    return database


def _find_database(state: AppState) -> "Database | None":
    return state.find_database() if state.assembly.stores() else None


def _decisions(state: AppState, prepare: "Callable[[AppState], None]") -> "Decisions":
    from ostiary.flask.explanations import ApplicationDecisions  # policies only when an operator asks

    # The guards of protected blueprints are put on before the first view runs.
    prepare(state)
    return ApplicationDecisions(state)


def _mail(state: AppState) -> "MailDelivery":
    from ostiary.runtime.mail_delivery import MailDelivery  # only where mail is sent

    found = state.runtime.resources.find(MailDelivery)
    if found is None:
        raise misconfigured("no_mail", "no feature of this application sends mail", "nothing is to be done")
    return found


# --- flask ostiary check ------------------------------------------------------------------------------------


def _examine(state: AppState, prepare: "Callable[[AppState], None]", *, production: bool) -> Examination:
    """Every problem, each once: of the deployment, the views, the database, of settings nothing reads; and advice."""
    problems: list[Problem] = []
    deployment = read_deployment(
        state.sources,
        problems,
        development=state.development and not production,
        # Nothing is made in order to be looked at: not even a key.
        testing=True,
        instance_path=Path(state.app.instance_path),
        sends_mail=bool(state.assembly.mails()),
    )
    if not deployment.development:
        problems.extend(state.assembly.deployment_problems())
    problems += state.warnings
    found = list(_problems_of(lambda: prepare(state)))
    database: Database | None = None

    def look_at_database() -> None:
        nonlocal database
        database = _find_database(state)
        if database is not None:
            found.extend(_problems_of_database(database, deployment))

    found += _problems_of(look_at_database)
    problems += [problem for problem in dict.fromkeys(found) if problem not in problems]
    situation = Situation(
        assembly=state.assembly,
        deployment=deployment,
        database=database,
        shares_key=_shares_key(state),
        debug=bool(state.app.debug),
        asked=requirements_of(state.app),
    )
    return Examination(development=deployment.development, problems=tuple(problems), advice=advise(situation))


def _problems_of(act: "Callable[[], object]") -> tuple[Problem, ...]:
    try:
        act()
    except ConfigurationError as error:
        return error.problems
    except OSError as error:
        # In development the application keeps a key in its instance folder.
        return (unwritable(f"{error.filename} ({error.strerror})"),)
    return ()


def _problems_of_database(database: "Database", deployment: Deployment) -> tuple[Problem, ...]:
    # A given database migrates itself in development only; the embedded file always.
    embedded = database.file == (deployment.instance_path / EMBEDDED_FILE).resolve()
    migrates_itself = database.migrates_itself and (deployment.development or embedded)
    folder = folder_problems(deployment.instance_path) if embedded else ()
    return (*folder, *database_problems(database, migrates_itself=migrates_itself))


def _shares_key(state: AppState) -> bool:
    """Whether Flask signs its own cookies with our key."""
    flask_key = state.app.secret_key
    try:
        found = state.sources.find("SECRET_KEY")
    except Unreadable:
        return False
    if found is None or not isinstance(flask_key, str):
        return False
    own = found[1]
    return Secret(flask_key) == (own if isinstance(own, Secret) else Secret(str(own)))
