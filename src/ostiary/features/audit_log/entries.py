"""Reading the audit log: the newest entries of a subject, of a kind of event, or since an instant."""

import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ostiary.kernel.clock import Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.errors import misconfigured

if TYPE_CHECKING:
    from ostiary.storage.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One row: when (milliseconds since the Unix epoch), what, who, and the particulars of the event."""

    id: str
    at: Millis
    event: str
    subject: str | None
    detail: Mapping[str, Any]

    def moment(self) -> str:
        """The instant in RFC 3339."""
        return datetime.fromtimestamp(self.at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def as_json(self) -> str:
        """One line of JSON, with the instant in RFC 3339."""
        return json.dumps(
            {"id": self.id, "at": self.moment(), "event": self.event, "subject": self.subject, **self.detail}
        )


class AuditEntries:
    """``auth.audit_log``."""

    __slots__ = ("_database",)

    def __init__(self, database: "Database | None") -> None:
        self._database = database

    def entries(
        self,
        *,
        subject: str | None = None,
        event: str | Collection[str] | None = None,
        since: Millis | None = None,
        limit: int = 100,
    ) -> list[AuditEntry]:
        """The newest entries first; at most ``limit`` of them. ``event`` is a name, or several."""
        from ostiary.features.audit_log import store  # only with a database

        if self._database is None:
            raise misconfigured(
                "no_database", "this application has no database, so it keeps no audit rows", "add Sessions()"
            )
        with self._database.read() as connection:
            named = (event,) if isinstance(event, str) else event
            rows = store.newest(connection, subject=subject, events=named, since=since, limit=limit)
        return [
            AuditEntry(id=row_id, at=at, event=name, subject=who, detail=json.loads(detail))
            for row_id, at, name, who, detail in rows
        ]
