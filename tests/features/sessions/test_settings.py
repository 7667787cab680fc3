"""Settings of sessions: sound defaults, both timeouts always on, and what makes no sense is refused."""

import pytest
from flask import Flask

from ostiary import ConfigurationError, Sessions
from ostiary.flask import Auth
from ostiary.kernel.clock import DAY, HOUR
from ostiary.kernel.duration import milliseconds


def _codes(feature: Sessions) -> list[str]:
    return [problem.code for problem in feature.problems()]


@pytest.mark.must("63B-5.2")
@pytest.mark.must("63B-2.1.3/2.2.3")
def test_both_timeouts_are_on_by_default_and_within_nist() -> None:
    assert 0 < milliseconds(Sessions().idle) < milliseconds(Sessions().absolute) <= 30 * DAY


def test_the_default_settings_have_no_problem() -> None:
    assert _codes(Sessions()) == []


@pytest.mark.parametrize(
    ("feature", "codes"),
    [
        (Sessions(idle="2d", absolute="1d"), ["idle_longer_than_absolute"]),
        (Sessions(idle="1d", absolute="1d"), []),
        (Sessions(at_most=0), ["no_sessions_allowed"]),
        (Sessions(at_most=-1), ["no_sessions_allowed"]),
        (Sessions(at_most=1), []),
    ],
)
def test_what_makes_no_sense_is_a_problem(feature: Sessions, codes: list[str]) -> None:
    assert _codes(feature) == codes


@pytest.mark.parametrize("never", [0, "0", -1, "-5m", "never", None, ""])
@pytest.mark.parametrize("name", ["idle", "absolute"])
def test_no_timeout_can_be_switched_off(name: str, never) -> None:
    with pytest.raises(ConfigurationError):
        Auth(Flask("shop"), [Sessions(**{name: never})])


def test_what_is_not_given_in_code_is_read_from_the_configuration() -> None:
    app = Flask("shop")
    app.config["OSTIARY_SESSIONS_IDLE"] = "1h"
    Auth(app, [Sessions(absolute="1d")])
    resolved = app.extensions["ostiary"].assembly.get("sessions")
    assert (milliseconds(resolved.idle), milliseconds(resolved.absolute)) == (HOUR, DAY)


def test_a_session_needs_a_database_and_is_read_from_a_cookie() -> None:
    assert Sessions().stores()
    assert Sessions().credential_kinds() == {"session"}
    assert Sessions.requires == ("sign_in",)
