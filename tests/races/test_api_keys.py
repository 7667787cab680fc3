"""Races for API keys: replaced twice at once, revoked meanwhile, used too often at once, made by the hundred."""

import json
import subprocess
import sys

import pytest
from tests.features.api_keys.keys import open_key_shop
from tests.races.test_sign_out_everywhere import at_once, migrate
from tests.shop import FrozenClock

from ostiary import ApiKeys, AuthError
from ostiary.features.api_keys.api_key import NewApiKey

ROUNDS = 4
MANY = 12


@pytest.fixture
def keys(database_url):
    with open_key_shop(database_url, clock=FrozenClock(), keys=ApiKeys(at_most=5)) as made:
        made.shop.runtime.database.engine()
        yield made


def _tried(act):
    """What an act answers, or the code of its refusal."""
    try:
        return act()
    except AuthError as refused:
        return refused.code


@pytest.mark.asvs("V15.4.2")
def test_a_key_that_is_replaced_by_many_at_once_has_one_successor(keys) -> None:
    for _ in range(ROUNDS):
        old = keys.create()
        answers = at_once(*[lambda: _tried(lambda: keys.rotate(old.key.id))] * MANY)
        made = [one for one in answers if isinstance(one, NewApiKey)]
        assert len(made) == 1
        assert {one for one in answers if isinstance(one, str)} == {"already_rotated"}
        current = [key.id for key in keys.list() if key.successor is None]
        assert current == [made[0].key.id]
        keys.revoke(current[0])
        keys.revoke(old.key.id)


def test_a_key_that_is_revoked_while_it_is_replaced_is_dead_and_nothing_hidden_is_left(keys) -> None:
    for _ in range(ROUNDS):
        old = keys.create()
        replaced, revoked = at_once(
            lambda: _tried(lambda: keys.rotate(old.key.id)), lambda: _tried(lambda: keys.revoke(old.key.id))
        )
        assert revoked is None
        assert keys.who(old.secret) == 401
        left = [key.id for key in keys.list()]
        assert left == ([replaced.key.id] if isinstance(replaced, NewApiKey) else [])
        for id in left:
            keys.revoke(id)


@pytest.mark.attack("S18")
def test_no_key_made_while_its_owner_is_suspended_outlives_that(keys) -> None:
    for _ in range(ROUNDS):
        old = keys.create()
        made = at_once(
            lambda: _tried(keys.create), lambda: _tried(lambda: keys.rotate(old.key.id)), lambda: keys.shop.suspend()
        )
        keys.shop.suspend()
        assert [keys.who(one.secret) for one in made if isinstance(one, NewApiKey)] == [401] * sum(
            isinstance(one, NewApiKey) for one in made
        )
        assert keys.list() == []


def test_keys_made_at_once_are_never_more_than_an_owner_may_have(keys) -> None:
    answers = at_once(*[lambda: _tried(keys.create)] * MANY)
    assert sum(isinstance(one, NewApiKey) for one in answers) == 5
    assert len(keys.list()) == 5


@pytest.mark.attack("R13")
@pytest.mark.attack("S16")
def test_a_limit_is_not_overrun_by_requests_that_come_at_once(database_url) -> None:
    with open_key_shop(database_url, clock=FrozenClock(), keys=ApiKeys(limit="5/minute")) as keys:
        keys.shop.runtime.database.engine()
        secret = keys.create().secret
        answers = at_once(*[lambda: keys.ask(secret).status_code] * 20)
        assert sorted(answers) == [200] * 5 + [429] * 15


PROCESS = """
import json, sys
from tests.features.api_keys.keys import open_key_shop
from ostiary import AuthError

url, id = sys.argv[1:]
with open_key_shop(url) as keys:
    keys.shop.runtime.database.engine()
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        print(json.dumps(keys.rotate(id).key.id))
    except AuthError as refused:
        print(json.dumps(refused.code))
"""


def test_processes_that_replace_a_key_at_once_make_one_successor(database_url) -> None:
    migrate(database_url)
    with open_key_shop(database_url) as keys:
        old = keys.create()
        command = [sys.executable, "-c", PROCESS, database_url, old.key.id]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        processes = [subprocess.Popen(command, **pipes) for _ in range(4)]  # noqa: S603 - our own interpreter
        for process in processes:
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            process.stdin.write("\n")
            process.stdin.flush()
        answers = [json.loads(process.communicate(timeout=60)[0]) for process in processes]
        assert sorted(answers)[1:] == ["already_rotated"] * 3
        assert [key.id for key in keys.list() if key.successor is None] == [min(answers)]
