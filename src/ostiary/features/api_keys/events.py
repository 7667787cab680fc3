"""Events of API keys: made, rotated, revoked. Each names the key by its public id."""

from ostiary.kernel.clock import Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyCreated(Event):
    """A key was made for its owner, the subject. ``scope`` is what it is narrowed to; None is nothing."""

    key: str
    label: str
    scope: tuple[str, ...] | None
    expires_at: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyRotated(Event):
    """A key has a successor, and ends at ``ends_at``: until then both are good."""

    key: str
    label: str
    successor: str
    ends_at: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyRevoked(Event):
    """A key was ended by its owner or by an operator."""

    key: str
    label: str
    reason: str
