"""Limits: the texts that are one, and that exactly as many uses fit as the text says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.kernel.clock import DAY, HOUR, MINUTE, SECOND
from ostiary.kernel.limit import Limit, parse_limit


@pytest.mark.parametrize(
    ("text", "count", "period"),
    [
        ("10/5m", 10, 5 * MINUTE),
        ("600/minute", 600, MINUTE),
        ("1/second", 1, SECOND),
        ("5/hour", 5, HOUR),
        ("1000/day", 1000, DAY),
        ("5/30", 5, 30 * SECOND),
        (" 10 / 5m ", 10, 5 * MINUTE),
        ("1000/1s", 1000, SECOND),
        ("1/2w", 1, 14 * DAY),
    ],
)
def test_a_limit_is_a_count_and_a_period(text: str, count: int, period: int) -> None:
    assert parse_limit("login", text) == Limit("login", count, period)


@pytest.mark.parametrize(
    "text",
    ["", "/", "10", "10/", "/5m", "0/5m", "-1/5m", "010/5m", "1.5/m", "10/0m", "10/fortnight", "10/5M", "10/m"]
    + ["10/5m/3", "1e3/day", "٥/5m", "10/5m\n", "1000000000/day", "1/999999999w"],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - from here or from the duration; both say the cure
        parse_limit("login", text)


def test_more_than_one_each_millisecond_limits_nothing() -> None:
    with pytest.raises(ValueError, match="limits nothing"):
        parse_limit("login", "1001/1s")


@given(st.text())
def test_reading_a_limit_raises_value_error_only(text: str) -> None:
    try:
        parse_limit("login", text)
    except ValueError:
        return


@given(st.integers(min_value=1, max_value=10_000), st.integers(min_value=10_000, max_value=DAY))
def test_exactly_as_many_fit_at_once_as_the_limit_says(count: int, period: int) -> None:
    limit = Limit("login", count, period)
    assert limit.burst // limit.cost == count
    # Rounding to whole milliseconds never lets uses come back faster than the limit says.
    assert limit.cost * count >= period
    assert (limit.cost - 1) * count < period


def test_a_limit_spells_itself() -> None:
    assert str(parse_limit("login", "10/5m")) == "login: 10 in 300 seconds"
