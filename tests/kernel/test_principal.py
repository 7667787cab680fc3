"""The principal: one frozen value for every way of calling, falsy when nobody is signed in."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.kernel.principal import ANONYMOUS, Credential, Principal, decode_place, encode_place, is_place


def test_nobody_is_falsy_and_everybody_else_is_not() -> None:
    assert not ANONYMOUS
    assert Principal("ada")
    assert Principal("cron", kind="job")
    assert Principal("ci", kind="program", scope=frozenset())


def test_nobody_has_a_scope_that_holds_nothing() -> None:
    assert ANONYMOUS.scope == frozenset()
    assert ANONYMOUS.subject == ""


def test_a_principal_cannot_be_changed() -> None:
    principal = Principal("ada")
    for name, value in {"subject": "eve", "scope": None, "kind": "job"}.items():
        with pytest.raises(AttributeError):
            setattr(principal, name, value)
    with pytest.raises(TypeError):
        principal.claims["admin"] = True  # type: ignore[index]


def test_only_the_subject_is_given_by_position() -> None:
    everything: Any = Principal
    with pytest.raises(TypeError):
        everything("ada", "person")


def test_a_principal_can_be_remembered_under_itself() -> None:
    one = Principal("ada", credential=Credential("session", "1"), claims={"a": [1]})
    same = Principal("ada", credential=Credential("session", "1"), claims={"a": [1]})
    assert one == same
    assert hash(one) == hash(same)
    assert one != Principal("ada", credential=Credential("session", "2"))


@given(st.one_of(st.none(), st.tuples(st.from_regex(r"[a-z_]{1,12}", fullmatch=True), st.text())))
def test_a_place_is_read_as_it_was_written(place: tuple[str, str] | None) -> None:
    assert decode_place(encode_place(place)) == place


def test_a_place_whose_name_has_a_colon_stays_whole() -> None:
    assert decode_place(encode_place(("org", "a:b"))) == ("org", "a:b")


@pytest.mark.parametrize("place", [("org", "acme"), ("org", "a:b"), ("tenant", "17")])
def test_a_place_is_a_kind_and_a_name(place: object) -> None:
    assert is_place(place)


@pytest.mark.parametrize(
    "place",
    [
        None,
        "org:acme",
        ("org",),
        ("org", "a", "b"),
        ("", "a"),
        ("org", ""),
        ("a:b", "c"),
        (1, 2),
        ("org", "a\x00"),
        ("org", "a" * 255),
    ],
)
def test_everything_else_is_none(place: object) -> None:
    assert not is_place(place)
