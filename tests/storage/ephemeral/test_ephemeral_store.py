"""The verbs of the ephemeral store mean the same in SQL, Redis and memory, and have one winner each."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest

from ostiary.kernel.errors import Unavailable
from ostiary.storage.database import Database, SecondConnection
from ostiary.storage.ephemeral.memory import MemoryEphemeralStore
from ostiary.storage.ephemeral.redis import RedisEphemeralStore
from ostiary.storage.ephemeral.sql import SqlEphemeralStore
from ostiary.storage.ephemeral.store import Charge, EphemeralStore

T = TypeVar("T")
Race = Callable[..., list[list[list[int]]]]

SHARED = [
    "sqlite",
    pytest.param("postgresql", marks=pytest.mark.postgresql),
    pytest.param("redis", marks=pytest.mark.redis),
]
NOW = 1_750_000_000_000


def _open(kind: str, request: pytest.FixtureRequest) -> tuple[EphemeralStore, str, Callable[[], None]]:
    if kind == "memory":
        return MemoryEphemeralStore(), "", lambda: None
    url: str = request.getfixturevalue(f"{kind}_url")
    if kind == "redis":
        store = RedisEphemeralStore.from_url(url)
        return store, url, store.close
    database = Database.from_url(url, migrates_itself=True)
    sql = SqlEphemeralStore(database)

    def close() -> None:
        sql.close()
        database.close()

    return sql, url, close


@pytest.fixture(params=["memory", *SHARED])
def store(request: pytest.FixtureRequest) -> Iterator[EphemeralStore]:
    made, _, close = _open(request.param, request)
    yield made
    close()


@pytest.fixture(params=SHARED)
def shared(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A store that processes share, as (kind, url), with fifty values to spend and fifty to swap."""
    made, url, close = _open(request.param, request)
    for round_ in range(50):
        made.put(f"spend {round_}", b"1", expires_at=NOW + 10, now=NOW)
        made.put(f"swap {round_}", b"1", expires_at=NOW + 10, now=NOW)
    close()
    return request.param, url


def test_a_value_is_there_until_the_instant_it_expires(store: EphemeralStore) -> None:
    store.put("k", b"\x00\xffvalue:1", expires_at=NOW + 10, now=NOW)
    assert store.get("k", now=NOW + 9) == b"\x00\xffvalue:1"
    assert store.get("k", now=NOW + 10) is None
    assert store.get("other", now=NOW) is None


def test_putting_again_replaces_value_and_life(store: EphemeralStore) -> None:
    store.put("k", b"1", expires_at=NOW + 10, now=NOW)
    store.put("k", b"", expires_at=NOW + 20, now=NOW)
    assert store.get("k", now=NOW + 15) == b""


def test_consuming_gives_the_value_once(store: EphemeralStore) -> None:
    store.put("k", b"1", expires_at=NOW + 10, now=NOW)
    assert [store.consume_once("k", now=NOW), store.consume_once("k", now=NOW)] == [b"1", None]


def test_what_has_expired_cannot_be_consumed(store: EphemeralStore) -> None:
    store.put("k", b"1", expires_at=NOW + 10, now=NOW)
    assert store.consume_once("k", now=NOW + 10) is None


def test_adding_succeeds_only_where_nothing_is_alive(store: EphemeralStore) -> None:
    assert store.add("k", b"1", expires_at=NOW + 10, now=NOW)
    assert not store.add("k", b"2", expires_at=NOW + 99, now=NOW + 9)
    assert store.get("k", now=NOW + 9) == b"1"
    assert store.add("k", b"3", expires_at=NOW + 20, now=NOW + 10)
    assert store.get("k", now=NOW + 10) == b"3"


def test_comparing_and_setting_needs_the_old_value_alive(store: EphemeralStore) -> None:
    assert not store.compare_and_set("k", b"", b"2", expires_at=NOW + 20, now=NOW)
    store.put("k", b"1", expires_at=NOW + 10, now=NOW)
    assert not store.compare_and_set("k", b"0", b"2", expires_at=NOW + 20, now=NOW)
    assert store.compare_and_set("k", b"1", b"2", expires_at=NOW + 20, now=NOW)
    assert store.get("k", now=NOW + 19) == b"2"
    assert not store.compare_and_set("k", b"2", b"3", expires_at=NOW + 30, now=NOW + 20)


def test_a_counter_counts_until_it_expires_and_then_begins_again(store: EphemeralStore) -> None:
    assert [
        store.count("k", expires_at=NOW + 10, now=NOW),
        store.count("k", by=5, expires_at=NOW + 99, now=NOW + 9),
    ] == [1, 6]
    assert store.count("k", by=2, expires_at=NOW + 20, now=NOW + 10) == 2
    assert store.count("k", by=-1, expires_at=NOW + 20, now=NOW + 10) == 1


def test_a_limit_allows_a_burst_and_then_one_use_at_a_time(store: EphemeralStore) -> None:
    def charge(now: int) -> Charge:
        return store.increment_within("k", cost=10, burst=30, now=now)

    allowed = Charge(allowed=True, wait=0)
    assert [charge(NOW), charge(NOW), charge(NOW)] == [allowed] * 3
    assert charge(NOW) == Charge(allowed=False, wait=10)
    assert charge(NOW + 9) == Charge(allowed=False, wait=1)
    assert charge(NOW + 10) == allowed
    assert charge(NOW + 10) == Charge(allowed=False, wait=10)
    # Empty again: the whole burst is back, and not more.
    assert [charge(NOW + 1000).allowed for _ in range(4)] == [True, True, True, False]


def test_a_refused_use_costs_nothing(store: EphemeralStore) -> None:
    for _ in range(20):
        store.increment_within("k", cost=10, burst=10, now=NOW)
    assert store.increment_within("k", cost=10, burst=10, now=NOW + 10).allowed


def test_waiting_as_long_as_told_is_long_enough(store: EphemeralStore) -> None:
    now = NOW
    for _ in range(12):
        charge = store.increment_within("k", cost=7, burst=20, now=now)
        if not charge.allowed:
            now += charge.wait
            assert store.increment_within("k", cost=7, burst=20, now=now).allowed


@pytest.mark.parametrize(("cost", "burst"), [(0, 10), (-1, 10), (11, 10)])
def test_a_limit_that_could_never_be_met_is_a_mistake(store: EphemeralStore, cost: int, burst: int) -> None:
    with pytest.raises(ValueError, match="0 < cost <= burst"):
        store.increment_within("k", cost=cost, burst=burst, now=NOW)


def test_a_key_can_be_forgotten(store: EphemeralStore) -> None:
    store.put("k", b"1", expires_at=NOW + 10, now=NOW)
    store.delete("k")
    store.delete("k")
    assert store.get("k", now=NOW) is None


@pytest.mark.attack("T1")
@pytest.mark.parametrize(
    "key", ["' OR '1'='1", '"; DROP TABLE ostiary_ephemeral', "%", "_", "\\", "%s", "*", "a\r\nGET b", "ü"]
)
def test_a_key_is_matched_literally(store: EphemeralStore, key: str) -> None:
    store.put("plain", b"1", expires_at=NOW + 10, now=NOW)
    assert store.get(key, now=NOW) is None
    store.put(key, b"2", expires_at=NOW + 10, now=NOW)
    assert store.consume_once(key, now=NOW) == b"2"
    assert store.get("plain", now=NOW) == b"1"


def test_a_use_that_is_given_back_can_be_used_again(store: EphemeralStore) -> None:
    for _ in range(2):
        assert store.increment_within("l", cost=10, burst=20, now=NOW).allowed
    assert not store.increment_within("l", cost=10, burst=20, now=NOW).allowed
    store.give_back("l", cost=10, now=NOW)
    assert store.increment_within("l", cost=10, burst=20, now=NOW).allowed
    assert not store.increment_within("l", cost=10, burst=20, now=NOW).allowed


def test_giving_back_more_than_was_used_gives_nobody_more_than_the_limit(store: EphemeralStore) -> None:
    store.increment_within("l", cost=10, burst=20, now=NOW)
    for _ in range(5):
        store.give_back("l", cost=10, now=NOW)
    store.give_back("never charged", cost=10, now=NOW)
    for key in ("l", "never charged"):
        charges = [store.increment_within(key, cost=10, burst=20, now=NOW).allowed for _ in range(3)]
        assert charges == [True, True, False]


# Races


def _winners(attempt: Callable[[int], T], threads: int = 8) -> list[T]:
    barrier = threading.Barrier(threads)

    def run(number: int) -> T:
        barrier.wait()
        return attempt(number)

    with ThreadPoolExecutor(threads) as pool:
        return [done.result() for done in [pool.submit(run, number) for number in range(threads)]]


@pytest.mark.asvs("V2.3.4")
@pytest.mark.asvs("V15.4.2")
def test_of_many_threads_one_spends_adds_or_swaps(store: EphemeralStore) -> None:
    for round_ in range(6):
        key = f"k{round_}"
        store.put(key, b"1", expires_at=NOW + 10, now=NOW)
        assert sorted(map(bool, _winners(lambda _: store.consume_once(key, now=NOW)))) == [False] * 7 + [True]
        assert sum(_winners(lambda _: store.add(key, b"2", expires_at=NOW + 10, now=NOW))) == 1
        swaps = _winners(lambda n: store.compare_and_set(key, b"2", b"%d" % (n + 3), expires_at=NOW + 10, now=NOW))
        assert sum(swaps) == 1
        assert store.get(key, now=NOW) == b"%d" % (swaps.index(True) + 3)


@pytest.mark.attack("S15")
@pytest.mark.attack("S16")
def test_threads_neither_lose_a_count_nor_overrun_a_limit(store: EphemeralStore) -> None:
    assert sorted(_winners(lambda _: store.count("c", expires_at=NOW + 10, now=NOW), 16)) == list(range(1, 17))
    charges = _winners(lambda _: store.increment_within("l", cost=10, burst=50, now=NOW), 16)
    assert sum(charge.allowed for charge in charges) == 5


_RACE = """
from ostiary.storage.database import Database
from ostiary.storage.ephemeral.redis import RedisEphemeralStore
from ostiary.storage.ephemeral.sql import SqlEphemeralStore
def child(number, kind, url, now):
    if kind == "redis":
        store = RedisEphemeralStore.from_url(url)
    else:
        store = SqlEphemeralStore(Database.from_url(url, migrates_itself=True))
    seen = []
    for round in range(50):
        seen.append([
            store.add(f"add {round}", b"1", expires_at=now + 10, now=now),
            store.consume_once(f"spend {round}", now=now) is not None,
            store.compare_and_set(f"swap {round}", b"1", b"2", expires_at=now + 10, now=now),
            store.increment_within(f"limit {round}", cost=10, burst=20, now=now).allowed,
            store.count("count", expires_at=now + 10, now=now),
        ])
    return seen
"""


@pytest.mark.attack("S15")
@pytest.mark.attack("S16")
@pytest.mark.asvs("V2.3.4")
def test_of_many_processes_one_wins_each_round(shared: tuple[str, str], race: Race) -> None:
    kind, url = shared
    children = race(_RACE, 4, kind, url, NOW)
    for rounds in zip(*children, strict=True):
        added, spent, swapped, charged, _ = (sum(column) for column in zip(*rounds, strict=True))
        assert (added, spent, swapped, charged) == (1, 1, 1, 2)
    assert sorted(round_[-1] for child in children for round_ in child) == list(range(1, 201))


# Failure, and the one connection of an action


@pytest.mark.parametrize(
    "away",
    [
        lambda: RedisEphemeralStore.from_url("redis://:hunter2@127.0.0.1:1/0"),
        lambda: SqlEphemeralStore(Database.from_url("postgresql://me:hunter2@127.0.0.1:1/none")),
    ],
)
@pytest.mark.parametrize(
    "verb",
    [
        lambda store: store.add("k", b"", expires_at=NOW, now=NOW),
        lambda store: store.consume_once("k", now=NOW),
        lambda store: store.increment_within("k", cost=1, burst=1, now=NOW),
        lambda store: store.put("k", b"", expires_at=NOW, now=NOW),
    ],
)
@pytest.mark.attack("K11")
def test_a_store_that_is_away_lets_nothing_through(
    away: Callable[[], EphemeralStore], verb: Callable[[EphemeralStore], object]
) -> None:
    with pytest.raises(Unavailable) as failed:
        verb(away())
    assert "hunter2" not in str(failed.value)


def test_spending_inside_a_transaction_is_refused_at_once(database: Database) -> None:
    store = SqlEphemeralStore(database)
    with database.write(), pytest.raises(SecondConnection, match="spend first, then act"):
        store.consume_once("k", now=NOW)
    store.close()
