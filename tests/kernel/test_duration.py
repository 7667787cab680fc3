"""Durations: what a developer may write, and that everything else is refused with its cure."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.kernel.clock import DAY, HOUR, MINUTE, SECOND
from ostiary.kernel.duration import milliseconds, spell_duration

CENTURY = timedelta(days=36_525)


@pytest.mark.parametrize(
    ("written", "length"),
    [
        (300, 300 * SECOND),
        ("300", 300 * SECOND),
        ("90s", 90 * SECOND),
        ("5m", 5 * MINUTE),
        ("8h", 8 * HOUR),
        ("14d", 14 * DAY),
        ("2w", 14 * DAY),
        (" 5m\n", 5 * MINUTE),
        (timedelta(minutes=5), 5 * MINUTE),
        (timedelta(milliseconds=1), 1),
        (timedelta(microseconds=1_999), 1),
        (1, SECOND),
        (CENTURY, 36_525 * DAY),
        ("36525d", 36_525 * DAY),
    ],
)
def test_a_length_is_read_in_whole_milliseconds(written: Any, length: int) -> None:
    assert milliseconds(written) == length


@pytest.mark.parametrize("written", [0, "0", "0s", "0w", "000", timedelta(0)])
def test_zero_is_no_duration_since_it_has_meant_for_ever(written: Any) -> None:
    with pytest.raises(ValueError, match="not a positive duration"):
        milliseconds(written)


@pytest.mark.parametrize("written", [-1, timedelta(microseconds=-1), timedelta.min])
def test_a_negative_length_is_refused(written: Any) -> None:
    with pytest.raises(ValueError, match="not a positive duration"):
        milliseconds(written)


@pytest.mark.parametrize(
    "written",
    [
        CENTURY + timedelta(microseconds=1),
        timedelta.max,
        "36526d",
        "999999999w",
        3_155_760_001,
        1_700_000_000_000,
        10**30,
        -(10**30),
    ],
)
def test_more_than_a_century_is_a_mistake_of_units(written: Any) -> None:
    with pytest.raises(ValueError, match="longer than a century"):
        milliseconds(written)


def test_less_than_a_millisecond_is_refused_instead_of_becoming_zero() -> None:
    with pytest.raises(ValueError, match="shorter than a millisecond"):
        milliseconds(timedelta(microseconds=999))


@pytest.mark.parametrize(
    "written",
    [
        True,
        False,
        1.5,
        float("nan"),
        float("inf"),
        None,
        b"5m",
        [],
        "",
        " ",
        "m",
        "-5m",
        "+5m",
        "5.5h",
        "1e3",
        "5M",
        "5 m",
        "5min",
        "1h30m",
        "PT5M",
        "٥m",
        "5m\0",
        "1_000",
        "1000000000",
    ],
)
def test_what_cannot_be_read_is_refused_with_the_cure(written: Any) -> None:
    with pytest.raises(ValueError, match="is not a duration: write whole seconds"):
        milliseconds(written)


@given(
    st.one_of(
        st.text(),
        st.from_regex(r"[0-9]{1,12}[smhdw]?", fullmatch=True),
        st.integers(),
        st.floats(),
        st.timedeltas(),
        st.booleans(),
        st.none(),
        st.binary(),
    )
)
def test_reading_answers_a_positive_length_or_raises_value_error_only(written: Any) -> None:
    try:
        length = milliseconds(written)
    except ValueError:
        return
    assert type(length) is int
    assert 0 < length <= 36_525 * DAY


@pytest.mark.parametrize(
    ("length", "spelled"),
    [
        (300_000, "5m"),
        (SECOND, "1s"),
        (90 * SECOND, "90s"),
        (HOUR, "1h"),
        (DAY, "1d"),
        (14 * DAY, "14d"),
        (1, "1ms"),
        (1_500, "1500ms"),
        (0, "0s"),
    ],
)
def test_a_length_is_spelled_in_the_largest_unit_that_divides_it(length: int, spelled: str) -> None:
    assert spell_duration(length) == spelled


@given(st.integers(min_value=1, max_value=999_999_999))
def test_what_is_spelled_is_read_as_the_same_length(seconds: int) -> None:
    assert milliseconds(spell_duration(seconds * SECOND)) == seconds * SECOND
