"""Remembered browsers: the list a person sees of the browsers that let her in without a password."""

from datetime import datetime
from typing import Any

from ostiary.features.remember_me.store import SeriesRow
from ostiary.kernel.clock import moment
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.device_name import device_name


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberedBrowser:
    """One remembered browser. Times are aware datetimes in UTC.

    ``used_at`` is when it was let in last without a proof; ``device`` is what the browser said of itself, and
    ``network`` where it was when it asked to be remembered. ``session`` is the id of the session that it has, or had last.
    """

    id: str
    subject: str
    remembered_at: datetime
    used_at: datetime
    ends_at: datetime
    device: str | None
    network: str | None
    session: str
    current: bool

    def as_json(self) -> dict[str, Any]:
        """The facts for a JSON answer, instants in RFC 3339."""
        return {
            "id": self.id,
            "remembered_at": self.remembered_at.isoformat(),
            "used_at": self.used_at.isoformat(),
            "ends_at": self.ends_at.isoformat(),
            "device": self.device,
            "device_name": device_name(self.device),
            "network": self.network,
            "current": self.current,
        }


def browser_of(row: SeriesRow, *, current: str | None) -> RememberedBrowser:
    """A row as its owner sees it; ``current`` is the id of the present session."""
    return RememberedBrowser(
        id=row.id,
        subject=row.subject,
        remembered_at=moment(row.started_at),
        used_at=moment(row.rotated_at),
        ends_at=moment(row.ends_at),
        device=row.device,
        network=row.network,
        session=row.session,
        current=row.session == current,
    )
