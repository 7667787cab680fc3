"""``ostiary audit``: show the audit log, or export it as JSON lines."""

from datetime import UTC, datetime

import click

from ostiary.cli.operator import Operator
from ostiary.cli.terminal import printable
from ostiary.kernel.clock import SystemClock
from ostiary.kernel.duration import milliseconds


@click.command()
@click.option("--subject", help="Only what concerns this subject.")
@click.option("--event", help="Only events of this name, such as sign_in_failed.")
@click.option("--since", metavar="DURATION", help="Only the last 1h, 7d, …")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="How many, the newest first.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def audit(
    operator: Operator, *, subject: str | None, event: str | None, since: str | None, limit: int, as_json: bool
) -> None:
    """Show who did what and when."""
    from ostiary.features.audit_log import AuditEntries  # SQLAlchemy only when a command needs it

    try:
        start = None if since is None else SystemClock().now() - milliseconds(since)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--since") from error
    entries = AuditEntries(operator.database).entries(subject=subject, event=event, since=start, limit=limit)
    for entry in entries:
        if as_json:
            click.echo(entry.as_json())
            continue
        moment = datetime.fromtimestamp(entry.at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
        detail = " ".join(f"{name}={value!r}" for name, value in entry.detail.items())
        click.echo(f"{moment}  {entry.event:<24} {printable(entry.subject):<20} {detail}")
    if not entries and not as_json:
        click.echo("Nothing.")
