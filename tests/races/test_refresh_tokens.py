"""Races for a family of refresh tokens: twenty refreshes at once, theft, revocation and sign-out in between."""

import json
import subprocess
import sys

import pytest
from tests.races.test_sign_out_everywhere import at_once, migrate
from tests.shop import FrozenClock
from tests.token_shop import open_token_shop

from ostiary.kernel.clock import MINUTE
from ostiary.storage.subjects import raise_epoch

ROUNDS = 4
AT_ONCE = 20


@pytest.fixture
def shop(database_url):
    with open_token_shop(database_url, clock=FrozenClock()) as made:
        made.runtime.database.engine()
        yield made


def _bearer(shop, token):
    return shop.app.test_client(use_cookies=False).get("/account", headers={"Authorization": f"Bearer {token}"})


@pytest.mark.attack("S2")
@pytest.mark.must("9700-2.2.2")
def test_twenty_refreshes_at_once_are_one_rotation(shop):
    program = shop.program()
    for round in range(1, ROUNDS + 1):
        answers = at_once(*[lambda: program.refresh() for _ in range(AT_ONCE)])
        assert [answer.status_code for answer in answers] == [200] * AT_ONCE
        assert len({answer.json["refresh_token"] for answer in answers}) == 1
        assert [row.generation for row in shop.families()] == [round + 1]
        assert all(_bearer(shop, answer.json["access_token"]).status_code == 200 for answer in answers)
        program.take(answers[0])
        shop.clock.pass_(5 * MINUTE)
    assert "refresh_token_reused" not in shop.names()


REFRESH = """
import json, os, sys
os.environ["OSTIARY_DEVELOPMENT"] = "1"
from tests.races.test_sign_out_everywhere import at_once
from tests.shop import FrozenClock
from tests.token_shop import open_token_shop
with open_token_shop(sys.argv[1], clock=FrozenClock()) as shop:
    shop.runtime.database.engine()
    client = shop.app.test_client(use_cookies=False)
    print("ready", flush=True)
    sys.stdin.readline()
    refresh = lambda: client.post("/auth/token/refresh", json={"refresh_token": sys.argv[2]})
    answers = at_once(*[refresh for _ in range(5)])
    print(json.dumps([[a.status_code for a in answers], sorted({a.json["refresh_token"] for a in answers})]))
"""


@pytest.mark.attack("S2")
@pytest.mark.asvs("V15.4.2")
def test_refreshes_that_several_processes_answer_are_one_rotation(database_url):
    migrate(database_url)
    with open_token_shop(database_url, clock=FrozenClock()) as shop:
        program = shop.program()
        command = [sys.executable, "-c", REFRESH, database_url, program.refresh_token]
        children = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)
        ]
        assert [child.stdout.readline().strip() for child in children] == ["ready"] * 4
        for child in children:
            child.stdin.write("go\n")
            child.stdin.flush()
        told = [json.loads(child.communicate(timeout=60)[0]) for child in children]
        assert [status for statuses, _ in told for status in statuses] == [200] * 20
        assert len({token for _, tokens in told for token in tokens}) == 1
        assert [row.generation for row in shop.families()] == [2]


@pytest.mark.attack("S3")
@pytest.mark.parametrize("how", ["revoked", "epoch", "reused"])
def test_nothing_is_alive_after_a_revocation_whoever_refreshed_meanwhile(shop, how):
    for _ in range(ROUNDS):
        program = shop.program()
        old = program.refresh_token
        program.take(program.refresh())
        shop.clock.pass_(2 * MINUTE)

        def end(program=program, old=old):
            if how == "revoked":
                return program.client.post("/auth/token/revoke", data={"token": program.refresh_token})
            if how == "reused":
                return program.refresh(old)
            with shop.database.write() as tx:
                return raise_epoch(tx, "ada", now=shop.clock.at)

        ended, *answers = at_once(end, *[lambda program=program: program.refresh() for _ in range(8)])
        assert ended
        for answer in answers:
            assert answer.status_code in (200, 400)
            if answer.status_code == 200:
                assert _bearer(shop, answer.json["access_token"]).status_code == 401
                assert program.refresh(answer.json["refresh_token"]).status_code == 400
        assert program.who == "401"


@pytest.mark.attack("O16")
def test_a_theft_is_told_once_however_many_find_out(shop):
    for _ in range(ROUNDS):
        program = shop.program()
        old = program.refresh_token
        program.take(program.refresh())
        shop.clock.pass_(2 * MINUTE)
        answers = at_once(*[lambda: program.refresh(old) for _ in range(8)])
        assert {answer.status_code for answer in answers} == {400}
    assert shop.names().count("refresh_token_reused") == ROUNDS
    assert shop.families() == []
