"""Settings: code beats ``app.config`` beats the environment beats the default, and every problem has its cure."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.kernel.duration import Duration
from ostiary.kernel.errors import Problem
from ostiary.kernel.feature import Feature, feature, setting
from ostiary.kernel.secret import Secret
from ostiary.kernel.settings import Sources, Unreadable, read_setting, resolve, setting_names, unknown_setting


@feature
class LanternSettings(Feature):
    oil: int = setting(default=3, about="Litres.")
    burns: Duration = setting(default="8h", about="How long.")
    dims_after: Duration | None = setting(default=None, about="When.")
    lit: bool = setting(default=False, about="Whether.")
    glass: Literal["red", "green"] = setting(default="red", about="Its colour.")
    wicks: tuple[str, ...] = setting(default=(), about="Their names.")
    hooks: frozenset[str] = setting(default=frozenset(), about="Where it hangs.")
    at_most: int | None = setting(default=None, about="How many.")
    key: Secret | None = setting(default=None, about="Of the lamp-room.", secret=True)
    keeper: Callable[[str], str] | None = setting(default=None, about="Who lights it.")


@feature
class Lantern(LanternSettings):
    name: ClassVar[str] = "lantern"


def resolved(
    lantern: Lantern | None = None,
    *,
    config: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
) -> tuple[Lantern, list[Problem]]:
    problems: list[Problem] = []
    sources = Sources(config=config or {}, environment=environment or {})
    return resolve(lantern or Lantern(), sources, problems), problems


# --- precedence ---------------------------------------------------------------------------------------------

CONFIG = {"OSTIARY_LANTERN_OIL": 20}
ENVIRONMENT = {"OSTIARY_LANTERN_OIL": "30"}


def test_code_beats_the_configuration_beats_the_environment_beats_the_default() -> None:
    assert resolved(Lantern(oil=10), config=CONFIG, environment=ENVIRONMENT)[0].oil == 10
    assert resolved(config=CONFIG, environment=ENVIRONMENT)[0].oil == 20
    assert resolved(environment=ENVIRONMENT)[0].oil == 30
    assert resolved()[0].oil == 3


def test_what_code_gives_wins_even_if_it_is_the_default() -> None:
    assert resolved(Lantern(oil=3), config=CONFIG, environment=ENVIRONMENT)[0].oil == 3
    assert resolved(Lantern(at_most=None), environment={"OSTIARY_LANTERN_AT_MOST": "5"})[0].at_most is None


def test_a_new_value_is_made_and_the_shared_one_stays_as_it_was() -> None:
    shared = Lantern()
    first, _ = resolved(shared, config={"OSTIARY_LANTERN_OIL": 1})
    second, _ = resolved(shared, config={"OSTIARY_LANTERN_OIL": 2})
    assert (shared.oil, first.oil, second.oil) == (3, 1, 2)
    assert shared.given == frozenset()


def test_defaults_are_without_problems() -> None:
    lantern, problems = resolved()
    assert lantern == Lantern()
    assert problems == []


# --- files --------------------------------------------------------------------------------------------------


@pytest.mark.asvs("V13.3.1")
def test_a_file_may_hold_the_value(tmp_path: Path) -> None:
    held = tmp_path / "key"
    held.write_text("from the file\n")
    for sources in (
        {"config": {"OSTIARY_LANTERN_KEY_FILE": str(held)}},
        {"environment": {"OSTIARY_LANTERN_KEY_FILE": str(held)}},
    ):
        lantern, problems = resolved(**sources)
        assert problems == []
        assert lantern.key == Secret("from the file")


def test_a_file_beats_the_environment_and_not_the_configuration(tmp_path: Path) -> None:
    held = tmp_path / "oil"
    held.write_text("40")
    environment = {**ENVIRONMENT, "OSTIARY_LANTERN_OIL_FILE": str(held)}
    assert resolved(environment=environment)[0].oil == 40
    assert resolved(config=CONFIG, environment=environment)[0].oil == 20


@pytest.mark.parametrize("kind", ["missing", "folder", "not text", "NUL"])
def test_a_file_that_cannot_be_read_is_a_problem(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "held"
    if kind == "folder":
        path.mkdir()
    elif kind == "not text":
        path.write_bytes(b"canary\xff")
    named = f"{path}\0" if kind == "NUL" else str(path)
    lantern, problems = resolved(config={"OSTIARY_LANTERN_OIL_FILE": named})
    assert lantern.oil == 3
    assert [problem.code for problem in problems] == ["unreadable_setting"]
    assert "OSTIARY_LANTERN_OIL_FILE in app.config names a file that cannot be read" in problems[0].cure
    assert "canary" not in str(problems[0])


# --- reading text -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("oil", "7", 7),
        ("oil", " -7 ", -7),
        ("burns", "30m", "30m"),
        ("burns", "90", "90"),
        ("dims_after", "5m", "5m"),
        ("lit", "1", True),
        ("lit", "Yes", True),
        ("lit", "on", True),
        ("lit", "TRUE", True),
        ("lit", "0", False),
        ("lit", "off", False),
        ("lit", "no", False),
        ("lit", "", False),
        ("glass", "green", "green"),
        ("wicks", "a, b,,c ", ("a", "b", "c")),
        ("wicks", "", ()),
        ("hooks", "door,gate", frozenset({"door", "gate"})),
        ("at_most", "5", 5),
        ("key", "s3cret", Secret("s3cret")),
    ],
)
def test_text_is_read_by_the_type_of_the_setting(name: str, text: str, value: object) -> None:
    lantern, problems = resolved(environment={f"OSTIARY_LANTERN_{name.upper()}": text})
    assert problems == []
    assert getattr(lantern, name) == value
    assert type(getattr(lantern, name)) is type(value)


@pytest.mark.parametrize(
    ("name", "value", "cure"),
    [
        ("oil", "three", "a whole number"),
        ("oil", "3.5", "a whole number"),
        ("oil", "٣", "a whole number"),
        pytest.param("oil", "9" * 5_000, "a whole number", id="too long a number"),
        ("oil", True, "a whole number"),
        ("oil", None, "a whole number"),
        ("burns", "0", "not a positive duration"),
        ("burns", "soon", "write whole seconds"),
        ("burns", True, "is not a duration"),
        ("burns", None, "is not a duration"),
        ("burns", "999999999w", "longer than a century"),
        ("dims_after", "never", "write whole seconds"),
        ("lit", "maybe", "true or false"),
        ("lit", None, "true or false"),
        ("glass", "blue", "one of 'red', 'green'"),
        ("glass", ["red"], "one of 'red', 'green'"),
        ("at_most", "many", "a whole number"),
        ("key", 5, "it must be text, not int"),
        ("keeper", "ada", "given in code only"),
    ],
)
def test_what_cannot_be_read_is_a_problem_with_its_cure(name: str, value: object, cure: str) -> None:
    key = f"OSTIARY_LANTERN_{name.upper()}"
    lantern, problems = resolved(config={key: value})
    assert [problem.code for problem in problems] == ["unreadable_setting"]
    assert cure in problems[0].cure
    assert key in problems[0].cure
    assert f"app.config[{key!r}]" in problems[0].what
    assert getattr(lantern, name) == getattr(Lantern(), name)


def test_what_code_gives_is_read_too() -> None:
    wrong: Any = Lantern
    _, problems = resolved(wrong(oil="many"))
    assert "Lantern(oil=…) cannot be read" in problems[0].what


def test_every_problem_is_collected() -> None:
    environment = {"OSTIARY_LANTERN_OIL": "x", "OSTIARY_LANTERN_BURNS": "x", "OSTIARY_LANTERN_LIT": "x"}
    _, problems = resolved(environment=environment)
    assert len(problems) == 3
    assert all("the environment variable OSTIARY_LANTERN_" in problem.what for problem in problems)


@pytest.mark.asvs("V16.2.5")
def test_a_secret_that_cannot_be_read_is_not_in_the_problem() -> None:
    _, problems = resolved(config={"OSTIARY_LANTERN_KEY": b"canary-0f9a"})
    assert len(problems) == 1
    assert "canary" not in str(problems[0])


def test_a_function_can_be_given_in_code_or_in_the_configuration() -> None:
    assert resolved(Lantern(keeper=str.upper))[0].keeper == str.upper
    assert resolved(config={"OSTIARY_LANTERN_KEEPER": str.lower})[0].keeper == str.lower


def test_values_of_their_own_type_are_taken_as_they_are() -> None:
    config = {"OSTIARY_LANTERN_BURNS": timedelta(hours=1), "OSTIARY_LANTERN_AT_MOST": None, "OSTIARY_LANTERN_LIT": True}
    lantern, problems = resolved(config=config)
    assert problems == []
    assert (lantern.burns, lantern.at_most, lantern.lit) == (timedelta(hours=1), None, True)


HINTS: list[Any] = [int, bool, str, Secret, Duration, Duration | None, int | None, Literal["a"], tuple[str, ...]]


@given(
    st.sampled_from(HINTS),
    st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.booleans(), st.binary(), st.lists(st.text())),
)
def test_reading_a_setting_raises_unreadable_and_nothing_else(hint: Any, raw: object) -> None:
    try:
        read_setting(raw, hint)
    except Unreadable as error:
        assert str(error)


# --- names --------------------------------------------------------------------------------------------------


def test_the_names_of_settings_follow_the_feature_and_its_fields() -> None:
    names = setting_names([Lantern])
    assert {"LANTERN_OIL", "LANTERN_BURNS", "LANTERN_DIMS_AFTER"} <= names
    assert len(names) == 10


def test_every_name_of_ours_is_seen_wherever_it_stands() -> None:
    sources = Sources(config={"OSTIARY_A": 1, "SECRET_KEY": 2}, environment={"OSTIARY_B": "", "PATH": ""})
    assert sorted(sources.names()) == [("A", True), ("B", False)]


@pytest.mark.parametrize("name", ["LANTERN_OILS", "LANTERN_BURN", "LANTERN_DIM_AFTER", "LANTER_OIL"])
def test_an_unknown_name_gets_the_nearest_known_one(name: str) -> None:
    problem = unknown_setting(name, setting_names([Lantern]))
    nearest = {
        "LANTERN_OILS": "LANTERN_OIL",
        "LANTERN_BURN": "LANTERN_BURNS",
        "LANTERN_DIM_AFTER": "LANTERN_DIMS_AFTER",
        "LANTER_OIL": "LANTERN_OIL",
    }[name]
    assert problem.code == "unknown_setting"
    assert problem.what == f"OSTIARY_{name} is not a setting of Ostiary"
    assert problem.cure == f"did you mean OSTIARY_{nearest}?"


def test_the_file_of_an_unknown_name_is_compared_without_its_ending() -> None:
    assert unknown_setting("LANTERN_KEI_FILE", setting_names([Lantern])).cure == "did you mean OSTIARY_LANTERN_KEY?"


def test_a_name_that_is_like_nothing_gets_no_guess() -> None:
    assert "remove it" in unknown_setting("ZZZ", setting_names([Lantern])).cure
