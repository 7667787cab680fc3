"""Settings of accounts: what cannot be is told at the start, with its cure."""

import pytest
from flask import Flask

from ostiary import Accounts, ConfigurationError, Field, Sessions
from ostiary.flask import Auth


def problems(**settings):
    return [problem.code for problem in Accounts(**settings).problems()]


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"identifiers": ("email", "passport")}, "unknown_identifier"),
        ({"identifiers": ()}, "no_identifiers"),
        ({"identifiers": ("email", "email")}, "identifier_twice"),
        ({"fields": [Field("email")]}, "field_name_taken"),
        ({"fields": [Field("name"), Field("name")]}, "duplicate_field"),
    ],
)
def test_what_cannot_be_is_a_problem(settings, code):
    assert problems(**settings) == [code]


def test_the_defaults_are_fit_to_serve():
    assert problems() == []
    assert Accounts().identifiers == ("email",)
    assert Accounts().registration == "open"
    assert Accounts().unverified_may_sign_in is False


def test_settings_are_read_from_the_configuration():
    app = Flask("x")
    app.testing = True
    app.config.update(OSTIARY_ACCOUNTS_IDENTIFIERS="email, username", OSTIARY_ACCOUNTS_REGISTRATION="closed")
    Auth(app, [Accounts(), Sessions()])
    found = app.extensions["ostiary"].assembly.get("accounts")
    assert (found.identifiers, found.registration) == (("email", "username"), "closed")


@pytest.mark.parametrize(
    ("name", "value"), [("REGISTRATION", "sometimes"), ("IDENTIFIERS", "passport"), ("FIELDS", "display_name")]
)
def test_a_setting_that_cannot_be_stops_the_start(name, value):
    app = Flask("x")
    app.testing = True
    app.config[f"OSTIARY_ACCOUNTS_{name}"] = value
    with pytest.raises(ConfigurationError):
        Auth(app, [Accounts(), Sessions()])
