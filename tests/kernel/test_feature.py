"""Features: frozen values whose constructor is their settings, and which remember what was given."""

import inspect
from dataclasses import fields
from typing import Any, ClassVar

import pytest

from ostiary.kernel.duration import Duration
from ostiary.kernel.feature import Feature, feature, setting
from ostiary.kernel.resources import Resources
from ostiary.kernel.secret import Secret


@feature
class LanternSettings(Feature):
    """The settings alone, as features/<name>/settings.py has them."""

    oil: int = setting(default=3, about="Litres.")
    burns: Duration = setting(default="8h", about="How long.")
    wicks: tuple[str, ...] = setting(factory=tuple, about="Their names.")
    key: Secret | None = setting(default=None, about="Of the lamp-room.", secret=True)


@feature
class Lantern(LanternSettings):
    """A feature over its settings, as features/<name>/__init__.py has it."""

    name: ClassVar[str] = "lantern"
    requires: ClassVar[tuple[str, ...]] = ("matches",)

    colour: str = setting(default="red", about="Of the glass.")


ANY: Any = Lantern


def test_a_feature_has_the_settings_of_both_levels_and_their_defaults() -> None:
    lantern = Lantern()
    assert (lantern.oil, lantern.burns, lantern.wicks, lantern.key, lantern.colour) == (3, "8h", (), None, "red")
    assert [field.name for field in fields(Lantern)] == ["oil", "burns", "wicks", "key", "colour"]


def test_given_remembers_what_was_written_in_code() -> None:
    assert Lantern().given == frozenset()
    assert Lantern(oil=5, colour="green").given == {"oil", "colour"}
    assert LanternSettings(oil=5).given == {"oil"}


def test_a_value_that_equals_the_default_was_given_all_the_same() -> None:
    assert Lantern(oil=3).given == {"oil"}
    assert Lantern(key=None).given == {"key"}


@pytest.mark.parametrize("name", ["oil", "colour", "given", "unheard_of"])
def test_a_feature_cannot_be_changed(name: str) -> None:
    lantern = Lantern()
    # dataclasses raise AttributeError for their fields; for the rest a TypeError in some versions of Python.
    with pytest.raises((AttributeError, TypeError)):
        setattr(lantern, name, 1)
    with pytest.raises((AttributeError, TypeError)):
        delattr(lantern, name)
    assert lantern == Lantern()
    assert not hasattr(lantern, "__dict__")


def test_settings_by_position_are_refused() -> None:
    with pytest.raises(TypeError, match="positional"):
        ANY(5)


def test_a_setting_that_does_not_exist_is_refused_by_its_name() -> None:
    with pytest.raises(TypeError, match="oils"):
        ANY(oils=5)


def test_features_are_equal_by_their_settings() -> None:
    assert Lantern(oil=5) == Lantern(oil=5)
    assert Lantern(oil=5) != Lantern(oil=6)
    assert Lantern(oil=3) == Lantern()
    assert hash(Lantern(oil=5)) == hash(Lantern(oil=5))


@pytest.mark.asvs("V16.2.5")
def test_a_feature_shows_its_settings_and_not_its_secrets() -> None:
    shown = repr(Lantern(oil=5, key=Secret("canary-0f9a")))
    assert "oil=5" in shown
    assert "canary" not in shown
    assert "key" not in shown


def test_an_editor_sees_the_settings_as_keywords() -> None:
    parameters = dict(inspect.signature(Lantern).parameters)
    assert list(parameters) == ["oil", "burns", "wicks", "key", "colour"]
    assert {parameter.kind for parameter in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}


def test_each_setting_says_what_it_is() -> None:
    about = {field.name: field.metadata["about"] for field in fields(Lantern)}
    assert about["oil"] == "Litres."
    assert all(about.values())


def test_a_feature_says_what_it_requires() -> None:
    assert Lantern().required() == ("matches",)
    assert LanternSettings().required() == ()


def test_a_feature_offers_nothing_until_it_says_so() -> None:
    lantern = Lantern()
    assert not lantern.stores()
    assert list(lantern.problems()) == []
    assert (lantern.proofs(), lantern.credential_kinds(), lantern.routes({})) == (frozenset(), frozenset(), ())
    with pytest.raises(LookupError, match="lantern"):
        lantern.contribute(Resources())


def test_a_setting_that_is_mistyped_is_told_with_the_nearest_name() -> None:
    with pytest.raises(TypeError, match=r"Lantern\(\) has no setting 'color': did you mean colour\?"):
        ANY(color="green")
    with pytest.raises(
        TypeError, match=r"Lantern\(\) has no setting 'x': its settings are oil, burns, wicks, key, colour"
    ):
        ANY(x=1)
