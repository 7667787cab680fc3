"""Verified tokens: what a good access token says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ostiary.kernel.clock import Millis
from ostiary.kernel.factor import Factor
from ostiary.kernel.principal import On
from ostiary.web.credential_reader import Presented


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedToken:
    """An access token whose signature and claims are good. Times are milliseconds since the Unix epoch.

    ``client``     who it was issued to; None: this application itself
    ``family``     the refresh family it belongs to
    ``rights``     the version of its subject's rights when it was issued
    ``scope``      the permissions it is narrowed to; None is unrestricted
    ``claims``     what the application added
    ``presented``  the caller it makes, as long as nothing newer is known of her rights
    """

    subject: str
    jti: str
    client: str | None
    family: str | None
    epoch: int
    rights: int
    factors: tuple[Factor, ...]
    scope: frozenset[str] | None
    audience: frozenset[str]
    tenant: On | None
    claims: Mapping[str, Any]
    issued_at: Millis
    expires_at: Millis
    presented: Presented = field(repr=False)
