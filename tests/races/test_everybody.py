"""Races: an operator ends everybody's sessions and tokens in one process, while others serve and refresh."""

import json
import os
import subprocess
import sys
import threading

import pytest
from tests.races.test_sign_out_everywhere import at_once, migrate
from tests.remembering import close, open_remembering_shop, remembered, series
from tests.shop import FrozenClock
from tests.token_shop import open_token_shop

from ostiary import ApiKeys, Sessions
from ostiary.events import SignInSucceeded

# A worker of the same application: asked to present and to refresh, one line a question.
SERVE = """
import json, os, sys
os.environ["OSTIARY_DEVELOPMENT"] = "1"
from tests.shop import FrozenClock
from tests.token_shop import open_token_shop
from ostiary import ApiKeys, Sessions
with open_token_shop(sys.argv[1], Sessions(), ApiKeys(), clock=FrozenClock()) as shop:
    client = shop.app.test_client(use_cookies=False)
    for line in sys.stdin:
        what, text, passes = json.loads(line)
        shop.clock.pass_(passes)
        if what == "present":
            answer = client.get("/account", headers={"Authorization": f"Bearer {text}"})
        else:
            answer = client.post("/auth/token/refresh", json={"refresh_token": text})
        print(answer.status_code, flush=True)
"""


class Worker:
    def __init__(self, url: str) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        pipe = subprocess.PIPE
        command = [sys.executable, "-c", SERVE, url]
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment)

    def ask(self, what: str, text: str, *, passes: int = 0) -> int:
        self.process.stdin.write(json.dumps([what, text, passes]) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def end(self) -> None:
        self.process.communicate(timeout=60)
        assert self.process.returncode == 0


@pytest.fixture
def shop(database_url):
    migrate(database_url)
    with open_token_shop(database_url, Sessions(), ApiKeys(), clock=FrozenClock()) as made:
        made.runtime.database.engine()
        yield made


def _end_everybody(shop, how):
    with shop.app.app_context():
        return getattr(shop.auth, how).end_everybody() if how == "sessions" else shop.auth.tokens.revoke_everybody()


@pytest.mark.asvs("V7.4.1", "V7.4.5")
@pytest.mark.parametrize("how", ["sessions", "tokens"])
def test_what_was_everybodys_is_refused_in_every_process_and_what_comes_after_is_good(shop, database_url, how):
    worker = Worker(database_url)
    staleness = 0 if shop.database.dialect == "sqlite" else 1_000
    with shop.app.app_context():
        key = shop.auth.api_keys.create("ada", name="nightly").secret
    for _ in range(3):
        programs = [shop.program(), shop.program()]
        assert [worker.ask("present", program.access) for program in programs] == [200, 200]
        _end_everybody(shop, how)
        assert shop.families() == []
        assert [program.who for program in programs] == ["401", "401"]
        assert [worker.ask("present", program.access, passes=staleness) for program in programs] == [401, 401]
        assert [worker.ask("refresh", program.refresh_token) for program in programs] == [400, 400]
        after = shop.program()
        assert (after.who, worker.ask("present", after.access)) == ("ada", 200)
        assert worker.ask("refresh", after.refresh_token) == 200
        # Programs go on: their keys are no sign-in of anybody.
        assert worker.ask("present", key) == 200
    worker.end()
    restarted = Worker(database_url)
    assert restarted.ask("present", programs[0].access) == 401
    assert restarted.ask("present", after.access) == 200
    restarted.end()


@pytest.mark.attack("S3")
def test_no_refresh_under_way_survives_the_end_of_everybody(shop):
    for _ in range(4):
        program = shop.program()
        _, *answers = at_once(lambda: _end_everybody(shop, "sessions"), *[program.refresh for _ in range(8)])
        for answer in answers:
            assert answer.status_code in (200, 400)
            if answer.status_code == 200:
                assert program.refresh(answer.json["refresh_token"]).status_code == 400
                program.access = answer.json["access_token"]
                assert program.who == "401"


@pytest.mark.attack("S3")
def test_no_remembered_browser_that_is_let_in_meanwhile_outlives_the_end_of_everybody(database_url):
    """Its session is written, and not committed, when the operator's statement looks for sessions."""
    with open_remembering_shop(database_url, clock=FrozenClock()) as shop:
        browser = close(remembered(shop))
        written, looked = threading.Event(), threading.Event()

        def wait(_event, _tx):
            written.set()
            looked.wait(1)

        shop.auth.during(SignInSucceeded)(wait)

        def end_everybody():
            assert written.wait(10)
            threading.Timer(0.3, looked.set).start()
            with shop.app.app_context():
                return shop.auth.sessions.end_everybody()

        at_once(end_everybody, lambda: browser.who)
        assert (shop.rows(), series(shop)) == ([], [])
        assert browser.who == ""
