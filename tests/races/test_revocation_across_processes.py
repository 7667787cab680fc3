"""Races: a revocation in one process against the questions of others, on both databases."""

import json
import os
import subprocess
import sys

import pytest
from tests.features.revocation.conftest import Machine
from tests.shop import FrozenClock

from ostiary.features.revocation import Revocation
from ostiary.storage.subjects import raise_epoch

ROUNDS = 8

# Asks about what it is told to, one line a question: the token's id, the epoch, and how far the clock is to move first.
ASK = """
import json, os, sys
os.environ["OSTIARY_DEVELOPMENT"] = "1"
from tests.features.revocation.conftest import Machine
from tests.shop import FrozenClock
from ostiary.features.revocation import Revocation
machine = Machine(sys.argv[1], FrozenClock(), Revocation())
for line in sys.stdin:
    jti, epoch, passes = json.loads(line)
    machine.clock.pass_(passes)
    print(machine.ask(jti=jti, epoch=epoch) or "good", flush=True)
machine.close()
"""

# Revokes its own tokens as fast as it can, now and then in a transaction that is rolled back, or stays open for a while.
REVOKE = """
import os, sys, time
os.environ["OSTIARY_DEVELOPMENT"] = "1"
from tests.features.revocation.conftest import Machine
from tests.shop import FrozenClock
from ostiary.features.revocation import Revocation
machine = Machine(sys.argv[1], FrozenClock(), Revocation())
machine.ask()
sys.stdin.readline()
now = machine.clock.now()
for number in range(40):
    try:
        with machine.database.write() as tx:
            machine.revocations.revoke(tx, "token", f"{sys.argv[2]}.{number}", expires_at=now + 10**10, now=now)
            time.sleep(0.004 * (number % 3))  # so that the others commit what they drew later
            if number % 10 == 9:
                raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    else:
        assert machine.ask(jti=f"{sys.argv[2]}.{number}") == "token"
machine.close()
"""


class Child:
    """Another process."""

    def __init__(self, program: str, *arguments: str) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-c", program, *arguments]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment)

    def ask(self, jti: str, *, epoch: int = 0, passes: int = 0) -> str:
        self.process.stdin.write(json.dumps([jti, epoch, passes]) + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def end(self, said: str = "") -> None:
        self.process.communicate(said, timeout=60)
        assert self.process.returncode == 0


@pytest.fixture
def machine(database_url):
    made = Machine(database_url, FrozenClock(), Revocation())
    made.database.engine()
    yield made
    made.close()


@pytest.mark.asvs("V7.4.1")
@pytest.mark.attack("O18")
def test_what_one_process_revokes_another_refuses_as_soon_as_it_must(machine, database_url) -> None:
    child = Child(ASK, database_url)
    # On one file at the very next question; on a server when the copy is as old as is stated.
    staleness = 0 if machine.database.dialect == "sqlite" else 1_000
    for number in range(ROUNDS):
        assert child.ask(f"x{number}", epoch=number) == "good"
        machine.revoke("token", f"x{number}")
        assert child.ask(f"x{number}", epoch=number, passes=staleness) == "token"
        with machine.database.write() as tx:
            raise_epoch(tx, "ada", now=machine.clock.now())
        assert child.ask("other", epoch=number, passes=staleness) == "epoch"
    child.end()
    again = Child(ASK, database_url)
    assert [again.ask(f"x{number}", epoch=ROUNDS) for number in range(ROUNDS)] == ["token"] * ROUNDS
    assert again.ask("other", epoch=ROUNDS) == "good"
    again.end()


@pytest.mark.asvs("V15.4.2")
@pytest.mark.attack("O18")
def test_however_many_processes_revoke_at_once_a_follower_misses_none(machine, database_url) -> None:
    children = [Child(REVOKE, database_url, str(number)) for number in range(3)]
    for child in children:
        child.process.stdin.write("go\n")
        child.process.stdin.flush()
    # Following all the while, so that many readings fall between drawing a number and committing it.
    while any(child.process.poll() is None for child in children):
        machine.clock.pass_(1_000)
        assert machine.ask() is None
    for child in children:
        child.end()
    machine.clock.pass_(1_000)
    refused = {key for number in range(40) for who in range(3) if machine.ask(jti=(key := f"{who}.{number}"))}
    assert refused == {f"{who}.{number}" for number in range(40) for who in range(3) if number % 10 != 9}
    assert machine.rows() == len(machine.known) == 108
