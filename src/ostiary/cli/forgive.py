"""``ostiary forgive``: give a subject her guesses back, when somebody else has used them up."""

import json

import click

from ostiary.cli.account_lines import known_subject
from ostiary.cli.operator import Operator


@click.command(epilog="Example: flask ostiary forgive 01JZ8Q4M5N6P7R8S9T0V1W2X3Y")
@click.argument("subject")
@click.option("--method", default="password", show_default=True, help="The method whose failures are forgotten.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def forgive(operator: Operator, subject: str, *, method: str, as_json: bool) -> None:
    """Forget the failed sign-ins of a subject, so that she can sign in on a new device again.

    With accounts, SUBJECT is an account's id, or the whole of what it signs in with.
    """
    from ostiary.features.sign_in import SignInActions  # only if the feature is on

    subject = known_subject(operator, subject)
    operator.runtime.action("sign_in", SignInActions).forgive(subject, method=method)
    click.echo(json.dumps({"forgiven": subject, "method": method}) if as_json else "Forgiven.")
