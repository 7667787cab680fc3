"""Fields of a registration: read strictly, bounded, and only those that are declared."""

import pytest

from ostiary import Field
from ostiary.features.accounts.field import field_problems, parse_fields


def read(field, *given):
    values, errors = parse_fields([field], {field.name: given[0]} if given else {})
    return errors[0].code if errors else values[field.name]


@pytest.mark.attack("N16")
@pytest.mark.asvs("V15.3.3")
def test_what_is_not_declared_is_not_read():
    given = {
        "display_name": "Ada",
        "is_admin": True,
        "role": "admin",
        "email_verified": "true",
        "id": "1",
        "state": "active",
    }
    assert parse_fields([Field("display_name")], given) == ({"display_name": "Ada"}, [])


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ("Ada", "Ada"),
        ("  Ada ", "Ada"),
        ("Ame\u0301lie", "Amélie"),
        ("x" * 200, "x" * 200),
        ("x" * 201, "too_long"),
        ("x" * 10**6, "too_long"),
        ("", "required"),
        ("   ", "required"),
        (None, "required"),
        ("a\x00b", "not_text"),
        ("a\nb", "not_text"),
        ("a\x1bb", "not_text"),
        ("a\ud800b", "not_text"),
        ("a\u2028b", "not_text"),
        ("\u202eadA", "not_text"),
        ("a\u200bb", "not_text"),
        ("a\U000e0041b", "not_text"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        (5, "not_text"),
        (True, "not_text"),
        ([], "not_text"),
        ({"$ne": ""}, "not_text"),
    ],
)
@pytest.mark.asvs("V15.3.5")
def test_a_text_is_one_line_of_text(given, value):
    assert read(Field("name"), given) == value


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (5, 5),
        ("5", 5),
        ("-5", -5),
        ("007", 7),
        (0, 0),
        (10**18 - 1, 10**18 - 1),
        (10**18, "not_a_number"),
        ("9" * 18, 10**18 - 1),
        ("9" * 19, "not_a_number"),
        ("9" * 10**6, "not_a_number"),
        ("1_000", "not_a_number"),
        ("٥", "not_a_number"),
        (" 5", "not_a_number"),
        ("5.0", "not_a_number"),
        (5.0, "not_a_number"),
        (True, "not_a_number"),
        ("", "required"),
        (None, "required"),
        ([5], "not_a_number"),
    ],
)
def test_a_number_is_a_whole_number(given, value):
    found = read(Field("age", int), given)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (True, True),
        ("on", True),
        ("true", True),
        ("1", True),
        (False, "required"),
        ("off", "required"),
        (None, "required"),
        ("", "required"),
        (1, "not_boolean"),
        ("maybe", "not_boolean"),
        ([], "not_boolean"),
    ],
)
def test_a_box_that_is_required_has_to_be_ticked(given, value):
    assert read(Field("terms", bool), given) == value


def test_what_may_be_absent_is_there_all_the_same():
    fields = [Field("name", required=False), Field("age", int, required=False), Field("news", bool, required=False)]
    assert parse_fields(fields, {}) == ({"name": None, "age": None, "news": False}, [])


def test_everything_that_is_wrong_is_said_at_once():
    values, errors = parse_fields([Field("name"), Field("age", int, label="Your age")], {"age": "old"})
    assert values == {}
    assert [(error.field, error.code, error.message) for error in errors] == [
        ("name", "required", "Name is needed."),
        ("age", "not_a_number", "Your age has to be a whole number."),
    ]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        (["name"], "not_a_field"),
        ([Field("Name")], "unusable_field_name"),
        ([Field("first name")], "unusable_field_name"),
        ([Field("x" * 65)], "unusable_field_name"),
        ([Field("email")], "field_name_taken"),
        ([Field("username")], "field_name_taken"),
        ([Field("password")], "field_name_taken"),
        ([Field("roles")], "field_name_taken"),
        ([Field("ostiary_csrf")], "field_name_taken"),
        ([Field("name"), Field("name")], "duplicate_field"),
        ([Field("price", float)], "unknown_field_type"),
        ([Field("name", max_length=0)], "impossible_field_length"),
        ([Field("name", max_length=10**9)], "impossible_field_length"),
        ([Field("name", autocomplete="full-name")], "unknown_autocomplete"),
        ([Field("name", autocomplete='name" onfocus="x')], "unknown_autocomplete"),
        ([Field("name", autocomplete="current-password")], "unknown_autocomplete"),
    ],
)
def test_a_field_that_cannot_be_is_a_problem_with_its_cure(fields, code):
    problems = list(field_problems(fields))
    assert [problem.code for problem in problems] == [code]
    assert problems[0].cure
