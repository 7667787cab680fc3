"""Permissions: ``resource:action``, the stars that may be granted, and what a grant covers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.kernel.permission import any_covers, covers, is_permission, is_permission_pattern

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
