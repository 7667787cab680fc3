"""Devices: the list of browsers a person is signed in on, as she sees it."""

from datetime import datetime
from typing import Any

from ostiary.features.sessions.store import SessionRow
from ostiary.kernel.clock import moment
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.device_name import device_name
from ostiary.kernel.factor import Factor, decode_factors


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One signed-in browser. Times are aware datetimes in UTC; ``seen_at`` is exact to about a minute.

    ``device`` is what the browser said of itself, and ``network`` where it signed in from.
    """

    id: str
    subject: str
    started_at: datetime
    seen_at: datetime
    ends_at: datetime
    factors: tuple[Factor, ...]
    device: str | None
    network: str | None
    current: bool

    def as_json(self) -> dict[str, Any]:
        """The facts for a JSON answer, instants in RFC 3339."""
        return {
            "id": self.id,
            "started_at": self.started_at.isoformat(),
            "seen_at": self.seen_at.isoformat(),
            "ends_at": self.ends_at.isoformat(),
            "methods": sorted({factor.kind for factor in self.factors}),
            "device": self.device,
            "device_name": device_name(self.device),
            "network": self.network,
            "current": self.current,
        }


def device_of(row: SessionRow, *, current: str | None) -> Device:
    """A row as its owner sees it."""
    return Device(
        id=row.id,
        subject=row.subject,
        started_at=moment(row.started_at),
        seen_at=moment(row.seen_at),
        ends_at=moment(min(row.ends_at, row.seen_at + row.idle_for)),
        factors=decode_factors(row.factors),
        device=row.device,
        network=row.network,
        current=row.id == current,
    )
