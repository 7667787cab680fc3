"""What an application's ``Auth`` keeps: is this development, is this a script or a command, who is the client."""

import logging
import sys

import pytest
from flask import Flask
from tests.shop import KEY
from werkzeug.middleware.proxy_fix import ProxyFix

from ostiary import ConfigurationError, Sessions
from ostiary.flask import Auth
from ostiary.flask.state import runs_our_command
from ostiary.kernel.client import NO_CLIENT

SAME = {"Sec-Fetch-Site": "same-origin"}
PRODUCTION = {
    "OSTIARY_DEVELOPMENT": "0",
    "OSTIARY_SECRET_KEY": KEY,
    "OSTIARY_PUBLIC_URL": "https://shop.example",
}


def make(config=None, *, testing=True, features=None):
    app = Flask("shop")
    app.testing = testing
    app.config.update(config or {})
    auth = Auth(app, [Sessions()] if features is None else features)
    app.add_url_rule("/in", "in", lambda: auth.sign_in("ada").response(), methods=["POST"])
    return app, auth


# Development


@pytest.mark.parametrize(
    ("setup", "environment", "development"),
    [
        ({"debug": True}, "0", True),
        ({"testing": True}, "0", True),
        ({}, "1", True),
        ({}, "yes", True),
        ({}, "0", False),
        ({}, "", False),
        ({}, None, False),
    ],
)
def test_development_is_debug_or_testing_or_said_so(monkeypatch, setup, environment, development):
    if environment is None:
        monkeypatch.delenv("OSTIARY_DEVELOPMENT")
    else:
        monkeypatch.setenv("OSTIARY_DEVELOPMENT", environment)
    app, _ = make({name: value for name, value in PRODUCTION.items() if "DEVELOPMENT" not in name}, testing=False)
    for name, value in setup.items():
        setattr(app, name, value)
    assert app.extensions["ostiary"].development is development


def test_what_cannot_be_read_makes_nothing_easier():
    with pytest.raises(ConfigurationError, match="OSTIARY_DEVELOPMENT cannot be read") as caught:
        make({**PRODUCTION, "OSTIARY_DEVELOPMENT": "perhaps"}, testing=False)
    assert [problem.code for problem in caught.value.problems] == ["unreadable_setting"]


def test_debug_that_is_said_after_construction_counts():
    app, _ = make({"OSTIARY_DEVELOPMENT": "1"}, testing=False)
    app.config["OSTIARY_DEVELOPMENT"] = "0"
    app.debug = True
    assert app.extensions["ostiary"].runtime.cookies.prefix == ""


@pytest.mark.asvs("V3.3.1")
@pytest.mark.asvs("V13.4.2")
def test_the_switch_of_development_does_not_outlive_the_start():
    app, _ = make(PRODUCTION, testing=False)
    assert app.extensions["ostiary"].runtime.cookies.prefix == "__Host-"
    app.debug = True
    assert app.extensions["ostiary"].runtime.cookies.prefix == "__Host-"


# flask ostiary …


@pytest.mark.parametrize(
    ("words", "ours"),
    [
        (["/venv/bin/flask", "ostiary", "check"], True),
        (["flask", "--app", "shop", "ostiary", "db", "upgrade"], True),
        (["flask", "-A", "shop", "-e", ".env", "--debug", "ostiary"], True),
        (["flask", "--app=shop", "ostiary"], True),
        (["/venv/lib/flask/__main__.py", "ostiary", "check"], True),
        (["flask.exe", "ostiary"], True),
        (["/venv/bin/ostiary", "--app", "shop:app", "check"], True),
        (["flask", "run"], False),
        (["flask", "--app", "ostiary", "run"], False),
        (["flask", "run", "ostiary"], False),
        (["flask", "--debug"], False),
        (["gunicorn", "ostiary"], False),
        (["pytest"], False),
    ],
)
def test_our_own_commands_are_known_by_the_words_they_are_run_with(monkeypatch, words, ours):
    monkeypatch.setattr(sys, "argv", words)
    assert runs_our_command() is ours


def test_under_our_own_command_an_application_that_could_not_serve_is_made_all_the_same(monkeypatch):
    monkeypatch.setenv("OSTIARY_DEVELOPMENT", "0")
    with pytest.raises(ConfigurationError):
        make(testing=False)
    monkeypatch.setattr(sys, "argv", ["flask", "--app", "shop", "ostiary", "check"])
    app, _ = make(testing=False)
    problems = app.extensions["ostiary"].deployment_problems()
    assert [problem.code for problem in problems] == ["no_public_url", "no_secret_key"]


def test_the_database_is_found_also_while_the_deployment_is_not_fit_to_serve(monkeypatch, sqlite_url):
    monkeypatch.setattr(sys, "argv", ["flask", "ostiary", "db", "upgrade"])
    app, _ = make({"OSTIARY_DEVELOPMENT": "0", "OSTIARY_DATABASE_URL": sqlite_url}, testing=False)
    state = app.extensions["ostiary"]
    assert str(state.find_database().file) == sqlite_url.removeprefix("sqlite:///")
    with pytest.raises(ConfigurationError):
        _ = state.runtime


# Settings that nothing reads


def test_a_setting_of_a_feature_that_is_off_says_so():
    with pytest.raises(ConfigurationError, match="the feature passwords is not switched on"):
        make({"OSTIARY_PASSWORDS_WAITING": 5})


def test_every_unknown_name_is_told_with_the_nearest_one(caplog, monkeypatch):
    monkeypatch.setenv("OSTIARY_SECRET_KEYS", "x")
    with pytest.raises(ConfigurationError) as caught:
        make({"OSTIARY_SESSIONS_IDEL": 1, "OSTIARY_PUBLIC_ULR": "x", "OSTIARY_QUX": 1})
    assert [problem.code for problem in caught.value.problems] == ["unknown_setting"] * 3
    assert "OSTIARY_SESSIONS_IDLE" in str(caught.value)
    assert "OSTIARY_PUBLIC_URL" in str(caught.value)
    make()
    assert "did you mean OSTIARY_SECRET_KEY?" in caplog.text


# The client


def client_of(app, environ=None, **headers):
    environ = {"REMOTE_ADDR": "203.0.113.5", **(environ or {})}
    with app.test_request_context("/", headers=headers, environ_overrides=environ):
        return app.extensions["ostiary"].client()


def test_outside_a_request_there_is_no_client():
    assert make()[0].extensions["ostiary"].client() == NO_CLIENT


@pytest.mark.asvs("V4.1.3")
@pytest.mark.must("9700-4.13")
def test_a_header_of_a_proxy_that_nobody_stated_is_not_believed():
    app, _ = make()
    forged = {"X-Forwarded-For": "198.51.100.7", "Forwarded": "for=198.51.100.7", "X-Real-IP": "198.51.100.7"}
    assert client_of(app, **forged).network == "203.0.113.5"
    stated, _ = make({"OSTIARY_TRUSTED_PROXIES": 1})
    assert client_of(stated, **{"X-Forwarded-For": "1.1.1.1, 198.51.100.7"}).network == "198.51.100.7"


def test_behind_a_proxy_that_nobody_stated_nothing_is_counted_and_it_is_told_once(caplog):
    app, _ = make()
    with caplog.at_level(logging.WARNING, "ostiary"):
        for _ in range(3):
            found = client_of(app, {"REMOTE_ADDR": "10.0.0.1"}, **{"X-Forwarded-For": "198.51.100.7"})
            assert found.network is None
    assert caplog.text.count("OSTIARY_TRUSTED_PROXIES") == 1


def test_where_proxy_fix_ran_its_answer_is_used():
    app, _ = make({"OSTIARY_TRUSTED_PROXIES": 3})
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1)
    seen = []
    app.add_url_rule("/seen", "seen", lambda: seen.append(app.extensions["ostiary"].client().network) or "")
    headers = {"X-Forwarded-For": "1.1.1.1, 198.51.100.7"}
    app.test_client().get("/seen", headers=headers, environ_overrides={"REMOTE_ADDR": "10.0.0.1"})
    assert seen == ["198.51.100.7"]


@pytest.mark.attack("U13")
def test_what_a_browser_says_of_itself_is_cut():
    app, _ = make()
    assert len(client_of(app, **{"User-Agent": "x" * 64_000}).device) == 300
    assert client_of(app, **{"User-Agent": ""}).device is None


# Functions that would have to be awaited
