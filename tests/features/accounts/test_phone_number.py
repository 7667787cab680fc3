"""Telephone numbers: E.164, and no guess at the country."""

import pytest

from ostiary.features.accounts.phone_number import parse_phone


@pytest.mark.parametrize("typed", ["+442079460958", "+44 20 7946 0958", " +44 (20) 7946-0958", "+44.20.7946.0958"])
def test_every_spelling_of_a_number_has_one_form(typed):
    found = parse_phone(typed)
    assert (found.kind, found.value, found.shown) == ("phone", "+442079460958", "+442079460958")


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "+",
        "02079460958",
        "442079460958",
        "00442079460958",
        "+0442079460958",
        "+4420794",
        "+4420794609581234",
        "++442079460958",
        "+44207946095a",
        "+44\n2079460958",
        "+٤٤2079460958",
        "+442079460958\x00",
        "+" + " " * 50 + "442079460958",
    ],
)
def test_what_is_no_number_with_its_country_is_refused(typed):
    assert parse_phone(typed) is None
