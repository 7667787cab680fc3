"""Forms: a refused form comes back with what was typed, except passwords, and each error beside its field."""

import pytest

from ostiary.kernel.errors import FieldError, MalformedRequest, SignInRefused, ValidationFailed
from ostiary.web.body import Fields
from ostiary.web.form import Form, FormField, merge_errors

FORM = Form(
    FormField(name="email", label="Email address", type="email", autocomplete="email"),
    FormField(name="password", label="Password", type="password", autocomplete="new-password"),
    FormField(name="token", label="", type="hidden"),
)


def typed(**values):
    return Fields({name: [value] for name, value in values.items()}, is_json=False)


def test_what_was_typed_is_there_again_and_a_password_never():
    form = FORM.again(typed(email="ada@example.com", password="correct horse", token="t"), SignInRefused())
    assert [field.value for field in form] == ["ada@example.com", "", ""]
    assert form.errors == (SignInRefused.public_message,)


def test_each_error_stands_beside_its_field_and_the_others_above_the_form():
    error = ValidationFailed(
        FieldError("password", "too_short", "Use more."),
        FieldError("password", "too_common", "Use another."),
        FieldError("company", "required", "Company is needed."),
    )
    form = FORM.again(typed(email="x"), error)
    assert form.password.errors == ("Use more.", "Use another.")
    assert form.email.errors == ()
    assert form.errors == ("Company is needed.",)


def test_errors_that_all_have_a_place_leave_nothing_to_say_above():
    assert FORM.again(None, ValidationFailed(FieldError("email", "x", "Not an address."))).errors == ()


def test_a_field_that_could_not_be_read_is_named():
    error = MalformedRequest("The field email has to be text.", members={"field": "email"})
    doubled = Fields({"email": ["a", "b"]}, is_json=False)
    form = FORM.again(doubled, error)
    assert (form.email.errors, form.email.value) == (("The field email has to be text.",), "")


def test_a_refusal_without_a_text_is_never_an_empty_page():
    assert FORM.again(None, ValidationFailed()).errors == (ValidationFailed.public_message,)


def test_a_form_that_was_filled_in_is_another_form():
    filled = FORM.filled(token="secret")
    assert (filled.token.value, FORM.token.value) == ("secret", "")


def test_templates_ask_by_name_and_programs_by_list():
    assert FORM.email.label == "Email address"
    assert "email" in FORM
    with pytest.raises(AttributeError):
        _ = FORM.company
    assert FORM.as_json()[0] == {"name": "email", "label": "Email address", "type": "email", "required": True}


def test_what_is_wrong_is_told_at_once():
    one, other = ValidationFailed(FieldError("a", "x", "A.")), ValidationFailed(FieldError("b", "y", "B."))
    assert [error.field for error in merge_errors(one, None, other).errors] == ["a", "b"]
    assert merge_errors(None, None) is None
