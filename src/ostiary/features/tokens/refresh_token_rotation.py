"""Refresh token rotation: what presenting a refresh token comes to; pure, over what is stored of its family and ``now``.

Each use exchanges the token for its successor. The one before the newest is answered with the same successor for a
moment, since answers get lost and tabs refresh at once; any older one is a copy, and ends the family.
Law: RFC 9700 §2.2.2, §4.14.2; NIST SP 800-63B-4 §2.1.3 for the two limits.
"""

from typing import TypeAlias

from ostiary.kernel.clock import Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.rotating_token import (
    Expired,
    Forged,
    ReplayedWithinGrace,
    ReuseDetected,
    Rotate,
    TokenFamily,
    TokenText,
    check_rotation,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshStanding:
    """How a family stands: its rotation, the epoch it was begun under and the one now, and how long it may rest."""

    family: TokenFamily
    epoch: int
    current_epoch: int
    idle_for: Millis


@dataclass(frozen=True, slots=True)
class NotGood:
    """Nothing is given for it. ``reason`` is a stable word for logs."""

    reason: str


RefreshOutcome: TypeAlias = Rotate | ReplayedWithinGrace | ReuseDetected | NotGood


def check_refresh(
    token: TokenText, standing: RefreshStanding, *, genuine: bool, grace: Millis, now: Millis
) -> RefreshOutcome:
    """What presenting a token of this family comes to; ``genuine`` says that its MAC is ours."""
    family = standing.family
    rotation = check_rotation(token, family, genuine=genuine, grace=grace, now=now)
    if isinstance(rotation, Forged):
        return NotGood("forged")
    if standing.epoch != standing.current_epoch:
        return NotGood("revoked")
    if isinstance(rotation, Expired):
        return NotGood("ended")
    # At the very instant its rest is too long, it is. What was copied from a family at rest ends nothing more.
    if now - family.rotated_at >= standing.idle_for:
        return NotGood("idle")
    return rotation
