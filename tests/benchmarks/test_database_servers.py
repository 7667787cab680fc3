"""Services of a run: named ones are used as they are; what is installed is started, keeps what is committed, and is gone afterwards."""

import shutil
from pathlib import Path

import psycopg
import pytest
import redis

from benchmarks.database_servers import Services, open_services


def quietly(line: str) -> None:
    pass


def test_what_the_environment_names_is_used_and_nothing_is_started(monkeypatch) -> None:
    monkeypatch.setenv("BENCH_POSTGRESQL_URL", "postgresql://bench@db.example/bench")
    monkeypatch.setenv("BENCH_REDIS_URL", "redis://cache.example/1")
    monkeypatch.setattr("benchmarks.database_servers.subprocess.Popen", None)
    with open_services(quietly) as services:
        assert services == Services(
            postgresql="postgresql://bench@db.example/bench", redis="redis://cache.example/1", missing={}
        )


def test_what_is_neither_named_nor_installed_is_said(monkeypatch, tmp_path) -> None:
    monkeypatch.delenv("BENCH_REDIS_URL", raising=False)
    # What the tests were given is somebody else's.
    monkeypatch.setenv("OSTIARY_TEST_REDIS_URL", "redis://tests.example/1")
    monkeypatch.setenv("BENCH_POSTGRESQL_URL", "postgresql://bench@db.example/bench")
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci" / "services").write_text("have_redis() { false; }\nstop_services() { :; }\n")
    monkeypatch.setattr("benchmarks.database_servers.ROOT", tmp_path)
    with open_services(quietly) as services:
        assert services.redis is None
        assert services.postgresql == "postgresql://bench@db.example/bench"
        assert "BENCH_REDIS_URL" in services.missing["redis"]
        assert "redis-server is not installed" in services.missing["redis"]


def test_what_is_installed_is_started_and_gone_afterwards(monkeypatch) -> None:
    if not (shutil.which("redis-server") and list(Path("/usr/lib/postgresql").glob("*/bin/initdb"))):
        pytest.skip("needs Debian's postgresql and redis-server")
    monkeypatch.delenv("BENCH_REDIS_URL", raising=False)
    monkeypatch.delenv("BENCH_POSTGRESQL_URL", raising=False)
    with open_services(quietly) as services:
        with psycopg.connect(services.postgresql) as connection:
            # Who measures writes waits for the disk, as in production.
            assert connection.execute("SHOW fsync").fetchone() == ("on",)
        with redis.Redis.from_url(services.redis) as client:
            assert client.ping()
        assert services.missing == {}
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(services.postgresql)
    with redis.Redis.from_url(services.redis) as client, pytest.raises(redis.ConnectionError):
        client.ping()
