"""The audit log: every event as a row in the action's own transaction, and as one line of JSON in the log.

No feature imports this one: it listens.

    settings.py       what is kept
    record.py         an event as a row and as a line
    store.py          the table
    entries.py        reading it again
"""

from typing import ClassVar

from ostiary.features.audit_log.entries import AuditEntries, AuditEntry
from ostiary.features.audit_log.settings import AuditLogSettings
from ostiary.kernel.client import ClientSource
from ostiary.kernel.duration import milliseconds
from ostiary.kernel.event_bus import Listeners
from ostiary.kernel.events import Event
from ostiary.kernel.feature import feature
from ostiary.kernel.resources import Resources
from ostiary.web.contribution import Contribution

__all__ = ["AuditEntries", "AuditEntry", "AuditLog"]


@feature
class AuditLog(AuditLogSettings):
    """Who did what and when. On in every application; list it only to change its settings."""

    name: ClassVar[str] = "audit_log"

    def expiring(self) -> tuple[object, ...]:
        """Rows older than ``keep``."""
        from ostiary.features.audit_log.store import audit  # storage only where it is used
        from ostiary.storage.prune import Expiring

        return (Expiring(table=audit, column="at", keep=milliseconds(self.keep)),)

    def contribute(self, resources: Resources) -> Contribution:
        """The listeners, and ``auth.audit_log.entries(…)``."""
        from ostiary.features.audit_log.record import AuditRecorder  # storage only if on
        from ostiary.storage.database import Database

        recorder = AuditRecorder(resources[ClientSource])  # type: ignore[type-abstract] # found by its protocol
        listeners = Listeners()
        listeners.on(Event, recorder.log)
        database = resources.find(Database)
        if database is not None:
            listeners.during(Event, recorder.record)
        return Contribution(actions=AuditEntries(database), listeners=listeners)
