"""Settings of API keys: what cannot work is told at the start, with its cure."""

import pytest
from flask import Flask

from ostiary import ApiKeys, ConfigurationError
from ostiary.flask import Auth


def _codes(**settings):
    return [problem.code for problem in ApiKeys(**settings).problems()]


def test_the_defaults_are_fine_and_end_every_key() -> None:
    assert _codes() == []
    assert (ApiKeys().expires, ApiKeys().longest) == ("365d", "730d")


@pytest.mark.parametrize("prefix", ["", "o", "Acme", "acme_", "1acme", "a" * 17, "ac me", "açme", "acme\n"])
def test_a_prefix_that_no_scanner_could_find_is_refused(prefix) -> None:
    assert _codes(prefix=prefix) == ["impossible_prefix"]


@pytest.mark.parametrize(
    "header", ["", "Authorization", "COOKIE", "X API Key", "X-API-Key\r\n", "-Key", "X_API_KEY", "X-Kéy"]
)
def test_a_header_that_cannot_carry_a_key_is_refused(header) -> None:
    assert _codes(header=header) == ["impossible_header"]


@pytest.mark.parametrize("limit", ["", "many", "600", "0/minute", "600/fortnight"])
def test_a_limit_that_cannot_be_read_is_refused(limit) -> None:
    assert _codes(limit=limit) == ["unreadable_limit"]


def test_a_life_longer_than_the_longest_and_no_keys_at_all_are_refused() -> None:
    assert _codes(expires="366d", longest="365d") == ["expires_later_than_longest"]
    assert _codes(at_most=0) == ["no_keys_allowed"]


@pytest.mark.parametrize("expires", [0, "0d", "for ever", "101y", -1])
def test_a_life_without_an_end_cannot_be_written(expires) -> None:
    app = Flask("shop")
    with pytest.raises(ConfigurationError, match="unreadable_setting"):
        Auth(app, [ApiKeys(expires=expires)])


def test_settings_come_from_the_configuration_as_well() -> None:
    app = Flask("shop")
    app.config.update(OSTIARY_API_KEYS_PREFIX="acme", OSTIARY_API_KEYS_LIMIT="5/minute", OSTIARY_API_KEYS_AT_MOST="3")
    Auth(app, [ApiKeys()])
    resolved = app.extensions["ostiary"].assembly.get("api_keys")
    assert (resolved.prefix, resolved.limit, resolved.at_most) == ("acme", "5/minute", 3)
