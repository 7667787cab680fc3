"""The runtime: wired once, nothing opened before it is used, and a test's data apart from a developer's."""

import gc
from pathlib import Path
from typing import ClassVar

import pytest
from tests.shop import KEY, FrozenClock

from ostiary import ConfigurationError, Sessions, SignIn
from ostiary.features.sessions.end import SessionActions
from ostiary.features.sign_in import SignInActions
from ostiary.kernel.client import NO_CLIENT
from ostiary.kernel.feature import Feature, feature
from ostiary.kernel.settings import Sources
from ostiary.runtime.assembly import assemble
from ostiary.runtime.deployment import read_deployment
from ostiary.runtime.runtime import EMBEDDED_FILE, Surroundings, build_runtime, own_database
from ostiary.storage.database import Database
from ostiary.storage.ephemeral.memory import MemoryEphemeralStore
from ostiary.storage.ephemeral.redis import RedisEphemeralStore
from ostiary.storage.ephemeral.sql import SqlEphemeralStore
from ostiary.storage.ephemeral.store import EphemeralStore


def deployment(folder: Path, *, testing=False, development=True, **names: str):
    environment = {f"OSTIARY_{name}": value for name, value in {"SECRET_KEY": KEY, **names}.items()}
    problems = []
    sources = Sources(config={}, environment=environment)
    found = read_deployment(
        sources, problems, development=development, testing=testing, instance_path=folder / "instance"
    )
    assert problems == []
    return found


def build(folder: Path, *features, database=None, clock=None, **options):
    assembly = assemble(features, Sources(config={}, environment={}), [])
    around = Surroundings(listeners=(), client=lambda: NO_CLIENT, database=database, clock=clock)
    return build_runtime(assembly, deployment(folder, **options), around)


def test_building_opens_nothing_and_writes_nothing(tmp_path):
    runtime = build(tmp_path, Sessions(), DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert runtime.database.dialect == "postgresql"
    build(tmp_path, Sessions())
    assert not (tmp_path / "instance").exists()


def test_the_embedded_file_stands_in_the_instance_folder_and_migrates_itself(tmp_path):
    database = build(tmp_path, Sessions()).database
    assert database.file == tmp_path / "instance" / EMBEDDED_FILE
    assert database.migrates_itself


@pytest.mark.parametrize(
    ("url", "development", "itself"),
    [
        ("sqlite:///{}/x.sqlite3", True, True),
        ("sqlite:///{}/x.sqlite3", False, False),
        ("postgresql://h/n", True, False),
        ("postgres://h/n", True, False),
    ],
)
def test_a_database_that_was_named_migrates_itself_only_as_a_file_of_a_developer(tmp_path, url, development, itself):
    found = deployment(
        tmp_path, development=development, PUBLIC_URL="https://shop.example", DATABASE_URL=url.format(tmp_path)
    )
    assert own_database(found).migrates_itself is itself


def test_a_test_s_data_is_apart_and_goes_with_the_runtime(tmp_path):
    runtime = build(tmp_path, Sessions(), testing=True)
    file = runtime.database.file
    with runtime.database.read():
        pass
    assert file.exists()
    assert tmp_path not in file.parents
    runtime.database.close()
    del runtime
    gc.collect()
    assert not file.parent.exists()


def test_a_database_that_was_given_wins(tmp_path, sqlite_url):
    given = Database.from_url(sqlite_url)
    assert build(tmp_path, Sessions(), database=given, testing=True).database is given


def test_features_that_store_nothing_need_no_database(tmp_path):
    runtime = build(tmp_path, SignIn())
    assert runtime.database is None
    assert isinstance(runtime.resources[EphemeralStore], MemoryEphemeralStore)


def test_short_lived_state_is_kept_in_the_database_or_in_redis(tmp_path):
    assert isinstance(build(tmp_path, Sessions()).resources[EphemeralStore], SqlEphemeralStore)
    with_redis = build(tmp_path, Sessions(), REDIS_URL="redis://127.0.0.1:1/0")
    assert isinstance(with_redis.resources[EphemeralStore], RedisEphemeralStore)


def test_the_actions_of_a_feature_are_found_by_its_name_and_a_missing_one_names_its_cure(tmp_path):
    runtime = build(tmp_path, Sessions())
    assert isinstance(runtime.action("sessions", SessionActions), SessionActions)
    assert isinstance(runtime.action("sign_in", SignInActions), SignInActions)
    with pytest.raises(ConfigurationError, match=r"add Passwords\(\)"):
        runtime.action("passwords", SessionActions)


def test_the_clock_is_the_one_that_was_given(tmp_path):
    clock = FrozenClock()
    assert build(tmp_path, Sessions(), clock=clock).clock is clock
    assert build(tmp_path, Sessions()).clock.now() > 1_700_000_000_000


def test_a_runtime_cannot_be_changed(tmp_path):
    runtime = build(tmp_path, Sessions())
    with pytest.raises(AttributeError):
        runtime.clock = FrozenClock()
    with pytest.raises(TypeError):
        runtime.actions["sessions"] = None


@pytest.mark.asvs("V3.3.3")
@pytest.mark.parametrize(
    ("development", "domain", "name"),
    [
        (False, None, "__Host-ostiary_x"),
        (False, "shop.example", "__Secure-ostiary_x"),
        (True, None, "ostiary_x"),
        (True, "shop.example", "ostiary_x"),
    ],
)
def test_the_name_of_a_cookie_says_who_may_write_it(tmp_path, development, domain, name):
    options = {"development": development, "PUBLIC_URL": "https://shop.example"}
    assert build(tmp_path, Sessions(cookie_domain=domain), **options).cookies.name("ostiary_x") == name


def test_a_feature_that_contributes_something_else_is_a_mistake_of_its_author(tmp_path):
    @feature
    class Wrong(Feature):
        name: ClassVar[str] = "wrong"

        def contribute(self, resources):
            return object()

    with pytest.raises(TypeError, match="wrong contributes no Contribution"):
        build(tmp_path, Wrong())


@pytest.mark.attack("X9")
def test_two_runtimes_share_nothing(tmp_path):
    first, second = build(tmp_path / "a", Sessions()), build(tmp_path / "b", Sessions())
    assert first.database.file != second.database.file
    assert first.guard is not second.guard
    environ = {}
    first.guard.caller(environ)
    second.guard.caller(environ)
    assert len([key for key in environ if key.startswith("ostiary.")]) == 2
