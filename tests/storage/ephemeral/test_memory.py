"""The store in memory is bounded."""

import pytest

from ostiary.storage.ephemeral.memory import MemoryEphemeralStore


@pytest.mark.attack("K13")
def test_a_flood_of_made_up_keys_cannot_fill_the_memory() -> None:
    store = MemoryEphemeralStore(most=200)
    for number in range(5_000):
        store.increment_within(f"name {number}", cost=10, burst=10, now=1)
    assert len(store) <= 200


@pytest.mark.attack("K13")
def test_what_has_expired_goes_before_what_is_alive() -> None:
    store = MemoryEphemeralStore(most=100)
    store.put("long", b"1", expires_at=1_000, now=1)
    for number in range(99):
        store.put(f"short {number}", b"", expires_at=5, now=1)
    store.put("one more", b"", expires_at=50, now=10)
    assert store.get("long", now=10) == b"1"
    assert len(store) == 2


@pytest.mark.attack("K13")
def test_what_expires_soonest_goes_first_when_everything_is_alive() -> None:
    store = MemoryEphemeralStore(most=100)
    for number in range(101):
        store.put(f"k{number}", b"", expires_at=1_000 - number, now=1)
    assert store.get("k99", now=1) is None
    assert store.get("k0", now=1) == b""


def test_pruning_counts_what_it_removes() -> None:
    store = MemoryEphemeralStore()
    store.put("a", b"", expires_at=5, now=1)
    store.put("b", b"", expires_at=6, now=1)
    assert (store.prune(now=5), len(store)) == (1, 1)
    store.close()
    assert len(store) == 0
