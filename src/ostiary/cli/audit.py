"""``ostiary audit``: show the audit log, or export it as JSON lines."""

from typing import TYPE_CHECKING

import click

from ostiary.cli.operator import Operator
from ostiary.cli.terminal import printable, spell_moment
from ostiary.kernel.clock import SystemClock
from ostiary.kernel.duration import milliseconds

if TYPE_CHECKING:
    from ostiary.features.audit_log import AuditEntry


@click.command(epilog="Example: ostiary audit --event sign_in_failed --since 1h")
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
        click.echo(entry.as_json() if as_json else line_of(entry))
    if not entries and not as_json:
        click.echo("Nothing.")


def line_of(entry: "AuditEntry") -> str:
    """One entry as people read it. ``repr`` spells out what is not printable."""
    detail = " ".join(f"{name}={value!r}" for name, value in entry.detail.items())
    return f"{spell_moment(entry.at)}  {entry.event:<24} {printable(entry.subject):<20} {detail}"
