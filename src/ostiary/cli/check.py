"""``ostiary check``: every problem of a start, and what could be better, each with its cure."""

import json
import sys
from collections.abc import Iterable
from typing import IO, Any

import click

from ostiary.cli.operator import Operator, no_application
from ostiary.cli.terminal import printable
from ostiary.kernel.errors import Problem


@click.command(epilog="Example: flask ostiary check --production")
@click.option("--production", is_flag=True, help="As production sees it, also on a developer's machine.")
@click.option("--strict", is_flag=True, help="Exit code 1 for advice as well.")
@click.option("--json", "as_json", is_flag=True, help="One JSON list.")
@click.pass_obj
def check(operator: Operator, *, production: bool, strict: bool, as_json: bool) -> None:
    """Say everything that would stop a start, and what could be better. Exit code 1 if something stops it."""
    if operator.examine is None:
        raise no_application()
    found = operator.examine(production)
    findings = [("problem", one) for one in found.problems] + [("advice", one) for one in found.advice]
    tell(findings, as_json=as_json)
    if not as_json:
        mend = f"{len(found.problems)} to mend." if found.problems else "Nothing to mend."
        click.echo(f"{mend} {len(found.advice)} to consider." if found.advice else mend)
        if found.development:
            click.echo("This was a developer's machine; --production checks what would be deployed.", err=True)
    if found.problems or (strict and found.advice):
        raise click.exceptions.Exit(1)


def tell(findings: Iterable[tuple[str, Problem]], *, as_json: bool) -> None:
    """What was found: (``"problem"`` or ``"advice"``, what it is), for people or as one JSON list."""
    if as_json:
        listed = [
            {"severity": severity, "code": one.code, "what": one.what, "cure": one.cure} for severity, one in findings
        ]
        click.echo(json.dumps(listed))
        return
    for severity, one in findings:
        click.echo(_lines_of(severity, one))


class StartRefused(click.ClickException):
    """The application of a command of ours cannot even be constructed: told as ``check`` tells it, and no traceback."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("the application cannot be constructed")
        self.problems = problems

    def show(self, file: IO[Any] | None = None) -> None:  # noqa: ARG002 - as Click has it
        """On the standard output, where whoever runs ``check`` looks."""
        tell([("problem", one) for one in self.problems], as_json="--json" in sys.argv)


def _lines_of(severity: str, one: Problem) -> str:
    mark = "" if severity == "problem" else "advice "
    return f"{mark}[{one.code}] {printable(one.what)}\n    -> {printable(one.cure)}"
