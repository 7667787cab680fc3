"""An API key as its owner sees it, the new one with its secret, and what can be wrong about one."""

from dataclasses import field
from datetime import datetime
from typing import Any

from ostiary.features.api_keys.store import KeyRow
from ostiary.kernel.clock import moment
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.errors import AuthError
from ostiary.kernel.principal import On, decode_place


class NoSuchKey(AuthError):
    """There is no such key, it has ended, or it is somebody else's: which of them is not told."""

    code = "not_found"
    status = 404
    public_message = "There is no such key."


class AlreadyRotated(AuthError):
    """The key has a successor already: rotate that one, or revoke both."""

    code = "already_rotated"
    status = 409
    public_message = "This key has a successor already."


class TooManyKeys(AuthError):
    """The owner has as many keys as anybody may have."""

    code = "too_many_keys"
    status = 409
    public_message = "There are too many keys already. Revoke one that is not used any more."


class OwnerNotActive(AuthError):
    """The account that would own the key is suspended, closed or not confirmed."""

    code = "owner_not_active"
    status = 409
    public_message = "This account cannot have keys now."


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key, without its secret. Times are aware datetimes in UTC; ``used_at`` is exact to about a minute.

    ``scope`` is what it is narrowed to, None is everything its owner may do; ``limit`` is its own, None the application's.
    ``successor`` is the id of the key that replaces it, once it was rotated.
    """

    id: str
    subject: str
    name: str
    scope: frozenset[str] | None
    tenant: On | None
    limit: str | None
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    used_from: str | None
    successor: str | None

    def as_json(self) -> dict[str, Any]:
        """The facts for a JSON answer, instants in RFC 3339."""
        return {
            "id": self.id,
            "name": self.name,
            "scope": None if self.scope is None else sorted(self.scope),
            "tenant": None if self.tenant is None else list(self.tenant),
            "limit": self.limit,
            "created_at": self.created_at.isoformat(),
            "expires_at": self.expires_at.isoformat(),
            "used_at": None if self.used_at is None else self.used_at.isoformat(),
            "used_from": self.used_from,
            "successor": self.successor,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApiKey:
    """A key that has just been made. ``secret`` is the whole text to present, and is shown this once."""

    key: ApiKey
    secret: str = field(repr=False)


def key_of(row: KeyRow) -> ApiKey:
    """A row as its owner sees it."""
    return ApiKey(
        id=row.id,
        subject=row.subject,
        name=row.name,
        scope=None if row.scope is None else frozenset(row.scope.split()),
        tenant=decode_place(row.tenant),
        limit=row.allowance,
        created_at=moment(row.created_at),
        expires_at=moment(row.expires_at),
        used_at=moment(row.used_at) if row.used_at else None,
        used_from=row.used_from,
        successor=row.successor,
    )
