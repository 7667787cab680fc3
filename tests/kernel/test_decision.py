"""Decisions: true in an ``if`` when allowed, and able to say why not."""

import pytest

from ostiary.kernel.decision import ALLOWED, Decision, Reason, denied


def test_a_decision_is_true_when_it_allows() -> None:
    assert ALLOWED
    assert ALLOWED.code == "allowed"
    assert not denied("missing_role", "the subject is no teller")
    assert not Decision(allowed=False)


def test_a_refusal_says_why_and_what_would_pass() -> None:
    decision = denied("step_up_needed", "the proof is older than 5m", "fresh=5m")
    assert decision.code == "step_up_needed"
    assert decision.because == (Reason("step_up_needed", "the proof is older than 5m"),)
    assert decision.would_pass_if == ("fresh=5m",)


def test_the_first_ground_is_the_decisive_one() -> None:
    decision = Decision(allowed=False, because=(Reason("first", "a"), Reason("second", "b")))
    assert decision.code == "first"


def test_a_decision_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        ALLOWED.allowed = False  # type: ignore[misc]
