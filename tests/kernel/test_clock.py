"""The clock: whole milliseconds since the Unix epoch, UTC, and the units made of them."""

import time

from ostiary.kernel.clock import DAY, HOUR, MINUTE, SECOND, Clock, MonotonicClock, SystemClock, moment


def test_the_system_clock_tells_whole_milliseconds_since_the_epoch() -> None:
    clock: Clock = SystemClock()
    before = time.time_ns() // 1_000_000
    now = clock.now()
    after = time.time_ns() // 1_000_000
    assert type(now) is int
    assert before <= now <= after


def test_what_measures_time_follows_no_clock_that_is_set(monkeypatch) -> None:
    clock: Clock = MonotonicClock()
    before = clock.now()
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    assert type(before) is int
    assert before <= clock.now() <= before + MINUTE


def test_units_are_milliseconds() -> None:
    assert (SECOND, MINUTE, HOUR, DAY) == (1_000, 60_000, 3_600_000, 86_400_000)


def test_a_moment_is_aware_and_in_utc() -> None:
    assert moment(1_800_000_000_123).isoformat() == "2027-01-15T08:00:00.123000+00:00"
