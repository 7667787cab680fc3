"""What a rule about proofs demands, and which of it is missing, in the words of a guard."""

from collections.abc import Iterator
from dataclasses import replace

from ostiary.kernel.clock import Millis
from ostiary.kernel.decision import Change, Decision
from ostiary.kernel.duration import spell_duration
from ostiary.kernel.principal import Principal
from ostiary.kernel.requirement import Requirement, check_requirement


def check_proofs(requirement: Requirement, principal: Principal, now: Millis) -> Decision:
    """Whether the proofs are enough. What the credential may be used for is asked of the policy as a whole."""
    return check_requirement(requirement, replace(principal, scope=None, tenant=None), now=now)


def missing_proofs(requirement: Requirement, principal: Principal, now: Millis) -> tuple[Change, ...]:
    """Each demand that is not met by itself; all of them, where only together they are not."""
    if check_proofs(requirement, principal, now).allowed:
        return ()
    parts = {
        "via": Requirement(via=requirement.via),
        "factors": Requirement(factors=requirement.factors),
        "proof": Requirement(proof=requirement.proof),
        "phishing_resistant": Requirement(phishing_resistant=requirement.phishing_resistant),
        # The others say which proofs have to be recent.
        "fresh": replace(requirement, via=None),
    }
    demands = tuple(_demands(requirement))
    missing = tuple(one for one in demands if not check_proofs(parts[one.kind], principal, now).allowed)
    return missing or demands


def _demands(requirement: Requirement) -> Iterator[Change]:
    if requirement.via is not None:
        yield Change("via", requirement.via)
    if requirement.factors > 1:
        yield Change("factors", requirement.factors)
    if requirement.proof is not None:
        yield Change("proof", requirement.proof)
    if requirement.phishing_resistant:
        yield Change("phishing_resistant", value=True)
    if requirement.fresh is not None:
        yield Change("fresh", spell_duration(requirement.fresh))
