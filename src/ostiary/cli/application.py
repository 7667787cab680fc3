"""``ostiary --app MODULE:APP``: the application a command works for, found as servers find it."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from ostiary.cli.operator import Operator
from ostiary.cli.refusals import OperatorGroup


def operator_of_application(context: click.Context, path: str) -> Operator:
    """The operator of ``shop:app``, or of ``shop:create_app``, which is called; its context lasts as long as the command."""
    module, _, name = path.partition(":")
    # As `flask` and servers do: the application stands in the folder one works in.
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        found: Any = import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise  # something that the application itself imports
        raise _not_found(f"there is no module {module!r} here") from error
    except (ValueError, TypeError) as error:  # an empty name, a relative one
        raise _not_found(f"{path!r} names no module") from error
    application: Any = getattr(found, name or "app", None)
    if not hasattr(application, "cli") and callable(application):
        application = application()
    commands: Any = getattr(getattr(application, "cli", None), "commands", {})
    group = commands.get("ostiary")
    if not isinstance(group, OperatorGroup) or group.find_operator is None:
        raise _not_found(f"{path!r} is no application with an Auth")
    context.with_resource(application.app_context())
    return group.find_operator()


def _not_found(what: str) -> click.BadParameter:
    return click.BadParameter(f"{what}; write MODULE:APP, such as shop:app or shop:create_app", param_hint="--app")
