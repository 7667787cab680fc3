"""Back-off: twice as late each time, spread, and never after the end."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.delivery.back_off import next_attempt
from ostiary.delivery.smtp import TIMEOUT
from ostiary.runtime.mail import LIFETIME
from ostiary.runtime.mail_delivery import CLAIM

NOW = 1_800_000_000_000
DAY = 86_400_000


def after(attempts, jitter=0.0, expires_at=NOW + DAY):
    return next_attempt(attempts=attempts, now=NOW, expires_at=expires_at, jitter=jitter) - NOW


def test_each_time_twice_as_late_up_to_half_an_hour():
    most = [after(attempts, jitter=0.999_999) for attempts in range(1, 12)]
    assert [round(one / 1000) for one in most] == [15, 30, 60, 120, 240, 480, 960, 1800, 1800, 1800, 1800]


def test_what_failed_together_comes_back_apart():
    assert after(3, jitter=0.0) == 30_000
    assert after(3, jitter=0.5) == 45_000


def test_the_last_attempt_is_not_after_the_end():
    assert after(8, expires_at=NOW + 1000) == 1000


@given(st.integers(1, 100_000), st.floats(0, 1, exclude_max=True), st.integers(0, DAY))
def test_it_is_later_than_now_and_no_later_than_the_end(attempts, jitter, left):
    assert min(7_500, left) <= after(attempts, jitter, NOW + left) <= min(1_800_000, left)


@pytest.mark.asvs("V13.1.3")
def test_the_documentation_tells_the_delays_that_the_code_has():
    page = (Path(__file__).resolve().parents[2] / "docs" / "how-to" / "send-mail.md").read_text("utf-8")
    assert (TIMEOUT, CLAIM, LIFETIME) == (10.0, 600_000, DAY)
    assert (round(after(1, 0.999_999) / 1000), round(after(50, 0.999_999) / 60_000)) == (15, 30)
    for told in ("ten seconds", "after ten minutes", "24 hours", "after 15 seconds", "every 30 minutes"):
        assert told in page
