"""The audit log: every event as a row in the action's own transaction, and as one line of JSON in the log.

No feature imports this one: it listens.

    settings.py       what is kept
    record.py         an event as a row and as a line
    store.py          the table
    entries.py        reading it again
    told.py           what a person is told of it
"""

from typing import ClassVar, Final

from ostiary.features.audit_log.entries import AuditEntries, AuditEntry
from ostiary.features.audit_log.settings import AuditLogSettings
from ostiary.features.audit_log.told import TOLD, told
from ostiary.kernel.client import ClientSource
from ostiary.kernel.duration import milliseconds
from ostiary.kernel.event_bus import Listeners
from ostiary.kernel.events import Event
from ostiary.kernel.feature import feature
from ostiary.kernel.resources import Resources
from ostiary.web.contribution import Contribution
from ostiary.web.route import Call
from ostiary.web.section import Section

__all__ = ["AuditEntries", "AuditEntry", "AuditLog"]


# What fits a screen, and covers the day of most people.
_SHOWN: Final = 10


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
        from ostiary.storage.presence import find_database

        recorder = AuditRecorder(resources[ClientSource])  # type: ignore[type-abstract] # found by its protocol
        listeners = Listeners()
        listeners.on(Event, recorder.log)
        database = find_database(resources)
        if database is not None:
            listeners.during(Event, recorder.record)
        entries = AuditEntries(database)

        def lately(call: Call) -> dict[str, object]:
            """What happened to the caller lately, as far as it concerns her safety."""
            found = entries.entries(subject=call.principal.subject, event=TOLD, limit=_SHOWN)
            return {"entries": [told(entry) for entry in found]}

        section = Section(name="events", template="audit_log/events.html", place=90, facts=lately)
        sections = (section,) if database is not None else ()
        return Contribution(actions=entries, listeners=listeners, sections=sections)
