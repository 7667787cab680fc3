"""Rate limits: exactly as many uses as the limit says, whoever comes at once, and none that could not be counted."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostiary.features.rate_limits.gcra import RateLimiter
from ostiary.kernel.clock import MINUTE, SECOND, Millis
from ostiary.kernel.errors import TooManyAttempts, Unavailable
from ostiary.kernel.events import Event, RateLimited
from ostiary.kernel.key_ring import KeyRing
from ostiary.kernel.limit import Limit, parse_limit
from ostiary.kernel.secret import Secret
from ostiary.storage.database import Database
from ostiary.storage.ephemeral.memory import MemoryEphemeralStore
from ostiary.storage.ephemeral.redis import RedisEphemeralStore
from ostiary.storage.ephemeral.sql import SqlEphemeralStore
from ostiary.storage.ephemeral.store import EphemeralStore

NOW = 1_700_000_000_000
KEYS = KeyRing([Secret("fH2kQ9wZ7xV4mN8pL1sD6gJ3bT5yR0cA")])
TEN = parse_limit("login", "10/5m")
EVERY = 30 * SECOND


class FrozenClock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.time: Millis = NOW

    def now(self) -> Millis:
        return self.time


class Counting:
    """A limiter over a real store, with a clock to set and what it announced."""

    def __init__(self, store: EphemeralStore, *, enabled: bool = True) -> None:
        self.clock = FrozenClock()
        self.announced: list[Event] = []
        self.store = store
        self.limiter = RateLimiter(store, KEYS, self.clock, self.announced.append, enabled=enabled)

    def passes(self, limit: Limit = TEN, key: str = "ada") -> bool:
        try:
            self.limiter.charge(limit, key)
        except TooManyAttempts:
            return False
        return True

    def count_passes(self, tries: int, limit: Limit = TEN, key: str = "ada") -> int:
        return sum(self.passes(limit, key) for _ in range(tries))


@pytest.fixture
def counting() -> Counting:
    return Counting(MemoryEphemeralStore())


@pytest.fixture(params=["memory", "sql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EphemeralStore]:
    if request.param == "memory":
        yield MemoryEphemeralStore()
        return
    database = Database.embedded(tmp_path / "app.sqlite3")
    found = SqlEphemeralStore(database)
    yield found
    found.close()
    database.close()


# --- how many -----------------------------------------------------------------------------------------------


def test_as_many_as_the_limit_says_pass_at_once_and_not_one_more(counting: Counting) -> None:
    assert counting.count_passes(60) == 10


def test_then_one_passes_each_time_the_period_divided_by_the_count_has_gone_by(counting: Counting) -> None:
    counting.count_passes(10)
    for step in range(1, 4):
        counting.clock.time = NOW + step * EVERY - 1
        assert not counting.passes()
        counting.clock.time += 1
        assert counting.passes()
        assert not counting.passes()


def test_after_a_whole_period_of_rest_everything_is_allowed_again(counting: Counting) -> None:
    counting.count_passes(10)
    counting.clock.time += 5 * MINUTE
    assert counting.count_passes(60) == 10


def test_a_refused_use_is_not_counted(counting: Counting) -> None:
    # Otherwise whoever keeps trying locks the owner out for ever.
    counting.count_passes(1_000)
    counting.clock.time += EVERY
    assert counting.passes()


@pytest.mark.attack("K1")
@pytest.mark.parametrize("count", [1, 10])
def test_of_many_at_once_exactly_as_many_pass_as_the_limit_says(store: EphemeralStore, count: int) -> None:
    counting = Counting(store)
    limit = Limit("login", count, 5 * MINUTE)
    tries, workers = count + 50, 10
    together = threading.Barrier(workers)

    def try_some(share: int) -> int:
        together.wait(timeout=60)
        return counting.count_passes(share, limit)

    with ThreadPoolExecutor(workers) as pool:
        passed = list(pool.map(try_some, [tries // workers] * workers))
    assert sum(passed) == count


@settings(max_examples=40)
@given(st.integers(min_value=1, max_value=300), st.integers(min_value=300, max_value=400_000))
def test_exactly_the_count_passes_however_it_divides_the_period(count: int, period: int) -> None:
    counting = Counting(MemoryEphemeralStore())
    assert counting.count_passes(count + 5, Limit("any", count, period)) == count


def test_seven_hundred_a_minute_are_not_seven_hundred_and_five(counting: Counting) -> None:
    # 60,000 ms do not divide by 700; rounded down, five more would slip through.
    assert counting.count_passes(720, parse_limit("pages", "700/minute")) == 700


@settings(max_examples=40)
@given(
    st.integers(min_value=1, max_value=20),
    st.integers(min_value=100, max_value=10_000),
    st.lists(st.integers(min_value=0, max_value=4_000), max_size=60),
)
def test_over_any_time_no_more_pass_than_the_burst_and_its_refill(count: int, period: int, gaps: list[int]) -> None:
    counting = Counting(MemoryEphemeralStore())
    limit = Limit("any", count, period)
    passed = 0
    for gap in gaps:
        counting.clock.time += gap
        passed += counting.passes(limit)
    assert passed <= count + (counting.clock.time - NOW) * count // period


# --- whose --------------------------------------------------------------------------------------------------


def test_keys_are_counted_apart_and_so_are_limits(counting: Counting) -> None:
    assert counting.count_passes(60, key="ada") == 10
    assert counting.count_passes(60, key="bob") == 10
    assert counting.count_passes(60, parse_limit("other", "10/5m"), key="ada") == 10


@pytest.mark.asvs("V16.2.5")
def test_the_store_holds_no_name_and_no_address(tmp_path: Path) -> None:
    database = Database.embedded(tmp_path / "app.sqlite3")
    store = SqlEphemeralStore(database)
    assert Counting(store).passes(key="canary-0f9a@example.org")
    store.close()
    database.close()
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir() if file.is_file())
    assert b"limit:login:" in written
    assert b"canary" not in written


# --- what a caller is told ----------------------------------------------------------------------------------


@pytest.mark.parametrize("gone_by", [0, 1, 999, 1_000, 29_000, 29_001, 29_999])
def test_whoever_waits_as_long_as_told_is_let_through(counting: Counting, gone_by: int) -> None:
    counting.count_passes(10)
    counting.clock.time += gone_by
    with pytest.raises(TooManyAttempts) as caught:
        counting.limiter.charge(TEN, "ada")
    assert caught.value.headers["Retry-After"] == str(caught.value.retry_after)
    counting.clock.time += caught.value.retry_after * SECOND
    assert counting.passes()


def test_a_reached_limit_is_announced_without_the_key(counting: Counting) -> None:
    counting.count_passes(11)
    assert counting.announced == [RateLimited(at=NOW, limit="login")]


def test_the_refusal_names_the_limit_in_its_detail_only(counting: Counting) -> None:
    counting.count_passes(10)
    with pytest.raises(TooManyAttempts, match="limit login is reached") as caught:
        counting.limiter.charge(TEN, "ada")
    assert "login" not in caught.value.public_message


def test_switched_off_nothing_is_counted() -> None:
    assert Counting(MemoryEphemeralStore(), enabled=False).count_passes(100) == 100


# --- when the store is down ---------------------------------------------------------------------------------


@pytest.mark.attack("K11")
def test_when_the_store_cannot_be_reached_nobody_passes() -> None:
    with socket.socket() as nobody_listens:
        nobody_listens.bind(("127.0.0.1", 0))
        store = RedisEphemeralStore.from_url(f"redis://127.0.0.1:{nobody_listens.getsockname()[1]}/0")
        counting = Counting(store)
        with pytest.raises(Unavailable) as caught:
            counting.limiter.charge(TEN, "ada")
        store.close()
    assert caught.value.status == 503
    assert "Retry-After" in caught.value.headers
    assert counting.announced == []


def test_a_use_that_could_not_be_tried_is_given_back(counting: Counting) -> None:
    assert counting.count_passes(11) == 10
    counting.limiter.give_back(TEN, "ada")
    assert counting.count_passes(2) == 1
    counting.limiter.give_back(TEN, "somebody who was never charged")
    assert counting.count_passes(11, key="somebody who was never charged") == 10
