"""Assembly: the features that are listed and those they bring; what nothing could ever meet."""

from dataclasses import replace
from typing import ClassVar

import pytest
from tests.badges import Badges, Roles

from ostiary import AuditLog, Passwords, RateLimits, RememberMe, Sessions, SignIn, all_of, any_of
from ostiary.kernel.feature import Feature, feature
from ostiary.kernel.requirement import SIGNED_IN, Requirement
from ostiary.kernel.settings import Sources
from ostiary.runtime.assembly import all_feature_names, assemble, every_feature, feature_class, provable, unmet


def assembled(*listed, **environment):
    problems = []
    found = assemble(listed, Sources(config={}, environment=environment), problems)
    return found, problems


def names(assembly):
    return [feature.name for feature in assembly.features]


def test_a_feature_brings_what_it_requires_each_after_what_it_needs():
    assembly, problems = assembled(Sessions())
    assert problems == []
    assert names(assembly) == ["rate_limits", "audit_log", "sign_in", "sessions"]


def test_the_order_in_which_features_are_listed_does_not_matter():
    listed = [Passwords(lookup={}.get), SignIn(page="login"), Sessions(idle="1h"), AuditLog(), RateLimits()]
    orders = [names(assembled(*listed)[0]), names(assembled(*reversed(listed))[0])]
    for order in orders:
        assert sorted(order) == ["audit_log", "passwords", "rate_limits", "sessions", "sign_in"]
        assert order.index("sign_in") < min(order.index("passwords"), order.index("sessions"))
    assert assembled(*listed)[0].get("sign_in").page == "login", "what was listed, not what was brought"


def test_nothing_listed_is_nothing():
    assembly, problems = assembled()
    assert (assembly.features, problems, assembly.stores(), assembly.routes()) == ((), [], False, ())
    assert assembly.get("sessions") is None
    assert "sessions" not in assembly


def test_the_value_an_application_shares_never_changes():
    shared = Sessions(at_most=3)
    found, _ = assembled(shared, OSTIARY_SESSIONS_IDLE="1h", OSTIARY_SESSIONS_AT_MOST="9")
    assert (found.get("sessions").idle, found.get("sessions").at_most) == ("1h", 3)
    assert shared.idle == "14d"
    assert "idle" not in shared.given


@pytest.mark.parametrize(
    ("listed", "code", "cure"),
    [
        ([Sessions], "feature_not_constructed", "Sessions()"),
        ([Sessions(), Sessions()], "feature_listed_twice", "once"),
        (["sessions"], "not_a_feature", "Sessions()"),
        ([None], "not_a_feature", "list features"),
        ([Passwords(min_length=4)], "impossible_min_length", "15"),
        ([Sessions(idle="never")], "unreadable_setting", "OSTIARY_SESSIONS_IDLE"),
        ([Sessions(), SignIn(policy=2)], "requirement_cannot_be_met", "vouches"),
        ([Sessions(cookie_domain="https://shop.example")], "not_a_domain", "leading dot"),
        ([Sessions(cookie_domain=".shop.example")], "not_a_domain", "leading dot"),
        ([Sessions(cookie_domain="shop.example; Path=/x")], "not_a_domain", "leading dot"),
        ([SignIn(policy=7)], "impossible_policy", "1 or 2"),
        ([RememberMe(), SignIn(policy=2, vouches=("totp",))], "remembered_never_enough", "leave RememberMe() out"),
        ([SignIn(vouches=("charm",))], "unknown_proof", "the kinds are"),
    ],
)
def test_what_is_wrong_is_told_with_its_cure(listed, code, cure):
    _, problems = assembled(*listed)
    assert code in [problem.code for problem in problems]
    assert cure in " ".join(problem.cure for problem in problems if problem.code == code)


def test_everything_that_is_wrong_is_told_at_once():
    _, problems = assembled(Sessions, "x", Passwords(min_length=4), SignIn(policy=2))
    assert {problem.code for problem in problems} == {
        "feature_not_constructed",
        "not_a_feature",
        "impossible_min_length",
        "requirement_cannot_be_met",
    }


def test_features_that_require_each_other_come_to_an_end():
    @feature
    class Audience(Feature):
        name: ClassVar[str] = "audience"
        requires: ClassVar[tuple[str, ...]] = ("audience",)

    assert names(assembled(Audience())[0]) == ["audience"]


def test_every_folder_of_features_is_a_feature_of_that_name():
    assert {one.name for one in every_feature()} == all_feature_names()
    for name in all_feature_names():
        assert feature_class(name).name == name


# What could never be met


@pytest.mark.parametrize(
    ("requirement", "features", "words"),
    [
        (SIGNED_IN, [], "nothing here reads a credential"),
        (SIGNED_IN, [SignIn()], "nothing here reads a credential"),
        (Requirement(role=any_of("teller")), [Sessions()], "role teller"),
        (Requirement(permission="order:read"), [Sessions()], "permission 'order:read'"),
        (Requirement(role=any_of("teller", "Boss")), [Sessions(), Roles()], "the role 'Boss'"),
        (Requirement(via=any_of("bearer")), [Sessions()], "via='bearer'"),
        (Requirement(via=any_of("session", "bearer")), [Sessions()], "via='bearer'"),
        (Requirement(proof=any_of("charm")), [Sessions()], "no kind of proof"),
        (Requirement(proof=any_of("totp")), [Sessions()], "nobody can give"),
        (Requirement(proof=all_of("password", "totp")), [Sessions()], "nobody can give"),
        (Requirement(factors=2), [Sessions()], "1 can be proven"),
        (Requirement(factors=3), [Sessions(), SignIn(vouches=("totp",))], "2 can be proven"),
        (Requirement(phishing_resistant=True), [Sessions(), SignIn(vouches=("totp",))], "resists phishing"),
    ],
)
def test_a_requirement_that_nothing_can_meet_is_named(requirement, features, words):
    problems = unmet(requirement, assembled(*features)[0], "the guard of 'orders'")
    assert problems
    assert all(problem.code == "requirement_cannot_be_met" for problem in problems)
    assert words in problems[0].what
    assert problems[0].what.startswith("the guard of 'orders' asks for")


@pytest.mark.parametrize(
    ("requirement", "features"),
    [
        (SIGNED_IN, [Sessions()]),
        (SIGNED_IN, [Badges()]),
        (Requirement(role=any_of("teller"), permission="order:read"), [Sessions(), Roles()]),
        (Requirement(via=any_of("session", "badge")), [Sessions(), Badges()]),
        (Requirement(proof=any_of("password", "totp")), [Sessions()]),
        (Requirement(factors=2, proof=all_of("password", "totp")), [Sessions(), SignIn(vouches=("totp",))]),
        (Requirement(factors=3), [Sessions(), SignIn(vouches=("verified_passkey",))]),
        (Requirement(phishing_resistant=True), [Sessions(), SignIn(vouches=("passkey",))]),
        (Requirement(fresh=60_000), [Sessions()]),
    ],
)
def test_a_requirement_that_can_be_met_is_no_problem(requirement, features):
    assert unmet(requirement, assembled(*features)[0], "here") == []


def test_an_application_may_always_check_a_password_by_itself():
    assert provable(assembled(Sessions())[0]) == {"app", "password"}
    assert provable(assembled(Sessions(), SignIn(vouches=("totp",)))[0]) == {"app", "password", "totp"}


def test_an_assembly_is_a_value():
    assembly, _ = assembled(Sessions())
    assert replace(assembly) == assembly
