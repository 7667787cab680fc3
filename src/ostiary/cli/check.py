"""``ostiary check``: every problem of a start in production, each with its cure."""

import json

import click

from ostiary.cli.operator import Operator


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON list.")
@click.pass_obj
def check(operator: Operator, *, as_json: bool) -> None:
    """Say everything that would stop a start in production. Exit code 1 if there is anything."""
    if operator.check is None:
        message = "There is no application to check here: run `flask ostiary check`."
        raise click.ClickException(message)
    problems = operator.check()
    if as_json:
        click.echo(json.dumps([{"code": one.code, "what": one.what, "cure": one.cure} for one in problems]))
    else:
        for problem in problems:
            click.echo(f"[{problem.code}] {problem}")
        click.echo("Nothing to mend." if not problems else f"{len(problems)} to mend.")
    if problems:
        raise click.exceptions.Exit(1)
