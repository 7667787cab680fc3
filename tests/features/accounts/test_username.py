"""Usernames: one script, one form, and nobody's lookalike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.features.accounts.username import LONGEST, parse_username


@pytest.mark.parametrize(
    ("typed", "value", "shown"),
    [
        ("ada", "ada", "ada"),
        ("AdaLovelace", "adalovelace", "AdaLovelace"),
        (" Ada ", "ada", "Ada"),
        ("ａｄａ", "ada", "ada"),
        ("Andre\u0301", "andré", "André"),
        ("straße", "strasse", "straße"),
        ("a", "a", "a"),
        ("12345", "12345", "12345"),
        ("ada.b_c-d", "ada.b_c-d", "ada.b_c-d"),
        ("Ада", "ада", "ада"),
        ("ΆΔΑΣ", "άδασ", "άδασ"),
        ("mi\u212ae", "mike", "miKe"),
        ("x" * LONGEST, "x" * LONGEST, "x" * LONGEST),
    ],
)
def test_every_spelling_of_a_name_has_one_form(typed, value, shown):
    found = parse_username(typed)
    assert (found.kind, found.value, found.shown) == ("username", value, shown)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "ada@shop",
        "ada@shop.example",
        "+4420794609",
        "ada lovelace",
        "ada\tb",
        "ada\n",
        "ada\x00",
        ".ada",
        "ada-",
        "a..b",
        "a._b",
        "ada!",
        "ada/../root",
        "<ada>",
        "ada\u200b",
        "ada\u200d",
        "ad\u202ea",
        "\u0130da",
        "x" * (LONGEST + 1),
        "x" * 10_000,
        "ﷺ" * 200,
        "٣",
        "ada٣",
        "用户",
        "ada\ud800",
    ],
)
def test_what_cannot_be_a_name_is_refused(typed):
    assert parse_username(typed) is None


@pytest.mark.parametrize("typed", ["\u0430da", "ad\u03b1", "\u03bf\u0430", "ad\u0430\u03b1"])
def test_a_name_of_two_scripts_is_refused(typed):
    assert parse_username(typed) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("paul", "PauI"),
        ("paul", "pau1"),
        ("paul", "paui"),
        ("admin", "adm1n"),
        ("admin", "adrnin"),
        ("root", "r00t"),
        ("max", "rnax"),
        ("owen", "ovven"),
        ("coco", "\u0441\u043e\u0441\u043e"),
        ("ovo", "\u03bf\u03bd\u03bf"),
        ("\u0440\u0430", "\u03c1\u03b1"),
        ("caesar", "cæsar"),
        ("dılek", "dilek"),
        ("ǎda", "ăda"),
        ("ţ", "ț"),
        ("ёё", "ëë"),
    ],
)
def test_two_names_that_a_person_would_confuse_look_alike(one, other):
    first, second = parse_username(one), parse_username(other)
    assert first.value != second.value
    assert first.skeleton == second.skeleton


@pytest.mark.parametrize(
    ("one", "other"), [("ada", "adam"), ("ana", "aña"), ("a.b", "a-b"), ("нат", "hat"), ("vera", "nera"), ("o", "ø")]
)
def test_two_names_that_nobody_would_confuse_do_not(one, other):
    assert parse_username(one).skeleton != parse_username(other).skeleton


@given(st.text(max_size=80))
def test_the_form_of_a_form_is_itself(text):
    found = parse_username(text)
    if found is not None:
        again, as_shown = parse_username(found.value), parse_username(found.shown)
        assert (again.value, again.skeleton) == (found.value, found.skeleton)
        assert (as_shown.value, as_shown.skeleton) == (found.value, found.skeleton)
