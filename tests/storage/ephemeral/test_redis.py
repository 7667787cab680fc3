"""The store in Redis: keys of our own, forgotten by Redis itself."""

import sys

import pytest
import redis

from ostiary.kernel.errors import ConfigurationError
from ostiary.storage.ephemeral.redis import RedisEphemeralStore


@pytest.mark.redis
@pytest.mark.attack("K13")
def test_redis_forgets_keys_by_itself_a_little_after_they_expired(redis_url: str) -> None:
    store = RedisEphemeralStore.from_url(redis_url)
    store.put("put", b"", expires_at=11_000, now=1_000)
    store.add("add", b"", expires_at=11_000, now=1_000)
    store.count("count", expires_at=11_000, now=1_000)
    store.count("count", expires_at=99_000, now=1_000)
    store.increment_within("limit", cost=10_000, burst=10_000, now=1_000)
    with redis.Redis.from_url(redis_url) as client:
        lives = {key: client.pttl(key) for key in client.keys()}
    assert set(lives) == {b"ostiary:put", b"ostiary:add", b"ostiary:count", b"ostiary:limit"}
    assert all(60_000 < life <= 70_000 for life in lives.values()), lives
    store.close()


@pytest.mark.redis
def test_numbers_are_exact(redis_url: str) -> None:
    store = RedisEphemeralStore.from_url(redis_url)
    now = 9_007_199_254_000
    assert store.count("n", by=1_234_567_890_123, expires_at=now + 1, now=now) == 1_234_567_890_123
    assert store.count("n", expires_at=now + 1, now=now) == 1_234_567_890_124
    store.close()


def test_a_url_that_cannot_be_read_is_refused_without_showing_it() -> None:
    with pytest.raises(ConfigurationError, match="cannot be read") as refused:
        RedisEphemeralStore.from_url("http://:hunter2@host")
    assert "hunter2" not in str(refused.value)
    assert refused.value.__suppress_context__


def test_a_missing_client_is_told_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ConfigurationError, match=r"ostiary\[redis\]"):
        RedisEphemeralStore.from_url("redis://host")
