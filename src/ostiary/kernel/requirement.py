"""Requirements: what a guard demands of a caller, as a value, and the rule that checks it.

``check_requirement`` is the whole of authorization at the door: pure, over values and ``now``.
Freshness, step-up and multi-factor are one rule over the principal's factors.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final, Literal, Protocol, TypeAlias, TypeVar, overload

from ostiary.kernel.clock import MINUTE, Millis
from ostiary.kernel.combinable import Combinable, Mode
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.decision import ALLOWED, Change, Decision, denied
from ostiary.kernel.duration import spell_duration
from ostiary.kernel.factor import CATEGORIES, NEVER_RESISTANT, Factor, count_factors
from ostiary.kernel.permission import any_covers
from ostiary.kernel.principal import On, Principal, encode_place

# A proof "from the future" is a clock that was set back. A minute is the usual drift; more is not fresh.
_CLOCK_DRIFT: Final = MINUTE


@dataclass(frozen=True, slots=True)
class Names:
    """Several names, and whether all of them or any one of them is wanted."""

    mode: Literal["all", "any"]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.names or not all(isinstance(name, str) and name for name in self.names):
            message = f"{self.mode}_of needs at least one name, each of them text"
            raise ValueError(message)

    def __str__(self) -> str:
        return self.names[0] if len(self.names) == 1 else f"{self.mode}_of{self.names!r}"

    def met_by(self, has: frozenset[str] | set[str]) -> bool:
        """Whether the names at hand are enough."""
        return has.issuperset(self.names) if self.mode == "all" else not has.isdisjoint(self.names)


C = TypeVar("C", bound=Combinable)


@overload
def any_of(*names: str) -> Names: ...
@overload
def any_of(*rules: C) -> C: ...
def any_of(*parts: Any) -> Any:
    """Any one of these names, or of these rules, is enough: ``role=any_of("admin", "teller")``."""
    return _join("any", parts)


@overload
def all_of(*names: str) -> Names: ...
@overload
def all_of(*rules: C) -> C: ...
def all_of(*parts: Any) -> Any:
    """All of these names, or of these rules, are wanted: ``proof=all_of("password", "totp")``."""
    return _join("all", parts)


def _join(mode: Mode, parts: tuple[Any, ...]) -> Any:
    if not any(isinstance(part, Combinable) for part in parts):
        return Names(mode, parts)
    if not all(isinstance(part, Combinable) for part in parts):
        message = f"{mode}_of joins names or rules, and not one with the other"
        raise TypeError(message)
    return parts[0].combine(mode, parts)


Place: TypeAlias = On | None


class Rights(Protocol):
    """What a subject may do: answered by the feature that knows roles."""

    def permissions(self, principal: Principal, on: Place) -> frozenset[str]:
        """The permission patterns the subject holds on the place or everywhere."""
        ...

    def roles(self, principal: Principal, on: Place) -> frozenset[str]:
        """The roles the subject holds on the place or everywhere."""
        ...

    def places(
        self, principal: Principal, kind: str, *, role: str | None = None, permission: str | None = None
    ) -> frozenset[str] | None:
        """The names of the places of a kind where the subject holds it; None means everywhere.

        For a WHERE clause: which organisations' rows may she see?
        """
        ...

    def belongs(self, principal: Principal, place: On) -> bool:
        """Whether the subject is one of those who are at the place: she is a member of it, or was given a role there."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """What a guard demands. The empty one demands only that somebody is signed in.

    ``permission``          ``resource:action``, in the person's rights and in the credential's scope
    ``role``                names of roles
    ``factors``             how many categories (knows, has, is) were proven, at any time in this session
    ``fresh``               the qualifying proof is no older, in milliseconds
    ``proof``               the kinds of proof that qualify; None: every kind but a remembered browser
    ``phishing_resistant``  a qualifying proof must resist phishing
    ``via``                 the kinds of credential that may be used
    """

    permission: str | None = None
    role: Names | None = None
    factors: int = 1
    fresh: Millis | None = None
    proof: Names | None = None
    phishing_resistant: bool = False
    via: Names | None = None

    @property
    def only_signed_in(self) -> bool:
        """Whether it demands nothing but a signed-in caller."""
        return self == SIGNED_IN

    def proof_words(self) -> Iterator[str]:
        """What it says about proofs and credentials, in the words of ``auth.require``."""
        if self.factors > 1:
            yield f"factors={self.factors}"
        if self.fresh is not None:
            yield f"fresh={spell_duration(self.fresh)}"
        if self.proof is not None:
            yield f"proof={self.proof}"
        if self.phishing_resistant:
            yield "phishing_resistant"
        if self.via is not None:
            yield f"via={self.via}"

    def demands_proof(self) -> bool:
        """Whether it looks at the principal's factors."""
        return self.factors > 1 or self.fresh is not None or self.proof is not None or self.phishing_resistant


SIGNED_IN: Final = Requirement()
"""Somebody is signed in, by any credential that is not restricted to a scope."""


def check_requirement(
    requirement: Requirement, principal: Principal, *, now: Millis, rights: Rights | None = None, on: Place = None
) -> Decision:
    """Whether the principal meets the requirement; the first ground that fails decides.

    A restricted credential (``scope`` is not None) passes only a requirement that names a permission
    it was given: a bare guard or a role says nothing about what the credential is for.

    A refusal says everything that would have to change, not only what its ground is about.
    """
    decision = _decide(requirement, principal, rights, on, now)
    if decision.allowed or not principal:
        return decision
    return replace(decision, would_pass_if=_missing(requirement, principal, rights, on, now))


def _decide(requirement: Requirement, principal: Principal, rights: Rights | None, on: Place, now: Millis) -> Decision:
    if not principal:
        return denied("not_authenticated", "nobody is signed in", "sign_in")
    if requirement.via is not None and not _via_met(requirement.via, principal):
        return denied("wrong_credential", f"this needs a credential of kind {requirement.via}")
    names_rights = requirement.permission is not None or requirement.role is not None
    if principal.tenant is not None and principal.tenant != on and (names_rights or on is not None):
        return _elsewhere(principal.tenant, on)
    if principal.scope is not None or names_rights:
        decision = _check_rights(requirement, principal, rights, on)
        if not decision.allowed:
            return decision
    if requirement is not SIGNED_IN and requirement.demands_proof():
        return check_proof(requirement, principal.factors, now=now)
    return ALLOWED


def _via_met(via: Names, principal: Principal) -> bool:
    return principal.credential is not None and via.met_by({principal.credential.kind})


def _elsewhere(tenant: On, on: Place) -> Decision:
    """The refusal of a credential that is bound to another place, or of one that is bound where nothing else is.

    What is held everywhere is more than what is held at one place, and a bound credential carries no more than that.
    """
    place = encode_place(tenant)
    where = "everywhere" if on is None else f"on {encode_place(on)}"
    return denied(
        "wrong_tenant", f"the credential is bound to {place}, and this is asked {where}", Change("tenant", on=on)
    )


def _check_rights(requirement: Requirement, principal: Principal, rights: Rights | None, on: Place) -> Decision:
    permission = requirement.permission
    if principal.scope is not None:
        if permission is None:
            return denied(
                "insufficient_scope", "the credential is restricted, and this guard names no permission it could have"
            )
        if not any_covers(principal.scope, permission):
            return denied("insufficient_scope", f"the credential was not given {permission}")
    if permission is not None and not (rights and any_covers(rights.permissions(principal, on), permission)):
        return denied("missing_permission", f"the subject does not hold {permission}")
    if requirement.role is not None and not (rights and requirement.role.met_by(rights.roles(principal, on))):
        return denied("missing_role", f"the subject does not hold {requirement.role}")
    return ALLOWED


def _missing(
    requirement: Requirement, principal: Principal, rights: Rights | None, on: Place, now: Millis
) -> tuple[Change, ...]:
    """Everything that would have to change, together; nothing where nothing would do."""
    permission, role = requirement.permission, requirement.role
    if principal.scope is not None and permission is None:
        # A guard that names no permission passes no restricted credential, whatever it is narrowed to.
        return ()
    if (
        requirement.phishing_resistant
        and requirement.proof is not None
        and NEVER_RESISTANT.issuperset(requirement.proof.names)
    ):
        return ()
    names_rights = permission is not None or role is not None
    elsewhere = principal.tenant is not None and principal.tenant != on and (names_rights or on is not None)
    if elsewhere:
        principal = replace(principal, tenant=on)
    found: list[Change] = list(missing_proofs(requirement, principal, now=now))
    if elsewhere:
        found.append(Change("tenant", on=on))
    if permission is not None and principal.scope is not None and not any_covers(principal.scope, permission):
        found.append(Change("scope", permission))
    if permission is not None and not (rights and any_covers(rights.permissions(principal, on), permission)):
        found.append(Change("permission", permission, on=on))
    if role is not None and not (rights and role.met_by(rights.roles(principal, on))):
        found.append(Change("role", role, on=on))
    return tuple(found)


def missing_proofs(requirement: Requirement, principal: Principal, *, now: Millis) -> tuple[Change, ...]:
    """Of what it says about proofs and the kind of credential, what is not met by itself; all, if only together it is not."""
    via, factors = requirement.via, principal.factors
    demands: dict[Change, Requirement] = {}
    if requirement.factors > 1:
        demands[Change("factors", requirement.factors)] = Requirement(factors=requirement.factors)
    if requirement.proof is not None:
        demands[Change("proof", requirement.proof)] = Requirement(proof=requirement.proof)
    if requirement.phishing_resistant:
        demands[Change("phishing_resistant", value=True)] = Requirement(phishing_resistant=True)
    if requirement.fresh is not None:
        # The other demands say which proofs have to be recent.
        demands[Change("fresh", spell_duration(requirement.fresh))] = requirement
    missing = tuple(change for change, part in demands.items() if not check_proof(part, factors, now=now).allowed)
    if not missing and not check_proof(requirement, factors, now=now).allowed:
        missing = tuple(demands)
    wrong_kind = via is not None and not _via_met(via, principal)
    return (Change("via", via), *missing) if wrong_kind else missing


def check_proof(requirement: Requirement, factors: tuple[Factor, ...], *, now: Millis) -> Decision:
    """Whether what was proven is enough, and recent enough."""
    proven = [factor for factor in factors if CATEGORIES[factor.kind]]
    if count_factors(proven) < requirement.factors:
        text = f"{count_factors(proven)} of {requirement.factors} factors are proven"
        return denied("step_up_needed", text)
    qualifying = proven
    if requirement.proof is not None:
        qualifying = [factor for factor in factors if factor.kind in requirement.proof.names]
        if not requirement.proof.met_by({factor.kind for factor in qualifying}):
            return denied("step_up_needed", f"this needs a proof by {requirement.proof}")
    if requirement.phishing_resistant and not _resistant(qualifying):
        return denied("step_up_needed", "this needs a proof that resists phishing")
    if requirement.fresh is not None and not _fresh_enough(requirement, qualifying, requirement.fresh, now):
        limit = spell_duration(requirement.fresh)
        return denied("step_up_needed", f"the proof is older than {limit}")
    return ALLOWED


def _fresh_enough(requirement: Requirement, qualifying: list[Factor], limit: Millis, now: Millis) -> bool:
    recent = [factor for factor in qualifying if -_CLOCK_DRIFT <= now - factor.at <= limit]
    # One of the recent proofs resists phishing; not each of them: a fresh password beside a fresh passkey is two factors.
    if requirement.phishing_resistant and not _resistant(recent):
        return False
    if requirement.proof is not None:
        # The named kinds are what must be recent; how many factors there are was counted over the session.
        return requirement.proof.met_by({factor.kind for factor in recent})
    return bool(recent) and count_factors(recent) >= requirement.factors


def _resistant(factors: list[Factor]) -> bool:
    return any(factor.phishing_resistant for factor in factors)
