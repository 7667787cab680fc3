"""What somebody types is told apart by its shape, and never an error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.features.accounts.identifiers import parse_given, parse_identifier, parse_typed

ALL = ("email", "username", "phone")


@pytest.mark.parametrize(
    ("typed", "kind"),
    [("ada@shop.example", "email"), ("ada", "username"), ("+44 20 7946 0958", "phone"), ("02079460958", "username")],
)
def test_the_shape_says_which_kind_it_is(typed, kind):
    assert parse_typed(typed, ALL).kind == kind


def test_only_a_kind_that_is_switched_on_is_looked_for():
    assert parse_typed("ada", ("email",)) is None
    assert parse_typed("ada@shop.example", ("username", "phone")) is None


@pytest.mark.asvs("V15.3.5")
@pytest.mark.parametrize("odd", [None, 5, 1.5, True, [], {}, b"ada", "\ud800", "\x00", "a" * 10**6])
def test_nothing_odd_is_an_error(odd):
    assert parse_typed(odd, ALL) is None
    for kind in ALL:
        assert parse_identifier(kind, odd) is None


@given(st.text())
def test_no_text_is_an_error(text):
    parse_typed(text, ALL)


def test_no_identifier_of_one_kind_is_taken_for_another():
    for typed in ("ada@shop.example", "ada", "+442079460958"):
        kinds = [kind for kind in ALL if parse_identifier(kind, typed) is not None]
        assert len(kinds) == 1


def test_everything_that_is_wrong_is_said_at_once():
    found, errors = parse_given({"email": "no", "username": "ada", "phone": 5})
    assert [one.value for one in found] == ["ada"]
    assert [(error.field, error.code) for error in errors] == [("email", "not_an_address"), ("phone", "not_a_number")]


def test_what_is_empty_is_not_given():
    assert parse_given({"email": "", "username": None}) == ((), [])
