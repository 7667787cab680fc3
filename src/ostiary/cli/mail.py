"""``ostiary mail``: send what waits in the outbox, once or for as long as the command runs, and say what waits."""

import json
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import click

from ostiary.cli.operator import Operator, no_application
from ostiary.kernel.clock import SystemClock
from ostiary.kernel.errors import Unavailable

if TYPE_CHECKING:
    from ostiary.runtime.mail_delivery import MailDelivery, Tally

# Other processes put mail in without telling this one. In seconds.
_LOOK_EVERY: Final = 1.0


@click.group()
def mail() -> None:
    """Look after mail that waits to be sent."""


@mail.command(epilog="Example: flask ostiary mail send --follow")
@click.option("--follow", is_flag=True, help="Go on sending until stopped (Ctrl-C, or SIGTERM).")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each round in which something happened.")
@click.pass_obj
def send(operator: Operator, *, follow: bool, as_json: bool) -> None:
    """Send the mail that is due. Exit code 1 if some of it could not be sent."""
    delivery = _delivery(operator)
    with _until_stopped() as stopping:
        tally = _round(delivery, stopping, follow=follow)
        _tell(tally, as_json=as_json, always=not follow)
        while follow and not stopping.wait(_LOOK_EVERY):
            _tell(_round(delivery, stopping, follow=follow), as_json=as_json, always=False)
    if not follow and tally.failed:
        raise click.exceptions.Exit(1)


@mail.command(epilog="Example: flask ostiary mail status")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def status(operator: Operator, *, as_json: bool) -> None:
    """Say how many mails wait, and since when."""
    from ostiary.storage.outbox import read_waiting  # SQLAlchemy only when a command needs it

    with operator.database.read() as connection:
        waiting = read_waiting(connection, now=SystemClock().now())
    oldest = None if waiting.oldest is None else datetime.fromtimestamp(waiting.oldest / 1000, UTC)
    if as_json:
        since = None if oldest is None else oldest.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        click.echo(json.dumps({"waiting": waiting.count, "due": waiting.due, "oldest": since}))
    elif oldest is None:
        click.echo("No mail waits.")
    else:
        click.echo(
            f"{waiting.count} waiting, {waiting.due} of them due; the oldest since {oldest:%Y-%m-%d %H:%M:%S} UTC."
        )


def _delivery(operator: Operator) -> "MailDelivery":
    if operator.mail is None:
        raise no_application()
    return operator.mail()


def _round(delivery: "MailDelivery", stopping: threading.Event, *, follow: bool) -> "Tally":
    from ostiary.runtime.mail_delivery import Tally  # as above

    try:
        return delivery.deliver_due(stopping=stopping.is_set)
    except Unavailable as error:
        if not follow:
            raise
        # A database that restarts does not end what is meant to run for months.
        click.echo(f"Not now: {error}", err=True)
        return Tally()


def _tell(tally: "Tally", *, as_json: bool, always: bool) -> None:
    if not tally and not always:
        return
    counts = {"sent": tally.sent, "deferred": tally.deferred, "refused": tally.refused, "given_up": tally.given_up}
    if as_json:
        click.echo(json.dumps({**counts, "reasons": sorted(tally.reasons)}))
        return
    told = ", ".join(f"{count} {what.replace('_', ' ')}" for what, count in counts.items() if count)
    reasons = f" ({'; '.join(sorted(tally.reasons))})" if tally.reasons else ""
    click.echo(f"{told}{reasons}" if told else "Nothing is due.")


@contextmanager
def _until_stopped() -> Generator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set: the mail that is being sent is finished, and the rest given back."""
    stopping = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stopping
        return

    def stop(_number: int, _frame: object) -> None:
        stopping.set()

    before = {one: signal.signal(one, stop) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopping
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
