"""Races for the signing keys: processes that make the first one, rotate it on schedule and by hand, and retire it, all at once."""

import json
import os
import signal
import subprocess
import sys

import pytest
from tests.races.test_sign_out_everywhere import migrate
from tests.shop import FrozenClock
from tests.token_shop import open_token_shop

from ostiary.features.tokens.signing_key_life import PUBLISHED_AHEAD
from ostiary.features.tokens.signing_keys import SigningKeys
from ostiary.kernel.clock import DAY, SECOND

PROCESSES = 4

# A worker: does what a line says in five threads at once, and prints what they answered.
WORK = """
import json, os, sys
os.environ["OSTIARY_DEVELOPMENT"] = "1"
from tests.races.test_sign_out_everywhere import at_once
from tests.shop import FrozenClock
from tests.token_shop import open_token_shop
from ostiary.features.tokens.signing_keys import SigningKeys
from ostiary.kernel.errors import ConfigurationError
with open_token_shop(sys.argv[1], clock=FrozenClock()) as shop:
    shop.runtime.database.engine()
    client = shop.app.test_client(use_cookies=False)
    keys = shop.runtime.resources[SigningKeys]
    def act(what, text):
        if what == "sign":
            return client.post("/vouch/ada").json["access_token"]
        if what == "present":
            return client.get("/account", headers={"Authorization": f"Bearer {text}"}).status_code
        if what == "retire":
            return keys.retire(text, shop.clock.now())
        try:
            return keys.rotate(shop.clock.now(), at_once=True).life.kid
        except ConfigurationError as error:
            return error.problems[0].code
    print("ready", flush=True)
    for line in sys.stdin:
        what, texts, passes = json.loads(line)
        shop.clock.pass_(passes)
        acts = [lambda text=text: act(what, text) for text in texts]
        print(json.dumps(at_once(*acts)), flush=True)
"""


class Workers:
    """Four processes of one application, told the same at the same time."""

    def __init__(self, url: str) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        pipe = subprocess.PIPE
        command = [sys.executable, "-c", WORK, url]
        self.all = [
            subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment) for _ in range(PROCESSES)
        ]
        assert [one.stdout.readline().strip() for one in self.all] == ["ready"] * PROCESSES

    def do(self, what: str, texts=("",) * 3, *, passes: int = 0) -> list:
        """What all threads of all processes answer."""
        for one in self.all:
            one.stdin.write(json.dumps([what, list(texts), passes]) + "\n")
            one.stdin.flush()
        return [answer for one in self.all for answer in json.loads(one.stdout.readline())]

    def do_each(self, *orders: tuple[str, str]) -> list:
        """As ``do``, but each process is told something else."""
        for one, (what, text) in zip(self.all, orders, strict=True):
            one.stdin.write(json.dumps([what, [text], 0]) + "\n")
            one.stdin.flush()
        return [json.loads(one.stdout.readline())[0] for one in self.all]

    def end(self) -> None:
        for one in self.all:
            one.communicate(timeout=60)
            assert one.returncode == 0


@pytest.fixture
def shop(database_url):
    migrate(database_url)
    with open_token_shop(database_url, clock=FrozenClock()) as made:
        made.runtime.database.engine()
        yield made


@pytest.fixture
def workers(shop, database_url):
    made = Workers(database_url)
    yield made
    made.end()


def _states(shop, *, passed: int = 0) -> list[str]:
    keys = shop.runtime.resources[SigningKeys]
    return sorted(key.life.state(shop.clock.now() + passed).value for key in keys.list())


def _all_good(workers, tokens) -> None:
    for token in set(tokens):
        assert workers.do("present", [token]) == [200] * PROCESSES


@pytest.mark.asvs("V15.4.2")
@pytest.mark.attack("S22")
def test_processes_that_sign_first_make_one_key_and_believe_each_other_at_once(shop, workers):
    # All have looked, and found none, in the same instant as the first token is signed.
    assert workers.do("present", ["x.y.z"]) == [401] * PROCESSES
    tokens = workers.do("sign")
    assert len(set(tokens)) == 3 * PROCESSES
    assert _states(shop) == ["current"]
    _all_good(workers, tokens)


@pytest.mark.attack("S22")
def test_the_successor_that_is_due_is_made_once_and_no_token_is_refused(shop, workers):
    before = workers.do("sign")
    life = 90 * DAY
    waiting = workers.do("sign", passes=life - PUBLISHED_AHEAD)
    assert _states(shop, passed=life - PUBLISHED_AHEAD) == ["current", "next"]
    after = workers.do("sign", passes=PUBLISHED_AHEAD)
    assert _states(shop, passed=life) == ["current", "retired"]
    _all_good(workers, after)
    kids = [{_kid(token) for token in tokens} for tokens in (before, waiting, after)]
    assert [len(found) for found in kids] == [1, 1, 1]
    assert kids[0] == kids[1] != kids[2]


@pytest.mark.attack("S22")
def test_keys_that_are_rotated_by_all_at_once_leave_one_that_signs_and_refuse_no_token(shop, workers):
    tokens = workers.do("sign")
    for _ in range(3):
        made = workers.do("rotate", [""])
        assert len(made) == PROCESSES
        tokens += workers.do("sign", [""])
        _all_good(workers, tokens[-PROCESSES:])
    _all_good(workers, tokens[:2])
    assert _states(shop).count("next") == 0
    # Everybody signs with the same one, as soon as everybody's copy is as old as it may be.
    assert len({_kid(token) for token in workers.do("sign", [""], passes=5 * SECOND)}) == 1


def test_a_key_that_is_retired_while_others_rotate_and_sign_is_believed_nowhere(shop, workers):
    for _ in range(3):
        (token, *_) = workers.do("sign", [""], passes=5 * SECOND)
        kid = _kid(token)
        workers.do_each(("retire", kid), ("rotate", ""), ("sign", ""), ("retire", kid))
        assert workers.do("present", [token], passes=5 * SECOND) == [401] * PROCESSES
        after = workers.do("sign", [""])
        assert kid not in {_kid(one) for one in after}
        _all_good(workers, after)


# Rotates and retires for ever, and says what it has signed with each key.
ROTATE = """
import os, sys
os.environ["OSTIARY_DEVELOPMENT"] = "1"
from tests.shop import FrozenClock
from tests.token_shop import open_token_shop
from ostiary.features.tokens.signing_keys import SigningKeys
with open_token_shop(sys.argv[1], clock=FrozenClock()) as shop:
    client, keys = shop.app.test_client(use_cookies=False), shop.runtime.resources[SigningKeys]
    shop.clock.pass_(int(sys.argv[2]))
    while True:
        shop.clock.pass_(1)
        keys.rotate(shop.clock.now(), at_once=True)
        print(client.post("/vouch/ada").json["access_token"], flush=True)
"""


@pytest.mark.attack("X5")
def test_a_worker_that_is_killed_while_it_rotates_takes_no_token_along(shop, database_url):
    tokens = []
    for length in (1, 2, 3, 5):
        command = [sys.executable, "-c", ROTATE, database_url, str(length * 1_000)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        lines = [process.stdout.readline() for _ in range(length)]
        process.send_signal(signal.SIGKILL)
        rest, _ = process.communicate()
        tokens += [line.strip() for line in [*lines, *rest.splitlines(keepends=True)] if line.endswith("\n")]
    shop.clock.pass_(15 * SECOND)
    client = shop.app.test_client(use_cookies=False)
    presented = [client.get("/account", headers={"Authorization": f"Bearer {token}"}) for token in tokens]
    assert {answer.status_code for answer in presented} == {200}
    assert len({_kid(token) for token in tokens}) == len(tokens) >= 11
    # One signs, all others are believed, and whoever comes next goes on.
    assert _states(shop).count("next") == 0
    assert shop.program().who == "ada"


def _kid(token: str) -> str:
    from ostiary.standards.jose.jws import parse_compact

    kid = parse_compact(token).kid
    assert kid is not None
    return kid
