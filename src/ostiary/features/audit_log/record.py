"""An event as an audit row and as one line of JSON: the same facts, with nothing in it that could sign in."""

import json
import logging
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ostiary.kernel.client import ClientSource
from ostiary.kernel.events import Event
from ostiary.kernel.identifiers import new_id

if TYPE_CHECKING:
    from ostiary.storage.database import Transaction

_log = logging.getLogger("ostiary.security")

# A field of an event may hold what a stranger sent (a name, a browser's description).
_LONGEST = 500


class AuditRecorder:
    """Writes the rows and the lines; where an event does not say from which network, the present request does."""

    __slots__ = ("_client",)

    def __init__(self, client: ClientSource) -> None:
        self._client = client

    def record(self, event: Event, tx: "Transaction") -> None:
        """Write the row, in the transaction of the action itself: no action without its row, no row without it."""
        from ostiary.features.audit_log import store  # SQLAlchemy only where something is stored

        store.insert(
            tx,
            id=new_id(event.at, secrets.token_bytes(10)),
            at=event.at,
            event=event.name(),
            subject=event.subject,
            detail=json.dumps(self._facts(event), sort_keys=True),
        )

    def log(self, event: Event) -> None:
        """Write the line. JSON escapes control characters, so a name cannot forge a second line."""
        moment = datetime.fromtimestamp(event.at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = {"at": moment, "event": event.name(), "subject": event.subject, **self._facts(event)}
        _log.info("%s", json.dumps(line))

    def _facts(self, event: Event) -> dict[str, object]:
        """What a row and a line say beyond when, what and who; long text is cut."""
        network = event.network if event.network is not None else self._client().network
        facts = {**event.facts(), "network": network}
        return {name: _cut(value) for name, value in facts.items() if value not in (None, ())}


def _cut(value: object) -> object:
    return value[:_LONGEST] if isinstance(value, str) else value
