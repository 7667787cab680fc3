"""Factors: kinds and categories, how many proofs are how many factors, and the column they are kept in."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.kernel.factor import (
    CATEGORIES,
    PHISHING_RESISTANT,
    Category,
    Evidence,
    Factor,
    count_factors,
    decode_factors,
    encode_factors,
    merge_factors,
)

AT = 1_700_000_000_000
INSTANTS = st.integers(min_value=100_000_000_000, max_value=99_999_999_999_999)
FACTORS = st.one_of(
    st.builds(Factor, st.sampled_from(sorted(CATEGORIES)), at=INSTANTS),
    st.builds(
        Factor,
        st.sampled_from(["app", "social", "passkey", "verified_passkey"]),
        at=INSTANTS,
        phishing_resistant=st.booleans(),
    ),
)


# --- one factor ---------------------------------------------------------------------------------------------


def test_a_kind_that_is_unknown_is_refused_with_the_kinds_there_are() -> None:
    with pytest.raises(ValueError, match="'pasword' is not a kind of proof; the kinds are app, .*password"):
        Factor("pasword", at=AT)


@pytest.mark.parametrize(
    "at",
    [0, -1, AT // 1000, 99_999_999_999, AT * 1000, 100_000_000_000_000, float(AT), float("nan"), True, None, "now"],
)
def test_a_time_that_is_not_whole_milliseconds_is_refused(at: Any) -> None:
    with pytest.raises(ValueError, match="milliseconds since the Unix epoch"):
        Factor("password", at=at)


@given(FACTORS)
def test_the_time_of_a_proof_is_an_aware_datetime_too(factor: Factor) -> None:
    assert factor.proven_at.tzinfo is UTC
    assert abs(factor.proven_at.timestamp() * 1000 - factor.at) < 1


def test_the_datetime_is_the_instant() -> None:
    assert Factor("app", at=AT).proven_at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


@pytest.mark.parametrize("kind", sorted(CATEGORIES))
def test_only_passkeys_resist_phishing_unless_it_is_said(kind: str) -> None:
    assert Factor(kind, at=AT).phishing_resistant == (kind in {"passkey", "verified_passkey"})
    assert not Factor(kind, at=AT, phishing_resistant=False).phishing_resistant


@pytest.mark.must("63B-3.2.5")
@pytest.mark.parametrize("kind", ["totp", "sms", "email", "recovery_code", "password", "pin", "remember"])
def test_what_is_typed_never_resists_phishing_whatever_is_said(kind: str) -> None:
    # SP 800-63B-4 §3.2.5: what a person copies from one place to another can be relayed.
    assert kind not in PHISHING_RESISTANT
    with pytest.raises(ValueError, match="does not resist phishing"):
        Factor(kind, at=AT, phishing_resistant=True)
    with pytest.raises(ValueError, match="does not resist phishing"):
        decode_factors(f"{kind}@{AT}!")


@pytest.mark.parametrize("kind", ["app", "social", "passkey", "verified_passkey"])
def test_who_verified_the_proof_may_say_that_it_resists_phishing(kind: str) -> None:
    assert Factor(kind, at=AT, phishing_resistant=True).phishing_resistant


def test_a_factor_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Factor("password", at=AT).at = AT + 1  # type: ignore[misc]


def test_the_kinds_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        CATEGORIES["horoscope"] = frozenset({Category.IS})  # type: ignore[index]


# --- how many -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kinds", "count"),
    [
        ([], 0),
        (["remember"], 0),
        (["password"], 1),
        (["password", "password"], 1),
        (["password", "pin"], 1),
        (["password", "app"], 1),
        (["email", "totp"], 1),
        (["password", "remember"], 1),
        (["password", "totp"], 2),
        (["app", "passkey"], 2),
        (["verified_passkey"], 2),
        (["password", "verified_passkey"], 3),
    ],
)
def test_two_proofs_of_one_category_are_one_factor(kinds: list[str], count: int) -> None:
    assert count_factors(Factor(kind, at=AT) for kind in kinds) == count


@given(st.lists(FACTORS), st.lists(FACTORS))
def test_more_proofs_are_never_fewer_factors(some: list[Factor], more: list[Factor]) -> None:
    assert count_factors(some) <= count_factors([*some, *more]) <= 3


# --- merging ------------------------------------------------------------------------------------------------


@given(st.lists(FACTORS), st.lists(FACTORS))
def test_merging_keeps_the_newest_proof_of_each_kind_oldest_first(earlier: list[Factor], later: list[Factor]) -> None:
    merged = merge_factors(earlier, later)
    everything = [*earlier, *later]
    assert {factor.kind for factor in merged} == {factor.kind for factor in everything}
    assert len({factor.kind for factor in merged}) == len(merged)
    assert [factor.at for factor in merged] == sorted(factor.at for factor in merged)
    for factor in merged:
        assert factor.at == max(other.at for other in everything if other.kind == factor.kind)
    assert merge_factors(merged, ()) == merged


def test_of_two_proofs_of_one_instant_the_later_one_counts() -> None:
    plain, resistant = (Factor("social", at=AT, phishing_resistant=resists) for resists in (False, True))
    assert merge_factors([plain], [resistant]) == (resistant,)


# --- the column ---------------------------------------------------------------------------------------------


def test_factors_are_written_as_one_line() -> None:
    written = encode_factors([Factor("password", at=AT), Factor("passkey", at=AT + 1000)])
    assert written == "password@1700000000000 passkey@1700000001000!"


@given(st.lists(FACTORS))
def test_what_is_written_is_read_as_the_same_factors(factors: list[Factor]) -> None:
    assert decode_factors(encode_factors(factors)) == tuple(factors)


@pytest.mark.parametrize(
    "text",
    [
        "password",
        "password@",
        "@1700000000000",
        "password@1700000000000!!",
        "password@!1700000000000",
        "password@1700000000",
        "password@1700000000000.0",
        "password@1_700_000_000_000",
        "password@+1700000000000",
        "password@01700000000000",
        "password@١٧٠٠٠٠٠٠٠٠٠٠٠",
        "horoscope@1700000000000",
        "PASSWORD@1700000000000",
        "password@1700000000000  passkey@1700000000000",
        "password@1700000000000\npasskey@1700000000000",
        " ",
        pytest.param("password@" + "9" * 5_000, id="too long a number"),
    ],
)
def test_a_column_that_nothing_of_ours_wrote_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any; the next test holds that it is nothing else
        decode_factors(text)


@given(st.one_of(st.text(), st.from_regex(r"((pass(word|key)|app)@[0-9!]{0,16} ?){1,3}", fullmatch=True)))
def test_reading_a_column_raises_value_error_only(text: str) -> None:
    try:
        factors = decode_factors(text)
    except ValueError:
        return
    assert encode_factors(factors) == text


def test_evidence_vouches_without_an_epoch_unless_it_has_one() -> None:
    evidence = Evidence("ada", Factor("app", at=AT))
    assert (evidence.epoch, evidence.guessed) == (None, None)
