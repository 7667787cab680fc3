"""Decisions: true in an ``if`` when allowed, and able to say why not."""

import pytest

from ostiary.kernel.decision import ALLOWED, Change, Decision, Reason, denied, parse_change


def test_a_decision_is_true_when_it_allows() -> None:
    assert ALLOWED
    assert ALLOWED.code == "allowed"
    assert not denied("missing_role", "the subject is no teller")
    assert not Decision(allowed=False)


def test_a_refusal_says_why_and_what_would_pass() -> None:
    decision = denied("step_up_needed", "the proof is older than 5m", "fresh=5m")
    assert decision.code == "step_up_needed"
    assert decision.because == (Reason("step_up_needed", "the proof is older than 5m"),)
    assert decision.would_pass_if == (Change("fresh", "5m"),)
    assert str(decision.would_pass_if[0]) == "fresh=5m"


def test_the_first_ground_is_the_decisive_one() -> None:
    decision = Decision(allowed=False, because=(Reason("first", "a"), Reason("second", "b")))
    assert decision.code == "first"


def test_a_decision_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        ALLOWED.allowed = False  # type: ignore[misc]


def test_a_change_is_spelled_in_the_words_of_a_guard() -> None:
    assert str(Change("sign_in")) == "sign_in"
    assert str(Change("role", "editor", on=("org", "acme"))) == "role=editor on org:acme"
    assert str(Change("tenant", on=("org", "acme"))) == "tenant=org:acme"
    assert str(Change("attribute", None, of="deleted_at")) == "deleted_at=None"


def test_a_change_of_no_kind_is_refused() -> None:
    assert parse_change("sign_in") == Change("sign_in")
    with pytest.raises(ValueError, match="names no change"):
        parse_change("mood=good")


TREE = Decision(
    allowed=False,
    because=(
        Reason(
            "policy_denies",
            "edit of Article",
            children=(
                Reason("owner", "she wrote it", met=True, public=True),
                Reason("where", "locked", met=None, children=(Reason("locked", "It is locked.", public=True),)),
            ),
        ),
    ),
    would_pass_if=(Change("attribute", False, of="locked"), Change("fresh", "5m")),
)


def test_a_decision_prints_its_grounds_as_a_tree() -> None:
    assert list(TREE.lines()) == [
        "denied",
        "  - policy_denies: edit of Article",
        "    + owner: she wrote it",
        "    ? where: locked",
        "      - locked: It is locked.",
        "would pass if: locked=False, fresh=5m",
    ]


def test_a_decision_is_ready_for_json() -> None:
    found = TREE.as_json()
    assert (found["allowed"], found["code"]) == (False, "policy_denies")
    assert found["would_pass_if"] == ["locked=False", "fresh=5m"]
    assert found["because"][0]["because"][0] == {"code": "owner", "met": True, "text": "she wrote it"}


def test_a_visitor_reads_the_first_public_ground_that_speaks_against_her() -> None:
    reason = TREE.public_reason
    assert reason is not None
    assert reason.text == "It is locked."
    assert denied("missing_role", "the subject is no teller").public_reason is None
