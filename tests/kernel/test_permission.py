"""Permissions: ``resource:action``, the stars that may be granted, and what a grant covers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.kernel.permission import all_covered, any_covers, covers, is_permission, is_permission_pattern

SEGMENT = st.from_regex(r"[a-z0-9_.-]{1,6}", fullmatch=True)
PERMISSION = st.lists(SEGMENT, min_size=2, max_size=4).map(":".join)


@pytest.mark.parametrize("text", ["order:read", "order:line:read", "a:b", "my-app.orders:read_all", "0:1"])
def test_segments_joined_by_colons_are_a_permission(text: str) -> None:
    assert is_permission(text)
    assert is_permission_pattern(text)


@pytest.mark.parametrize("text", ["*", "order:*", "*:read", "*:*", "order:*:read"])
def test_a_star_can_be_granted_and_not_demanded(text: str) -> None:
    assert is_permission_pattern(text)
    assert not is_permission(text)


@pytest.mark.parametrize(
    "text",
    ["", "order", ":", "order:", ":read", "order::read", "Order:read", "order:read\n", "order read", "ordér:read"]
    + ["order:re*", "**", "*order:read", "order:read order:write", "order:read,order:write"],
)
def test_anything_else_is_neither(text: str) -> None:
    assert not is_permission(text)
    assert not is_permission_pattern(text)


@pytest.mark.parametrize(
    ("pattern", "permission", "covered"),
    [
        ("order:read", "order:read", True),
        ("order:read", "order:write", False),
        ("order:read", "orders:read", False),
        ("order:read", "order:read:own", False),
        ("order:read:own", "order:read", False),
        ("order:*", "order:read", True),
        ("order:*", "order:read:own", True),
        ("order:*", "orders:read", False),
        ("order:*", "invoice:read", False),
        ("*:read", "order:read", True),
        ("*:read", "order:write", False),
        ("*:read", "order:line:read", False),
        ("order:*:read", "order:line:read", True),
        ("order:*:read", "order:line:write", False),
        ("order:*:read", "order:read", False),
        ("*:*", "order:read", True),
        ("*", "order:read", True),
        ("", "order:read", False),
    ],
)
def test_a_grant_covers_what_it_says_and_no_more(pattern: str, permission: str, covered: bool) -> None:
    assert covers(pattern, permission) is covered


@given(PERMISSION, PERMISSION)
def test_without_a_star_only_the_same_permission_is_covered(granted: str, wanted: str) -> None:
    assert covers(granted, wanted) == (granted == wanted)
    assert covers("*", wanted)
    assert covers(f"{wanted.partition(':')[0]}:*", wanted)


@given(st.lists(PERMISSION, max_size=5), PERMISSION)
def test_one_grant_is_enough_and_none_covers_nothing(granted: list[str], wanted: str) -> None:
    assert any_covers(granted, wanted) == (wanted in granted)
    assert not any_covers((), wanted)


WORD = st.sampled_from(["a", "b", "*"])
PATTERN = st.lists(WORD, min_size=2, max_size=4).map(":".join) | st.just("*")
DEEP = st.lists(st.sampled_from(["a", "b"]), min_size=2, max_size=9).map(":".join)


@given(st.lists(PATTERN, max_size=6), DEEP | PATTERN)
def test_a_set_of_grants_says_what_each_grant_says(granted: list[str], wanted: str) -> None:
    assert any_covers(frozenset(granted), wanted) == any(covers(pattern, wanted) for pattern in granted)


@given(PATTERN, PATTERN, DEEP)
def test_a_pattern_that_is_covered_covers_nothing_more(granted: str, wanted: str, permission: str) -> None:
    if all_covered({granted}, {wanted}) and covers(wanted, permission):
        assert covers(granted, permission)


def test_all_are_covered_if_each_is() -> None:
    assert all_covered({"order:*", "user:read"}, {"order:read", "order:line:*", "user:read"})
    assert not all_covered({"order:*"}, {"order:read", "user:read"})
    assert all_covered((), ())


def test_how_many_grants_there_are_does_not_matter() -> None:
    """Of a set only the few patterns that could cover it are asked for; nothing walks through it."""

    class Unwalked(frozenset[str]):
        def __iter__(self):
            raise AssertionError("walked")

    held = Unwalked({f"resource{number}:*" for number in range(10_000)})
    assert any_covers(held, "resource77:read")
    assert not any_covers(held, "other:read")
