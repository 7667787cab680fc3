"""Requirements: who passes a guard, to the exact millisecond, and that a credential can only narrow."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.kernel.clock import MINUTE
from ostiary.kernel.decision import Decision
from ostiary.kernel.factor import CATEGORIES, Factor
from ostiary.kernel.principal import ANONYMOUS, Credential, On, Principal
from ostiary.kernel.requirement import SIGNED_IN, Names, Requirement, all_of, any_of, check_requirement

NOW = 1_700_000_000_000
FRESH = 5 * MINUTE
SESSION = Credential("session", "1")


@dataclass(frozen=True)
class Granted:
    """Rights that are the same for every subject: permissions and roles, each everywhere or on one place."""

    held: frozenset[str] = frozenset()
    named: frozenset[str] = frozenset()
    place: On | None = None

    def permissions(self, principal: Principal, on: On | None) -> frozenset[str]:
        return self.held if self.place in (None, on) else frozenset()

    def roles(self, principal: Principal, on: On | None) -> frozenset[str]:
        return self.named if self.place in (None, on) else frozenset()


ADA = Principal("ada", credential=SESSION)
TELLER = Granted(held=frozenset({"order:*"}), named=frozenset({"teller"}))


def proven(*factors: Factor) -> Principal:
    return replace(ADA, factors=factors)


def decide(requirement: Requirement, principal: Principal = ADA, rights: Granted | None = TELLER) -> Decision:
    return check_requirement(requirement, principal, now=NOW, rights=rights)


# --- signed in ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "requirement",
    [SIGNED_IN, Requirement(permission="order:read"), Requirement(role=any_of("teller")), Requirement(fresh=FRESH)],
)
def test_nobody_passes_no_guard(requirement: Requirement) -> None:
    decision = decide(requirement, ANONYMOUS)
    assert (decision.allowed, decision.code) == (False, "not_authenticated")


def test_whoever_is_signed_in_passes_a_bare_guard() -> None:
    assert decide(SIGNED_IN)
    assert decide(SIGNED_IN, rights=None)
    assert SIGNED_IN.only_signed_in
    assert Requirement().only_signed_in
    assert not Requirement(factors=2).only_signed_in


# --- via ----------------------------------------------------------------------------------------------------


def test_only_the_kinds_of_credential_that_are_named_pass() -> None:
    assert decide(Requirement(via=any_of("session")))
    assert decide(Requirement(via=any_of("api_key", "session")))
    decision = decide(Requirement(via=any_of("api_key")))
    assert (decision.allowed, decision.code) == (False, "wrong_credential")
    assert tuple(map(str, decision.would_pass_if)) == ("via=api_key",)


def test_whoever_presented_nothing_has_no_kind_of_credential() -> None:
    assert not decide(Requirement(via=any_of("session")), Principal("cron", kind="job"))


def test_one_credential_is_not_two_kinds_at_once() -> None:
    assert not decide(Requirement(via=all_of("session", "api_key")))


# --- rights -------------------------------------------------------------------------------------------------


def test_a_permission_must_be_among_the_rights() -> None:
    assert decide(Requirement(permission="order:read"))
    decision = decide(Requirement(permission="invoice:read"))
    assert (decision.allowed, decision.code) == (False, "missing_permission")


def test_without_anybody_who_knows_rights_nobody_holds_any() -> None:
    assert decide(Requirement(permission="order:read"), rights=None).code == "missing_permission"
    assert decide(Requirement(role=any_of("teller")), rights=None).code == "missing_role"


def test_a_role_may_be_one_of_several_or_all_of_them() -> None:
    assert decide(Requirement(role=any_of("teller", "admin")))
    assert not decide(Requirement(role=all_of("teller", "admin")))
    assert decide(Requirement(role=any_of("admin"))).code == "missing_role"
    assert decide(Requirement(role=all_of("teller")))


def test_rights_hold_on_their_place_only() -> None:
    rights = Granted(held=frozenset({"order:*"}), named=frozenset({"teller"}), place=("org", "acme"))
    for requirement in (Requirement(permission="order:read"), Requirement(role=any_of("teller"))):
        assert check_requirement(requirement, ADA, now=NOW, rights=rights, on=("org", "acme"))
        assert not check_requirement(requirement, ADA, now=NOW, rights=rights, on=("org", "other"))
        assert not check_requirement(requirement, ADA, now=NOW, rights=rights)


def test_a_permission_and_a_role_are_both_wanted() -> None:
    both = Requirement(permission="order:read", role=any_of("teller"))
    assert decide(both)
    assert not decide(both, rights=Granted(held=frozenset({"*"})))
    assert not decide(both, rights=Granted(named=frozenset({"teller"})))


# --- scope --------------------------------------------------------------------------------------------------


def test_a_restricted_credential_needs_the_permission_in_its_scope_and_in_the_rights() -> None:
    restricted = replace(ADA, scope=frozenset({"order:read", "invoice:*"}))
    assert decide(Requirement(permission="order:read"), restricted)
    assert decide(Requirement(permission="order:write"), restricted).code == "insufficient_scope"
    assert decide(Requirement(permission="invoice:read"), restricted).code == "missing_permission"


@pytest.mark.parametrize("scope", [frozenset[str](), frozenset({"*"}), frozenset({"order:read"})])
def test_a_restricted_credential_does_not_pass_a_guard_that_names_no_permission(scope: frozenset[str]) -> None:
    restricted = replace(ADA, scope=scope)
    for requirement in (SIGNED_IN, Requirement(role=any_of("teller")), Requirement(fresh=FRESH)):
        assert decide(requirement, restricted).code == "insufficient_scope"


NAMES = st.sampled_from(["session", "api_key", "teller", "admin", "password", "totp", "passkey", "remember"])
NAMED = st.one_of(
    st.none(),
    st.builds(Names, st.sampled_from(["all", "any"]), st.lists(NAMES, min_size=1, max_size=3).map(tuple)),
)
PERMISSIONS = st.sampled_from(["order:read", "order:write", "invoice:read", "order:line:read"])
PATTERNS = st.frozensets(st.sampled_from(["*", "order:*", "*:read", "order:read", "order:write", "invoice:read"]))
FACTORS = st.builds(
    Factor,
    st.sampled_from(sorted(CATEGORIES)),
    at=st.integers(min_value=NOW - 2 * FRESH, max_value=NOW + 2 * MINUTE),
    # Which kinds may be said to resist phishing is the factor's own rule.
)
REQUIREMENTS = st.builds(
    Requirement,
    permission=st.one_of(st.none(), PERMISSIONS),
    role=NAMED,
    factors=st.integers(min_value=1, max_value=3),
    fresh=st.one_of(st.none(), st.just(FRESH)),
    proof=NAMED,
    phishing_resistant=st.booleans(),
    via=NAMED,
)
PRINCIPALS = st.builds(
    Principal,
    st.just("ada"),
    kind=st.sampled_from(["person", "program", "job", "anonymous"]),
    credential=st.one_of(st.none(), st.builds(Credential, NAMES, st.just("1"))),
    factors=st.lists(FACTORS, max_size=4).map(tuple),
)
RIGHTS = st.one_of(st.none(), st.builds(Granted, held=PATTERNS, named=st.frozensets(NAMES)))


@given(REQUIREMENTS, PRINCIPALS, PATTERNS, RIGHTS)
def test_a_scope_never_adds_a_right(
    requirement: Requirement, principal: Principal, scope: frozenset[str], rights: Granted | None
) -> None:
    narrowed = check_requirement(requirement, replace(principal, scope=scope), now=NOW, rights=rights)
    whole = check_requirement(requirement, replace(principal, scope=None), now=NOW, rights=rights)
    assert whole.allowed or not narrowed.allowed


@given(PERMISSIONS, PATTERNS, PATTERNS)
def test_effective_rights_are_what_the_subject_holds_and_the_credential_was_given(
    permission: str, scope: frozenset[str], held: frozenset[str]
) -> None:
    requirement = Requirement(permission=permission)
    restricted = replace(ADA, scope=scope)
    # The same rule with the two sides changed: the intersection has no preference.
    one = decide(requirement, restricted, Granted(held=held))
    other = decide(requirement, replace(ADA, scope=held), Granted(held=scope))
    assert one.allowed == other.allowed


@given(REQUIREMENTS, PRINCIPALS, PATTERNS, PATTERNS, RIGHTS)
def test_a_wider_scope_never_takes_a_right_away(
    requirement: Requirement, principal: Principal, scope: frozenset[str], more: frozenset[str], rights: Granted | None
) -> None:
    narrow = check_requirement(requirement, replace(principal, scope=scope), now=NOW, rights=rights)
    wide = check_requirement(requirement, replace(principal, scope=scope | more), now=NOW, rights=rights)
    assert wide.allowed or not narrow.allowed


@given(REQUIREMENTS, PRINCIPALS, RIGHTS)
def test_every_refusal_says_why(requirement: Requirement, principal: Principal, rights: Granted | None) -> None:
    decision = check_requirement(requirement, principal, now=NOW, rights=rights)
    assert bool(decision.because) != decision.allowed
    assert all(reason.code and reason.text for reason in decision.because)


# --- factors ------------------------------------------------------------------------------------------------


def test_factors_are_counted_by_category_over_the_whole_session() -> None:
    two = Requirement(factors=2)
    assert decide(two, proven(Factor("password", at=NOW - 10 * FRESH), Factor("totp", at=NOW)))
    assert decide(two, proven(Factor("verified_passkey", at=NOW)))
    decision = decide(two, proven(Factor("password", at=NOW), Factor("pin", at=NOW)))
    assert (decision.code, tuple(map(str, decision.would_pass_if))) == ("step_up_needed", ("factors=2",))


def test_a_remembered_browser_proves_nothing() -> None:
    remembered = proven(Factor("remember", at=NOW))
    assert decide(SIGNED_IN, remembered)
    assert decide(Requirement(fresh=FRESH), remembered).code == "step_up_needed"
    assert (
        decide(Requirement(factors=2), proven(Factor("remember", at=NOW), Factor("password", at=NOW))).allowed is False
    )


def test_the_kinds_that_are_named_must_be_proven() -> None:
    password, code = Factor("password", at=NOW), Factor("totp", at=NOW)
    assert decide(Requirement(proof=any_of("totp", "passkey")), proven(password, code))
    assert not decide(Requirement(proof=any_of("totp", "passkey")), proven(password))
    assert decide(Requirement(proof=all_of("totp", "password")), proven(password, code))
    decision = decide(Requirement(proof=all_of("totp", "passkey")), proven(password, code))
    assert tuple(map(str, decision.would_pass_if)) == ("proof=all_of('totp', 'passkey')",)


def test_a_proof_that_resists_phishing_can_be_demanded() -> None:
    demanded = Requirement(phishing_resistant=True)
    assert decide(demanded, proven(Factor("passkey", at=NOW)))
    decision = decide(demanded, proven(Factor("password", at=NOW), Factor("totp", at=NOW)))
    assert (decision.code, tuple(map(str, decision.would_pass_if))) == ("step_up_needed", ("phishing_resistant=True",))


# --- freshness ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "passes"),
    [(0, True), (FRESH - 1, True), (FRESH, True), (FRESH + 1, False), (-MINUTE, True), (-MINUTE - 1, False)],
)
def test_a_proof_is_fresh_to_the_exact_millisecond(age: int, passes: bool) -> None:
    decision = decide(Requirement(fresh=FRESH), proven(Factor("password", at=NOW - age)))
    assert decision.allowed is passes
    if not passes:
        assert tuple(map(str, decision.would_pass_if)) == ("fresh=5m",)


def test_without_any_proof_nothing_is_fresh() -> None:
    assert decide(Requirement(fresh=FRESH)).code == "step_up_needed"


def test_the_newest_proof_decides() -> None:
    assert decide(Requirement(fresh=FRESH), proven(Factor("password", at=NOW - 9 * FRESH), Factor("totp", at=NOW)))


def test_two_fresh_factors_are_both_fresh() -> None:
    both = Requirement(factors=2, fresh=FRESH)
    assert decide(both, proven(Factor("password", at=NOW - FRESH), Factor("totp", at=NOW)))
    assert not decide(both, proven(Factor("password", at=NOW - FRESH - 1), Factor("totp", at=NOW)))
    assert not decide(both, proven(Factor("password", at=NOW), Factor("totp", at=NOW - FRESH - 1)))


def test_a_fresh_proof_of_another_kind_does_not_help() -> None:
    named = Requirement(fresh=FRESH, proof=any_of("totp"))
    assert not decide(named, proven(Factor("totp", at=NOW - FRESH - 1), Factor("password", at=NOW)))
    assert decide(named, proven(Factor("totp", at=NOW), Factor("password", at=NOW - 9 * FRESH)))


def test_all_the_kinds_that_are_named_must_be_fresh() -> None:
    named = Requirement(fresh=FRESH, proof=all_of("password", "totp"))
    assert decide(named, proven(Factor("password", at=NOW - FRESH), Factor("totp", at=NOW)))
    assert not decide(named, proven(Factor("password", at=NOW - FRESH - 1), Factor("totp", at=NOW)))


def test_a_stale_passkey_beside_a_fresh_password_does_not_resist_phishing() -> None:
    demanded = Requirement(fresh=FRESH, phishing_resistant=True)
    stale = proven(Factor("passkey", at=NOW - FRESH - 1), Factor("password", at=NOW))
    assert tuple(map(str, decide(demanded, stale).would_pass_if)) == ("fresh=5m",)
    assert decide(demanded, proven(Factor("passkey", at=NOW), Factor("password", at=NOW - 9 * FRESH)))


def test_a_fresh_password_beside_a_fresh_passkey_is_two_factors_that_resist_phishing() -> None:
    fresh = proven(Factor("password", at=NOW), Factor("passkey", at=NOW))
    assert decide(Requirement(factors=2, fresh=FRESH, phishing_resistant=True), fresh)
    assert decide(Requirement(fresh=FRESH, phishing_resistant=True, proof=all_of("password", "passkey")), fresh)


@given(REQUIREMENTS, PRINCIPALS, RIGHTS, FACTORS)
def test_another_proof_never_closes_a_door(
    requirement: Requirement, principal: Principal, rights: Granted | None, factor: Factor
) -> None:
    before = check_requirement(requirement, principal, now=NOW, rights=rights)
    more = replace(principal, factors=(*principal.factors, factor))
    assert check_requirement(requirement, more, now=NOW, rights=rights).allowed or not before.allowed


@given(PRINCIPALS, REQUIREMENTS)
def test_fresh_and_phishing_resistant_only_ever_demand_more(principal: Principal, requirement: Requirement) -> None:
    rights = Granted(held=frozenset({"*"}), named=frozenset({"teller"}))
    decision = check_requirement(requirement, principal, now=NOW, rights=rights)
    for laxer in (
        replace(requirement, fresh=None),
        replace(requirement, phishing_resistant=False),
        replace(requirement, proof=None, fresh=None),
        replace(requirement, factors=1),
        replace(requirement, via=None),
        replace(requirement, role=None),
    ):
        assert check_requirement(laxer, principal, now=NOW, rights=rights).allowed or not decision.allowed


# --- names --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [(), ("",), ("a", ""), ("a", None), (["a"],)])
def test_names_are_text_and_at_least_one(names: tuple[str, ...]) -> None:
    # all_of() would be met by everybody.
    for make in (all_of, any_of):
        with pytest.raises(ValueError, match="needs at least one name"):
            make(*names)


def test_names_spell_themselves_as_they_are_written() -> None:
    assert str(any_of("teller")) == "teller"
    assert str(any_of("a", "b")) == "any_of('a', 'b')"
    assert str(all_of("a", "b")) == "all_of('a', 'b')"


# --- the place a credential is bound to ---------------------------------------------------------------------

ACME, OTHER = ("org", "acme"), ("org", "other")
EVERYTHING = Granted(held=frozenset({"*"}), named=frozenset({"teller"}))


@pytest.mark.asvs("V8.4.1")
@pytest.mark.parametrize("requirement", [Requirement(permission="order:read"), Requirement(role=any_of("teller"))])
def test_a_credential_of_one_place_passes_no_guard_of_another_nor_one_that_asks_everywhere(requirement) -> None:
    bound = replace(ADA, tenant=ACME)
    assert check_requirement(requirement, bound, now=NOW, rights=EVERYTHING, on=ACME)
    for on in (OTHER, ("team", "acme"), None):
        decision = check_requirement(requirement, bound, now=NOW, rights=EVERYTHING, on=on)
        assert (decision.allowed, decision.code) == (False, "wrong_tenant")
        assert check_requirement(requirement, ADA, now=NOW, rights=EVERYTHING, on=on)


def test_a_guard_that_asks_for_nothing_held_minds_the_place_only_if_it_names_one() -> None:
    bound = replace(ADA, tenant=ACME)
    assert check_requirement(SIGNED_IN, bound, now=NOW, rights=None, on=None)
    assert check_requirement(SIGNED_IN, bound, now=NOW, rights=None, on=ACME)
    assert check_requirement(SIGNED_IN, bound, now=NOW, rights=None, on=OTHER).code == "wrong_tenant"


@given(
    st.sampled_from([None, ACME, OTHER]),
    st.sampled_from([None, ACME, OTHER]),
    st.sampled_from([None, "order:read", "user:read"]),
    st.sampled_from([None, any_of("teller"), any_of("boss")]),
)
def test_binding_a_credential_to_a_place_never_lets_it_through_where_it_was_not_let_through(
    tenant, on, permission, role
):
    requirement = Requirement(permission=permission, role=role)
    rights = Granted(held=frozenset({"order:*"}), named=frozenset({"teller"}), place=ACME)
    bound = check_requirement(requirement, replace(ADA, tenant=tenant), now=NOW, rights=rights, on=on)
    assert not bound.allowed or check_requirement(requirement, ADA, now=NOW, rights=rights, on=on)
