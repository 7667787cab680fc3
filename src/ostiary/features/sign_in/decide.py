"""What a sign-in comes to: a table over what is proven, what policy wants, and what she could still prove.

| proven          | policy wants | she could prove another | she could enrol another | outcome         |
|-----------------|--------------|-------------------------|-------------------------|-----------------|
| nothing         | any          | -                       | -                       | Refused         |
| enough          | any          | -                       | -                       | SignedIn        |
| too little      | more         | yes                     | -                       | FactorNeeded    |
| too little      | more         | no                      | yes                     | EnrolmentNeeded |
| too little      | more         | no                      | no                      | Refused         |
| before, and the browser was remembered | one | - | - | SignedIn, without a factor |
| before, and the browser was remembered | more | - | - | Refused |

This module is the only one that constructs ``SignedIn``.
"""

from collections.abc import Iterable

from ostiary.kernel.clock import Millis
from ostiary.kernel.factor import CATEGORIES, Category, Factor, count_factors
from ostiary.kernel.outcome import EnrolmentNeeded, FactorNeeded, Outcome, Refused, SignedIn


def decide(
    subject: str,
    factors: tuple[Factor, ...],
    *,
    epoch: int,
    wanted: int,
    provable: Iterable[str] = (),
    enrollable: Iterable[str] = (),
    now: Millis,
) -> Outcome:
    """The outcome.

    ``factors`` is everything proven in this sign-in and in the session it adds to; ``wanted`` the
    number of factors that policy asks of this subject; ``provable`` the kinds she has enrolled, and
    ``enrollable`` those she could enrol.
    """
    proven = count_factors(factors)
    if not subject or not factors:
        return Refused(code="nothing_proven", detail="there is no evidence")
    if proven >= wanted and proven:
        return SignedIn(subject=subject, factors=factors, epoch=epoch, at=now)
    missing = _that_add(provable, factors)
    if missing:
        return FactorNeeded(subject=subject, factors=factors, epoch=epoch, methods=missing)
    missing = _that_add(enrollable, factors)
    if missing:
        return EnrolmentNeeded(subject=subject, factors=factors, epoch=epoch, methods=missing)
    return Refused(code="no_further_factor", detail=f"{proven} of {wanted} factors, and no way to prove another")


def decide_remembered(subject: str, *, epoch: int, wanted: int, now: Millis) -> SignedIn | Refused:
    """The outcome for a browser that was remembered at an earlier sign-in, under ``epoch``.

    It proves nothing anew. Where policy asks for more than one factor it is not a way around any of them (ASVS 5.0
    V6.3.4); and every guard that asks for a proof or for freshness asks for it still.
    """
    if not subject or wanted > 1:
        return Refused(code="remembered_is_no_factor", detail=f"{wanted} factors are wanted, and none is proven")
    return SignedIn(subject=subject, factors=(Factor("remember", at=now),), epoch=epoch, at=now)


def _that_add(kinds: Iterable[str], factors: Iterable[Factor]) -> tuple[str, ...]:
    """The kinds that rest on something not proven yet."""
    proven: set[Category] = set()
    for factor in factors:
        proven |= factor.categories
    return tuple(sorted(kind for kind in kinds if CATEGORIES[kind] - proven))
