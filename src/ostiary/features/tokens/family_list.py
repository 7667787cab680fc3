"""The list of refresh families: the programs and browsers that hold a refresh token of a person, as she sees them."""

from datetime import datetime
from typing import Any

from ostiary.features.tokens.store import FamilyRow
from ostiary.kernel.clock import moment
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.device_name import device_name
from ostiary.kernel.factor import Factor, decode_factors
from ostiary.kernel.principal import On, decode_place


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedFamily:
    """One family of refresh tokens. Times are aware datetimes in UTC; ``refreshed_at`` is the last exchange.

    ``ends_at`` is when it ends if it is not refreshed before. ``session`` is the session it was issued beside, which takes it
    along. ``device`` is what the client said of itself, and ``network`` where it signed in from.
    """

    id: str
    subject: str
    client: str | None
    session: str | None
    started_at: datetime
    refreshed_at: datetime
    ends_at: datetime
    factors: tuple[Factor, ...]
    scope: frozenset[str] | None
    tenant: On | None
    device: str | None
    network: str | None
    current: bool

    def as_json(self) -> dict[str, Any]:
        """The facts for a JSON answer, instants in RFC 3339."""
        return {
            "id": self.id,
            "client": self.client,
            "session": self.session,
            "started_at": self.started_at.isoformat(),
            "refreshed_at": self.refreshed_at.isoformat(),
            "ends_at": self.ends_at.isoformat(),
            "methods": sorted({factor.kind for factor in self.factors}),
            "scope": None if self.scope is None else sorted(self.scope),
            "tenant": None if self.tenant is None else list(self.tenant),
            "device": self.device,
            "device_name": device_name(self.device),
            "network": self.network,
            "current": self.current,
        }


def listed(row: FamilyRow, *, current: str | None) -> ListedFamily:
    """A row as its owner sees it."""
    return ListedFamily(
        id=row.id,
        subject=row.subject,
        client=row.client,
        session=row.session,
        started_at=moment(row.started_at),
        refreshed_at=moment(row.rotated_at),
        ends_at=moment(min(row.ends_at, row.rotated_at + row.idle_for)),
        factors=decode_factors(row.factors),
        scope=None if row.scope is None else frozenset(row.scope.split()),
        tenant=decode_place(row.tenant),
        device=row.device,
        network=row.network,
        current=row.id == current,
    )
