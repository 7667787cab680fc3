"""Fixtures for every test: the databases, Redis, a clean environment; and CI's rule that nothing skips."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

POSTGRESQL = os.environ.get("OSTIARY_TEST_POSTGRESQL_URL")
REDIS = os.environ.get("OSTIARY_TEST_REDIS_URL")
REQUIRE_SERVICES = os.environ.get("OSTIARY_TEST_REQUIRE_SERVICES") == "1"

for name in [name for name in os.environ if name.startswith("OSTIARY_") and not name.startswith("OSTIARY_TEST_")]:
    del os.environ[name]
# Tests run where a developer does; those about production say so.
os.environ["OSTIARY_DEVELOPMENT"] = "1"

settings.register_profile(
    "ostiary", deadline=None, derandomize=True, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ostiary")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    report = yield
    if REQUIRE_SERVICES and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} skipped, and CI allows no skips: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector):
    # A whole file can skip itself, before any of its tests is seen.
    report = yield
    if REQUIRE_SERVICES and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid} skipped, and CI allows no skips: {report.longrepr}"
    return report


def _worker() -> str:
    return os.environ.get("PYTEST_XDIST_WORKER", "gw0")


@pytest.fixture(scope="session")
def _postgresql_database() -> Iterator[str]:
    """A database of this worker's own, made once."""
    if POSTGRESQL is None:
        pytest.skip("needs PostgreSQL: set OSTIARY_TEST_POSTGRESQL_URL, or run .ci/run")
    import psycopg

    name = f"ostiary_{_worker()}_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(POSTGRESQL, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield f"{POSTGRESQL.rpartition('/')[0]}/{name}"
    with psycopg.connect(POSTGRESQL, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def postgresql_url(_postgresql_database: str) -> Iterator[str]:
    """The URL of a fresh, empty schema of PostgreSQL."""
    import psycopg

    schema = f"s{uuid.uuid4().hex[:12]}"
    with psycopg.connect(_postgresql_database, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
    yield f"{_postgresql_database}?options=-csearch_path%3D{schema}"
    with psycopg.connect(_postgresql_database, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of an SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'test.sqlite3'}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database, once on SQLite and once on PostgreSQL."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def redis_url() -> Iterator[str]:
    """The URL of an empty Redis database of this worker's own."""
    if REDIS is None:
        pytest.skip("needs Redis: set OSTIARY_TEST_REDIS_URL, or run .ci/run")
    import redis

    number = int("".join(filter(str.isdigit, _worker())) or 0)
    url = f"{REDIS}/{number}"
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    yield url
    with redis.Redis.from_url(url) as client:
        client.flushdb()
