"""``ostiary forgive``: give a subject her guesses back, when somebody else has used them up."""

import click

from ostiary.cli.operator import Operator


@click.command()
@click.argument("subject")
@click.option("--method", default="password", show_default=True, help="The method whose failures are forgotten.")
@click.pass_obj
def forgive(operator: Operator, subject: str, *, method: str) -> None:
    """Forget the failed sign-ins of a subject, so that she can sign in on a new device again."""
    if operator.sign_in is None:
        message = "Sign-in belongs to an application: run `flask ostiary forgive …`."
        raise click.ClickException(message)
    operator.sign_in().forgive(subject, method=method)
    click.echo("Forgiven.")
