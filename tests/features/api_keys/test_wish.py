"""What a new key is to be: everything that is wrong is told at once, and nothing impossible is stored."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.features.api_keys.wish import parse_wish, tenant_text
from ostiary.kernel.clock import DAY
from ostiary.kernel.errors import ValidationFailed
from ostiary.kernel.permission import is_permission_pattern


def _wish(**changes):
    wanted = {"name": "export", "scope": None, "expires": None, "limit": None, "tenant": None, **changes}
    return parse_wish(**wanted, default=365 * DAY, longest=730 * DAY)


def _wrong(**changes):
    with pytest.raises(ValidationFailed) as refused:
        _wish(**changes)
    return [(error.field, error.code) for error in refused.value.errors]


def test_what_is_not_said_is_the_default() -> None:
    wish = _wish(name="  export  ")
    assert (wish.name, wish.scope, wish.lives_for, wish.limit, wish.tenant) == ("export", None, 365 * DAY, None, None)


def test_everything_that_is_wrong_is_told_at_once() -> None:
    errors = _wrong(name="", scope=["Order"], expires="x", limit="x", tenant=("org",))
    assert errors == [
        ("name", "unusable"), ("scope", "no_permission"), ("expires", "unusable"), ("limit", "unusable"), ("tenant", "unusable"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["", "  ", "a" * 101, "a\nb", "a\x00b", "\x1b[2J", "a\u202eb", None, 5, ["a"]])
def test_a_name_is_one_line_that_can_be_shown(name) -> None:
    assert _wrong(name=name) == [("name", "unusable")]


@pytest.mark.parametrize(
    ("scope", "code"),
    [
        ([], "empty"), ((), "empty"), ([""], "no_permission"), (["order read"], "no_permission"), (["ORDER:READ"], "no_permission"),
        ([None], "no_permission"), ([["order:read"]], "no_permission"), (["order"], "no_permission"), (["a:" + "b" * 200], "no_permission"),
        ([f"a:b{n}" for n in range(65)], "too_many"),
    ],
)  # fmt: skip
def test_a_scope_that_says_nothing_clear_is_refused_and_never_taken_for_everything(scope, code) -> None:
    assert (("scope", code)) in _wrong(scope=scope)


def test_one_permission_may_be_written_without_a_list() -> None:
    assert _wish(scope="order:read").scope == ("order:read",)
    assert _wish(scope={"order:*", "order:*", "*"}).scope == ("*", "order:*")


@given(
    scope=st.lists(
        st.one_of(st.text(max_size=20), st.from_regex(r"[a-z]{1,4}:([a-z]{1,4}|\*)", fullmatch=True)), max_size=8
    )
)
def test_only_permissions_are_ever_stored_and_all_of_them_come_back(scope) -> None:
    try:
        wish = _wish(scope=scope)
    except ValidationFailed:
        assert not scope or not all(map(is_permission_pattern, scope))
    else:
        assert frozenset(" ".join(wish.scope).split()) == frozenset(scope)


@pytest.mark.parametrize("expires", [0, -1, "0d", "never", "", True, "1e9d"])
def test_a_life_is_a_length_of_time(expires) -> None:
    assert _wrong(expires=expires) == [("expires", "unusable")]


def test_no_key_lives_longer_than_the_longest() -> None:
    assert _wish(expires="730d").lives_for == 730 * DAY
    assert _wrong(expires="731d") == [("expires", "too_long")]


@pytest.mark.parametrize(
    "tenant", ["org", ("org",), ("", "acme"), ("org", ""), ("a:b", "c"), (1, 2), ("org", "a\x00"), ["o", "a", "b"]]
)
def test_a_place_is_a_kind_and_a_name(tenant) -> None:
    assert _wrong(tenant=tenant) == [("tenant", "unusable")]


def test_a_place_comes_back_as_it_went() -> None:
    assert tenant_text(_wish(tenant=("org", "acme:west"))) == "org:acme:west"
