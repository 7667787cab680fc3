"""A one-time token as its redeemer sees it: for what, for whom, and what was put into it."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from ostiary.kernel.clock import Millis
from ostiary.kernel.dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class OneTimeToken:
    """What a token stands for. Times are milliseconds since the Unix epoch.

    ``epoch`` is the subject's epoch when the token was issued: whoever redeems it compares. ``payload`` may hold what
    must not be seen, so it is never shown.
    """

    id: str
    purpose: str
    subject: str | None
    epoch: int
    payload: Mapping[str, Any] | None = field(repr=False)
    binding_hash: bytes | None = field(repr=False)
    created_at: Millis
    expires_at: Millis

    @property
    def bound(self) -> bool:
        """Whether it was issued to one browser."""
        return self.binding_hash is not None
