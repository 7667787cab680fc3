"""Settings of passwords: what cannot be meant is told before the start, with its cure."""

import pytest
from flask import Flask

from ostiary import ConfigurationError, Passwords, Sessions
from ostiary.features.passwords.old_hashes import FORMATS
from ostiary.flask import Auth
from ostiary.kernel.secret import Secret


async def _to_be_awaited(*_: str) -> None: ...


def _lookup(_: str) -> None: ...


def _check(*_: str) -> None: ...


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"lookup": _lookup, "check": _check}, "lookup_and_check"),
        ({"lookup": _to_be_awaited}, "async_lookup"),
        ({"check": _to_be_awaited}, "async_check"),
        ({"lookup": _lookup, "on_rehash": _to_be_awaited}, "async_on_rehash"),
        ({"new_accounts": "create"}, "create_without_check"),
        ({"lookup": _lookup, "new_accounts": "create"}, "create_without_check"),
        ({"on_rehash": _check}, "on_rehash_without_lookup"),
        ({"min_length": 7}, "impossible_min_length"),
        ({"breach_list": "/nowhere"}, "no_breach_list"),
        ({"breaches": "online", "breach_url": "http://mirror.example/"}, "breach_url_not_https"),
        ({"legacy": ("md5",)}, "unknown_legacy"),
        ({"legacy": ("flask-security",)}, "flask_security_without_salt"),
        ({"flask_security_salt": Secret("x")}, "flask_security_without_salt"),
        ({"memory_kib": 1_024}, "weak_password_hash"),
        ({"hash_slots": 0}, "no_hash_slots"),
    ],
)
def test_what_cannot_be_meant_is_a_problem_with_a_cure(settings, code: str) -> None:
    problems = list(Passwords(**settings).problems())
    assert [problem.code for problem in problems] == [code]
    assert all(problem.what and problem.cure for problem in problems)


@pytest.mark.parametrize(
    ("settings", "with_accounts"),
    [
        ({}, True),
        ({"lookup": _lookup}, False),
        ({"check": _check}, False),
        ({"check": _check, "new_accounts": "create"}, True),
    ],
)
def test_accounts_come_with_passwords_unless_the_users_are_elsewhere(settings, with_accounts) -> None:
    required = Passwords(**settings).required()
    assert "sign_in" in required
    assert ("accounts" in required) == with_accounts
    assert Passwords(**settings).stores() == (not settings)
    assert not list(Passwords(**settings).problems())


def test_every_format_can_be_listed_and_read_from_the_configuration(sqlite_url: str, tmp_path) -> None:
    app = Flask("configured")
    (tmp_path / "breaches").write_text("")
    app.config.update(
        OSTIARY_SECRET_KEY="Zk7Qw2mXp9Rt4Lc8Vb1Nf6Hj3Gd5Sy0a-Test",
        OSTIARY_DATABASE_URL=sqlite_url,
        OSTIARY_PASSWORDS_LEGACY=",".join(FORMATS),
        OSTIARY_PASSWORDS_FLASK_SECURITY_SALT="salt",
        OSTIARY_PASSWORDS_MIN_LENGTH="12",
        OSTIARY_PASSWORDS_CONTEXT_WORDS="acme, bakery",
        OSTIARY_PASSWORDS_BREACH_LIST=str(tmp_path / "breaches"),
    )
    Auth(app, [Passwords(), Sessions()])
    with app.app_context():
        actions = app.extensions["ostiary"].runtime.actions["passwords"]
    assert actions.policy.min_length == 12
    assert set(actions.policy.site_words) >= {"acme", "bakery"}
    assert len(actions._hasher._old._readers) == len(FORMATS)
    assert "salt" not in repr(Passwords(legacy=("flask-security",), flask_security_salt=Secret("salt"))).replace(
        "flask_security_salt", ""
    )


def test_a_format_that_is_misspelt_in_the_configuration_stops_the_start() -> None:
    app = Flask("misspelt")
    app.config.update(OSTIARY_SECRET_KEY="Zk7Qw2mXp9Rt4Lc8Vb1Nf6Hj3Gd5Sy0a-Test", OSTIARY_PASSWORDS_LEGACY="werkzoig")
    with pytest.raises(ConfigurationError, match="werkzoig"):
        Auth(app, [Passwords(), Sessions()])
