"""Access tokens: what each must say, and scope as one line of text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.standards.jose.access_token_claims import check_access_token_claims, parse_scope, write_scope
from ostiary.standards.jose.refusals import InvalidToken

NOW = 1_800_000_000
CLAIMS = {
    "iss": "https://shop.example",
    "aud": "https://shop.example",
    "sub": "ada",
    "client_id": "cli",
    "jti": "1",
    "iat": NOW,
    "exp": NOW + 900,
}


def check(claims):
    return check_access_token_claims(
        claims, issuer="https://shop.example", audience="https://shop.example", now=NOW * 1_000
    )


def refusal(claims):
    with pytest.raises(InvalidToken) as caught:
        check(claims)
    return caught.value.reason


@pytest.mark.must("9068-2.2")
@pytest.mark.parametrize("name", sorted(CLAIMS))
def test_none_of_the_claims_may_be_missing_or_blank(name):
    assert check(CLAIMS).subject == "ada"
    assert refusal({key: value for key, value in CLAIMS.items() if key != name}) == "missing_claim"
    assert refusal({**CLAIMS, name: ""}) == "unreadable_claim"


def test_without_a_scope_a_token_is_not_restricted_and_with_an_empty_one_to_nothing():
    assert check(CLAIMS).scope is None
    assert check({**CLAIMS, "scope": ""}).scope == frozenset()
    assert check({**CLAIMS, "scope": "order:read order:write"}).scope == {"order:read", "order:write"}


@pytest.mark.parametrize(
    "scope", [None, 7, ["order:read"], " ", "a  b", "a ", "\u00e4", 'a"', "a\\b", "a\nb", "a" * 5_000]
)
def test_a_scope_that_cannot_be_read_is_never_no_restriction(scope):
    assert refusal({**CLAIMS, "scope": scope}) == "unreadable_claim"


@given(st.frozensets(st.from_regex(r"[a-z]{1,8}:[a-z]{1,8}", fullmatch=True), max_size=10))
def test_a_scope_is_read_as_it_was_written(scope):
    assert parse_scope(write_scope(scope)) == scope


@pytest.mark.parametrize("scope", [{"a b"}, {""}, {"\u00e4"}, {"a" * 256}])
def test_what_a_scope_cannot_hold_is_not_written(scope):
    with pytest.raises(ValueError, match="scope"):
        write_scope(scope)
