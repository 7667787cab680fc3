"""Registered claims: from whom, for whom, since and until when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.standards.jose.refusals import InvalidToken
from ostiary.standards.jose.registered_claims import (
    MOST_LEEWAY,
    check_audience,
    check_issuer,
    check_validity,
    moment_claim,
    name_claim,
)

NOW = 1_800_000_000
ISSUER = "https://shop.example"


def refusal(act, *args, **kwargs):
    with pytest.raises(InvalidToken) as caught:
        act(*args, **kwargs)
    return caught.value.reason


def valid(now=NOW * 1_000, leeway=0, **claims):
    return check_validity({"iat": NOW, "exp": NOW + 900, **claims}, now=now, leeway=leeway)


@pytest.mark.asvs("V9.2.1")
@pytest.mark.must("7519-4.1.4/5")
@pytest.mark.attack("C9")
def test_a_token_ends_at_the_very_instant_it_names():
    end = (NOW + 900) * 1_000
    assert valid(end - 1) == (NOW * 1_000, end)
    assert refusal(valid, end) == "expired"
    assert refusal(valid, end + 1) == "expired"
    assert valid(end + 59_999, leeway=60_000)
    assert refusal(valid, end + 60_000, leeway=60_000) == "expired"


@pytest.mark.attack("C9")
def test_a_token_is_not_valid_before_the_instant_it_names():
    assert valid(nbf=NOW)
    assert refusal(valid, nbf=NOW + 1) == "not_yet_valid"
    assert valid(nbf=NOW + 60, leeway=60_000)
    assert refusal(valid, nbf=NOW + 61, leeway=60_000) == "not_yet_valid"
    assert valid(iat=NOW + 60)
    assert refusal(valid, iat=NOW + 61) == "not_yet_valid"


@pytest.mark.asvs("V9.2.1")
@pytest.mark.parametrize("leeway", [-1, MOST_LEEWAY + 1])
def test_a_leeway_is_at_most_a_minute(leeway):
    with pytest.raises(ValueError, match="leeway"):
        valid(leeway=leeway)


@pytest.mark.attack("C7")
@pytest.mark.must("7519-4.1.4/5")
@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
@pytest.mark.parametrize(
    "value", ["1800000900", True, False, float("nan"), float("inf"), -1, -0.5, 10**40, 253_402_300_800, [], {}, 1e300]
)
def test_a_time_that_is_none_is_refused(name, value):
    assert refusal(valid, **{name: value}) == "unreadable_claim"


def test_a_time_may_have_a_fraction():
    assert moment_claim({"exp": NOW + 0.5}, "exp") == NOW * 1_000 + 500


@pytest.mark.attack("C8")
@pytest.mark.parametrize("name", ["exp", "iat"])
def test_a_time_that_is_missing_is_refused(name):
    claims = {"iat": NOW, "exp": NOW + 900}
    del claims[name]
    assert refusal(check_validity, claims, now=NOW * 1_000) == "missing_claim"
    assert refusal(check_validity, {**claims, name: None}, now=NOW * 1_000) == "missing_claim"


@pytest.mark.attack("C11")
@pytest.mark.must("8725-3.8")
@pytest.mark.parametrize("said", ["https://shop.example/", "https://shop.exampl", "https://shop.example.evil", "HTTPS://SHOP.EXAMPLE",
                                  "__https://shop.example__", "https://shop.example\u0000", " https://shop.example"])  # fmt: skip
def test_an_issuer_is_compared_letter_by_letter(said):
    check_issuer({"iss": ISSUER}, ISSUER)
    assert refusal(check_issuer, {"iss": said}, ISSUER) == "wrong_issuer"


@pytest.mark.asvs("V9.2.3")
@pytest.mark.must("7519-4.1.3")
@pytest.mark.must("8725-3.9")
def test_we_are_named_among_the_audience_exactly():
    assert check_audience({"aud": "us"}, "us") == {"us"}
    assert check_audience({"aud": ["them", "us"]}, "us") == {"us", "them"}
    for said in ("u", "us ", "US", "usx", ["them"], "them us"):
        assert refusal(check_audience, {"aud": said}, "us") == "wrong_audience"
    for said in ([], {}, 7, True, ["us", 7], ["us", ""], "", ["us"] * 33, [["us"]]):
        assert refusal(check_audience, {"aud": said}, "us") == "unreadable_claim"
    for claims in ({}, {"aud": None}):
        assert refusal(check_audience, claims, "us") == "missing_claim"


@pytest.mark.attack("C12")
@pytest.mark.attack("C13")
@pytest.mark.parametrize("value", ["", 7, True, [], {}, "a" * 256, "a" * 10_000])
def test_a_name_that_is_none_is_refused(value):
    assert refusal(name_claim, {"sub": value}, "sub") == "unreadable_claim"
    assert refusal(name_claim, {}, "sub") == "missing_claim"


@given(st.dictionaries(st.sampled_from(["exp", "iat", "nbf"]), st.floats() | st.integers() | st.text() | st.booleans()))
def test_whatever_the_times_are_nothing_but_invalid_token_is_raised(claims):
    try:
        check_validity(claims, now=NOW * 1_000)
    except InvalidToken:
        pass
