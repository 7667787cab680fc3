"""The clock of a test stands until it is moved on."""

from datetime import timedelta

import pytest

from ostiary.kernel.clock import SystemClock
from ostiary.testing import FrozenClock


def test_it_begins_at_the_present_and_stands():
    before = SystemClock().now()
    clock = FrozenClock()
    assert before <= clock.now() <= SystemClock().now()
    assert clock.now() == clock.now()


def test_it_begins_where_a_test_says():
    assert FrozenClock(1_800_000_000_000).now() == 1_800_000_000_000


@pytest.mark.parametrize(("by", "millis"), [("6m", 360_000), (30, 30_000), (timedelta(days=1), 86_400_000)])
def test_time_passes_as_far_as_a_test_says(by, millis):
    clock = FrozenClock(1_800_000_000_000)
    assert clock.advance(by) == clock.now() == 1_800_000_000_000 + millis


@pytest.mark.parametrize("by", [0, -1, "tomorrow", timedelta(seconds=-1)])
def test_it_never_runs_back_nor_stands_by_mistake(by):
    with pytest.raises(ValueError, match="not a positive duration|not a duration"):
        FrozenClock().advance(by)
