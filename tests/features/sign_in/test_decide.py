"""What a sign-in comes to: the whole table, and nothing beside it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.shop import NOON

from ostiary.features.sign_in.decide import decide, decide_remembered
from ostiary.kernel.factor import CATEGORIES, Factor, count_factors
from ostiary.kernel.outcome import EnrolmentNeeded, FactorNeeded, Refused, SignedIn


def _decide(*proven: str, wanted: int = 1, provable=(), enrollable=(), subject: str = "ada"):
    factors = tuple(Factor(kind, at=NOON - 1) for kind in proven)
    return decide(subject, factors, epoch=7, wanted=wanted, provable=provable, enrollable=enrollable, now=NOON)


@pytest.mark.asvs("V6.3.4")
@pytest.mark.asvs("V2.3.1")
@pytest.mark.parametrize(
    ("proven", "wanted", "provable", "enrollable", "outcome"),
    [
        # nothing
        ((), 1, (), (), Refused),
        ((), 2, ("totp",), ("passkey",), Refused),
        ((), 0, (), (), Refused),
        # enough
        (("password",), 1, (), (), SignedIn),
        (("app",), 1, (), (), SignedIn),
        (("password",), 1, ("totp",), ("passkey",), SignedIn),
        (("password", "totp"), 2, (), (), SignedIn),
        (("verified_passkey",), 2, (), (), SignedIn),
        (("password", "verified_passkey"), 3, (), (), SignedIn),
        (("password",), 0, (), (), SignedIn),
        # too little, and she could prove another
        (("password",), 2, ("totp",), (), FactorNeeded),
        (("password",), 2, ("totp",), ("passkey",), FactorNeeded),
        (("totp",), 2, ("password",), (), FactorNeeded),
        # too little, and she could enrol another
        (("password",), 2, (), ("totp",), EnrolmentNeeded),
        (("password",), 2, ("pin",), ("totp",), EnrolmentNeeded),
        # too little, and there is none: what rests on the same thing is no second factor
        (("password",), 2, (), (), Refused),
        (("password", "app"), 2, (), (), Refused),
        (("password", "pin"), 2, ("app",), ("password",), Refused),
        (("totp", "email", "sms"), 2, ("recovery_code",), (), Refused),
        # what proves nothing anew signs nobody in, whatever policy wants
        (("remember",), 1, (), (), Refused),
        (("remember",), 0, (), (), Refused),
        (("remember",), 1, ("password",), (), FactorNeeded),
        (("remember", "password"), 2, ("totp",), (), FactorNeeded),
    ],
)
def test_every_line_of_the_table(proven, wanted, provable, enrollable, outcome) -> None:
    decided = _decide(*proven, wanted=wanted, provable=provable, enrollable=enrollable)
    assert type(decided) is outcome


@pytest.mark.asvs("V6.3.4")
@pytest.mark.attack("L8")
@pytest.mark.parametrize(
    ("subject", "wanted", "outcome"),
    [("ada", 1, SignedIn), ("ada", 0, SignedIn), ("ada", 2, Refused), ("ada", 3, Refused), ("", 1, Refused)],
)
def test_a_remembered_browser_is_enough_where_one_factor_is(subject, wanted, outcome) -> None:
    assert type(decide_remembered(subject, epoch=7, wanted=wanted, now=NOON)) is outcome


def test_a_remembered_browser_carries_the_epoch_of_its_series_and_no_factor() -> None:
    decided = decide_remembered("ada", epoch=7, wanted=1, now=NOON)
    assert (decided.subject, decided.epoch, decided.at) == ("ada", 7, NOON)
    assert decided.factors == (Factor("remember", at=NOON),)
    assert count_factors(decided.factors) == 0


def test_the_ways_to_go_on_are_those_that_add_something() -> None:
    decided = _decide("password", wanted=2, provable=("totp", "pin", "email", "app"))
    assert decided.methods == ("email", "totp")
    decided = _decide("password", wanted=2, provable=("pin",), enrollable=("passkey", "pin"))
    assert decided.methods == ("passkey",)


def test_a_sign_in_carries_who_what_when_and_the_epoch_before_its_first_proof() -> None:
    decided = _decide("password")
    assert (decided.subject, decided.epoch, decided.at) == ("ada", 7, NOON)
    assert decided.factors == (Factor("password", at=NOON - 1),)


@pytest.mark.parametrize("proven", [("password",), ()])
def test_no_outcome_is_true_or_false(proven) -> None:
    with pytest.raises(TypeError):
        bool(_decide(*proven))


def test_nobody_is_never_signed_in() -> None:
    assert type(_decide("password", "verified_passkey", subject="")) is Refused


_kinds = st.sampled_from(sorted(CATEGORIES))


@pytest.mark.asvs("V6.3.4")
@given(
    proven=st.lists(_kinds, max_size=6),
    wanted=st.integers(-1, 4),
    provable=st.lists(_kinds, max_size=4),
    enrollable=st.lists(_kinds, max_size=4),
    subject=st.sampled_from(["", "ada"]),
)
def test_nobody_is_signed_in_with_fewer_factors_than_wanted(proven, wanted, provable, enrollable, subject) -> None:
    decided = _decide(*proven, wanted=wanted, provable=provable, enrollable=enrollable, subject=subject)
    count = count_factors(Factor(kind, at=NOON) for kind in proven)
    if type(decided) is SignedIn:
        assert subject
        assert count >= max(1, wanted)
    elif type(decided) is Refused:
        assert not subject or count < max(1, wanted)
    else:
        assert subject
        assert count < max(1, wanted)
        before = set().union(*(CATEGORIES[kind] for kind in proven))
        assert decided.methods
        assert all(CATEGORIES[kind] - before for kind in decided.methods)
