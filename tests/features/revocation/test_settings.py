"""Settings of revocation: what they are, and that nothing else is taken for one of them."""

import pytest
from flask import Flask

from ostiary import Sessions
from ostiary.features.revocation import Revocation, Revocations
from ostiary.flask import Auth
from ostiary.kernel.errors import ConfigurationError


def _application(*features, **config):
    app = Flask("shop")
    app.testing = True
    app.config.update(config)
    Auth(app, [Sessions(), *features])
    return app.extensions["ostiary"].runtime


def test_whoever_says_nothing_is_refused_without_an_answer_and_told_within_a_second() -> None:
    feature = Revocation()
    assert (feature.when_away, feature.staleness) == ("refuse", "1s")


def test_settings_are_read_from_the_configuration() -> None:
    runtime = _application(Revocation(), OSTIARY_REVOCATION_STALENESS="5s", OSTIARY_REVOCATION_WHEN_AWAY="accept")
    feature = runtime.assembly.get("revocation")
    assert (feature.staleness, feature.when_away) == ("5s", "accept")
    assert isinstance(runtime.resources[Revocations], Revocations)


@pytest.mark.parametrize(
    ("name", "value"),
    [("STALENESS", "0s"), ("STALENESS", "soon"), ("STALENESS", "2h"), ("WHEN_AWAY", "maybe")],
)
def test_what_makes_no_sense_stops_the_start(name, value) -> None:
    with pytest.raises(ConfigurationError, match=r"(?i)revocation"):
        _application(Revocation(), **{f"OSTIARY_REVOCATION_{name}": value})
