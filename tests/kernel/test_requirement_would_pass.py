"""What a refused requirement says would pass does pass, for any requirement, any caller and any rights."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from ostiary.kernel.clock import MINUTE
from ostiary.kernel.factor import Factor
from ostiary.kernel.principal import Credential, Principal
from ostiary.kernel.requirement import Requirement, all_of, any_of, check_requirement

NOW = 1_700_000_000_000


class Granted:
    """Rights that are written down: (kind, name, place)."""

    def __init__(self, grants):
        self.grants = set(grants)

    def _held(self, kind, principal, on):
        if principal.tenant is not None and principal.tenant != on:
            return frozenset()
        return frozenset(name for what, name, place in self.grants if what == kind and place in (None, on))

    def permissions(self, principal, on):
        return self._held("permission", principal, on)

    def roles(self, principal, on):
        return self._held("role", principal, on)

    def places(self, principal, kind, *, role=None, permission=None):
        raise AssertionError


places = st.sampled_from([None, ("org", "acme"), ("org", "beta")])
kinds = st.sampled_from(["password", "totp", "passkey"])
requirements = st.builds(
    Requirement,
    permission=st.sampled_from([None, "order:read"]),
    role=st.sampled_from([None, any_of("teller"), all_of("teller", "clerk")]),
    factors=st.sampled_from([1, 1, 2]),
    fresh=st.sampled_from([None, 5 * MINUTE]),
    proof=st.sampled_from([None, any_of("totp", "passkey"), all_of("password", "totp")]),
    phishing_resistant=st.sampled_from([False, False, True]),
    via=st.sampled_from([None, any_of("session")]),
)
callers = st.builds(
    Principal,
    st.just("ada"),
    credential=st.sampled_from([None, Credential("session", "s1"), Credential("api_key", "k1")]),
    scope=st.sampled_from([None, frozenset({"order:read"}), frozenset({"other:thing"})]),
    tenant=places,
    factors=st.lists(
        st.builds(Factor, kinds, at=st.sampled_from([NOW, NOW - 60 * MINUTE])),
        max_size=3,
        unique_by=lambda one: one.kind,
    ).map(tuple),
)
grants = st.sets(
    st.tuples(st.just("permission"), st.sampled_from(["order:*", "other:*"]), places)
    | st.tuples(st.just("role"), st.sampled_from(["teller", "clerk"]), places),
    max_size=3,
)


@settings(max_examples=500)
@given(requirement=requirements, principal=callers, held=grants, on=places)
def test_what_a_refusal_says_would_pass_does_pass(requirement, principal, held, on):
    """Everything it says, and nothing else, is carried out."""
    rights = Granted(held)
    decision = check_requirement(requirement, principal, now=NOW, rights=rights, on=on)
    if decision.allowed:
        return
    if not decision.would_pass_if:
        # Only this is beyond help: a restricted credential before a guard that names no permission, and a proof that
        # is to resist phishing, of kinds that never do.
        contradicts = requirement.phishing_resistant and requirement.proof == all_of("password", "totp")
        assert contradicts or (principal.scope is not None and requirement.permission is None)
        return
    wanted = {change.kind: change for change in decision.would_pass_if}
    if wanted.keys() & {"factors", "proof", "phishing_resistant", "fresh"}:
        proven = {factor.kind for factor in principal.factors} | {"password", "totp", "passkey"}
        principal = replace(principal, factors=tuple(Factor(kind, at=NOW) for kind in sorted(proven)))
    if "via" in wanted:
        principal = replace(principal, credential=Credential("session", "s2"))
    if "tenant" in wanted:
        principal = replace(principal, tenant=wanted["tenant"].on)
    if "scope" in wanted:
        principal = replace(principal, scope=principal.scope | {wanted["scope"].value})
    if "permission" in wanted:
        rights.grants.add(("permission", wanted["permission"].value, wanted["permission"].on))
    if "role" in wanted:
        rights.grants |= {("role", name, wanted["role"].on) for name in wanted["role"].value.names}
    assert check_requirement(requirement, principal, now=NOW, rights=rights, on=on).allowed


def test_a_refusal_says_everything_that_is_missing_and_not_only_the_first():
    requirement = Requirement(permission="order:read", role=any_of("teller"), factors=2, fresh=5 * MINUTE)
    principal = Principal("ada", scope=frozenset({"other:thing"}), tenant=("org", "beta"))
    decision = check_requirement(requirement, principal, now=NOW, rights=Granted(()), on=("org", "acme"))
    assert decision.code == "wrong_tenant"
    assert [str(change) for change in decision.would_pass_if] == [
        "factors=2",
        "fresh=5m",
        "tenant=org:acme",
        "scope=order:read",
        "permission=order:read on org:acme",
        "role=teller on org:acme",
    ]
