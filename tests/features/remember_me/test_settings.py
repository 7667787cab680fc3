"""Settings of remembered browsers: what can be said, and what is refused at the start."""

import pytest
from tests.remembering import REMEMBER, open_remembering_shop, remembered, series, set_cookies
from tests.shop import NOON, FrozenClock

from ostiary import RememberMe, Sessions
from ostiary.flask import Auth
from ostiary.kernel.clock import DAY
from ostiary.kernel.errors import ConfigurationError
from ostiary.storage.prune import prune


def test_it_brings_sessions_and_sign_in_along(tmp_path) -> None:
    from flask import Flask

    app = Flask("alone")
    app.config["OSTIARY_DATABASE_URL"] = f"sqlite:///{tmp_path / 'alone.sqlite3'}"
    Auth(app, [RememberMe()])
    assembly = app.extensions["ostiary"].assembly
    assert ("sessions" in assembly, "sign_in" in assembly, "accounts" in assembly) == (True, True, False)


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        (RememberMe(grace="2h"), "impossible_grace"),
        (RememberMe(grace="never"), "unreadable_setting"),
        (RememberMe(lifetime="0d"), "unreadable_setting"),
        (RememberMe(lifetime=-1), "unreadable_setting"),
    ],
)
def test_what_makes_no_sense_is_refused_at_the_start(sqlite_url, settings, code) -> None:
    with pytest.raises(ConfigurationError) as caught, open_remembering_shop(sqlite_url, remember=settings):
        raise AssertionError
    assert code in [problem.code for problem in caught.value.problems]


def test_settings_are_read_from_the_configuration(sqlite_url, clock: FrozenClock) -> None:
    with open_remembering_shop(sqlite_url, clock=clock, config={"OSTIARY_REMEMBER_ME_LIFETIME": "7d"}) as shop:
        remembered(shop)
        assert series(shop)[0].ends_at == NOON + 7 * DAY


@pytest.mark.asvs("V3.3.1")
@pytest.mark.asvs("V3.3.2")
@pytest.mark.asvs("V3.3.4")
def test_the_cookie_is_as_strict_as_that_of_sessions(sqlite_url, clock: FrozenClock) -> None:
    """flask-login's is not Secure and has no SameSite unless asked for (L4)."""
    with open_remembering_shop(sqlite_url, clock=clock, production=True) as shop:
        answer = shop.browser().vouch("ada", "password", remember=True)
        parts = set(set_cookies(answer)[f"__Host-{REMEMBER}"].split("; ")[1:])
        assert parts == {"Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=2592000"}


def test_the_cookie_goes_where_that_of_sessions_goes(sqlite_url, clock: FrozenClock) -> None:
    shared = Sessions(cookie_domain="shop.example")
    with open_remembering_shop(sqlite_url, clock=clock, production=True, sessions=shared) as shop:
        answer = shop.browser().vouch("ada", "password", remember=True)
        assert "Domain=shop.example" in set_cookies(answer)[f"__Secure-{REMEMBER}"]


def test_series_whose_time_is_over_are_pruned(database_url, clock: FrozenClock) -> None:
    with open_remembering_shop(database_url, clock=clock) as shop:
        remembered(shop)
        (expiring,) = RememberMe().expiring()
        assert prune(shop.database, NOON + 30 * DAY - 1, tables=[expiring]) == {"ostiary_remember_series": 0}
        assert prune(shop.database, NOON + 30 * DAY, tables=[expiring]) == {"ostiary_remember_series": 1}
        assert series(shop) == []
