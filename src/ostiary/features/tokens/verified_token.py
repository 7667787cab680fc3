"""Verified tokens: what a good access token says."""

from dataclasses import field

from ostiary.kernel.clock import Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.web.credential_reader import Presented


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedToken:
    """An access token whose signature and claims are good. Times are milliseconds since the Unix epoch.

    ``client``     who it was issued to; None: this application itself
    ``family``     the refresh family it belongs to
    ``rights``     the version of its subject's rights when it was issued
    ``own_copy``   whether it says what could be changed by whoever reads it, so that each request gets its own
    ``presented``  the caller it makes, as long as nothing newer is known of her rights
    """

    subject: str
    jti: str
    client: str | None
    family: str | None
    epoch: int
    rights: int
    issued_at: Millis
    expires_at: Millis
    own_copy: bool
    presented: Presented = field(repr=False)
