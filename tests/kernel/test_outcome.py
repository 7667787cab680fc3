"""Outcomes of a sign-in: values that cannot be mistaken for yes or no."""

from typing import Any

import pytest

from ostiary.kernel.factor import Factor
from ostiary.kernel.outcome import EnrolmentNeeded, FactorNeeded, Outcome, Refused, SignedIn

AT = 1_700_000_000_000
PASSWORD = (Factor("password", at=AT),)
OUTCOMES: list[Outcome] = [
    SignedIn(subject="ada", factors=PASSWORD, epoch=0, at=AT),
    FactorNeeded(subject="ada", factors=PASSWORD, epoch=0, methods=("totp",)),
    EnrolmentNeeded(subject="ada", factors=PASSWORD, epoch=0, methods=("totp",)),
    Refused(code="suspended", detail="since yesterday"),
]


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: type(outcome).__name__)
def test_an_outcome_is_neither_true_nor_false(outcome: Any) -> None:
    name = type(outcome).__name__
    with pytest.raises(TypeError, match=f"a {name} is neither true nor false"):
        bool(outcome)
    with pytest.raises(TypeError):
        not outcome  # noqa: B018 - what an application would write by mistake
    with pytest.raises(TypeError):
        _ = outcome and "let in"
    with pytest.raises(TypeError):
        any([outcome])


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: type(outcome).__name__)
def test_an_outcome_cannot_be_changed(outcome: Any) -> None:
    with pytest.raises((AttributeError, TypeError)):
        outcome.subject = "eve"


def test_outcomes_are_told_apart_by_their_type() -> None:
    assert len({type(outcome) for outcome in OUTCOMES}) == len(OUTCOMES)
    assert OUTCOMES[1] != OUTCOMES[2]


def test_the_values_of_an_outcome_are_given_by_name() -> None:
    everything: Any = SignedIn
    with pytest.raises(TypeError):
        everything("ada", PASSWORD, 0, AT)
