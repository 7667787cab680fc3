"""Following the log: nothing before the first question, nobody accepted where it cannot be read, safe over a fork."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import make_url

from ostiary.kernel.clock import HOUR
from ostiary.kernel.errors import Unavailable
from ostiary.storage.revocations import append, revocations

NOWHERE = "postgresql://me:hunter2@127.0.0.1:1/none"


@contextmanager
def server_away(url: str) -> Iterator[None]:
    """A server that takes its connections away and gives no new ones."""
    name = make_url(url).database
    with psycopg.connect(os.environ["OSTIARY_TEST_POSTGRESQL_URL"], autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        try:
            yield
        finally:
            connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


def test_building_and_revoking_open_nothing_and_the_first_question_does(machines) -> None:
    machine = machines(NOWHERE)
    machine.revocations._follower.wake()
    with pytest.raises(Unavailable) as failed:
        machine.ask()
    assert failed.value.status == 503
    assert "hunter2" not in str(failed.value)


@pytest.mark.attack("O19")
def test_a_log_that_cannot_be_read_lets_nobody_in(machines, postgresql_url, clock) -> None:
    machine = machines(postgresql_url)
    machine.revoke("token", "t1")
    assert (machine.ask(), machine.ask(jti="t2")) == ("token", None)
    with server_away(postgresql_url):
        clock.pass_(999)
        assert machine.ask(jti="t2") is None, "as old as is stated"
        clock.pass_(1)
        for jti in ("t1", "t2"):
            with pytest.raises(Unavailable):
                machine.ask(jti=jti)
    assert (machine.ask(), machine.ask(jti="t2")) == ("token", None)


@pytest.mark.attack("O19")
def test_a_file_that_is_broken_lets_nobody_in(machines, sqlite_url) -> None:
    machine = machines(sqlite_url)
    assert machine.ask() is None
    machine.close()
    for path in machine.database.file.parent.iterdir():
        path.write_bytes(b"nothing a database would say" * 1000)
    for _ in range(2):
        with pytest.raises(Unavailable):
            machine.ask()


@pytest.mark.attack("O19")
def test_a_revocation_that_cannot_be_written_is_not_reported_as_made(machines, clock) -> None:
    machine = machines(NOWHERE)
    with pytest.raises(Unavailable):
        machine.revoke("token", "t1")


def test_those_who_chose_so_accept_by_what_they_knew_and_are_told_once(machines, postgresql_url, clock, caplog) -> None:
    machine = machines(postgresql_url, when_away="accept")
    machine.revoke("token", "t1")
    assert machine.ask() == "token"
    caplog.set_level(logging.INFO, "ostiary")
    for _ in range(2):
        with server_away(postgresql_url):
            for _ in range(5):
                clock.pass_(700)
                assert (machine.ask(), machine.ask(jti="t2")) == ("token", None)
        clock.pass_(1_000)
        assert machine.ask() == "token"
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2
    assert all("cannot be read" in line for line in said)


def test_those_who_never_could_read_it_accept_everything_if_they_chose_so(machines, caplog) -> None:
    machine = machines(NOWHERE, when_away="accept")
    assert [machine.ask(jti=f"t{number}") for number in range(3)] == [None] * 3
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_accepting_does_not_ask_a_server_that_did_not_answer_a_moment_ago(machines, clock, caplog) -> None:
    machine = machines(NOWHERE, when_away="accept")
    copy = machine.revocations._follower.copy()
    tries = []
    for _ in range(4):
        machine.ask()
        tries.append(copy._tries)
        clock.pass_(500)
    assert tries == [1, 1, 2, 2]


class Queue:
    """A lock that knows how many have come to it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.came = threading.Semaphore(0)

    def __enter__(self) -> None:
        self.came.release()
        self.lock.acquire()

    def __exit__(self, *_: object) -> None:
        self.lock.release()


def test_threads_that_wait_for_a_server_that_is_away_share_one_answer(machines) -> None:
    machine = machines(NOWHERE)
    copy = machine.revocations._follower.copy()
    copy._lock = queue = Queue()
    failed = []

    def ask() -> None:
        try:
            machine.ask()
        except Unavailable as away:
            failed.append(away)

    with queue.lock:
        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for _ in threads:
            queue.came.acquire()
        # As somebody does who holds the lock and has just found out.
        waiting_since = copy._tries
        copy.failure, copy._tries = Unavailable(detail="what the first one found"), waiting_since + 1
    for thread in threads:
        thread.join()
    # Nobody tried once more, and each has an error of his own: raising one again would mix their tracebacks.
    assert [error.detail for error in failed] == ["what the first one found"] * 8
    assert copy._tries == waiting_since + 1
    assert len({id(error) for error in failed}) == 8


FORK = """
import os, sys, threading
os.environ["OSTIARY_DEVELOPMENT"] = "1"
from tests.features.revocation.conftest import Machine
from tests.shop import FrozenClock
from ostiary.features.revocation import Revocation
machine = Machine(sys.argv[1], FrozenClock(), Revocation())
assert machine.ask() is None
# At the moment of the fork another thread is asking: nobody will ever release its lock in the child.
lock = machine.revocations._follower.copy()._lock
lock.acquire()
pid = os.fork()
if pid == 0:
    machine.revoke("token", "t1")
    os._exit(0 if machine.ask() == "token" and machine.ask(jti="t2") is None else 1)
code = os.waitpid(pid, 0)[1]
lock.release()
machine.clock.pass_(1_000)
print(code, machine.ask(), machine.ask(jti="t2"))
machine.close()
"""


@pytest.mark.asvs("V11.5.2")
def test_a_fork_shares_neither_copy_nor_lock_nor_connection(database_url) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FORK, database_url],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
        check=False,
    )
    assert done.stdout.split() == ["0", "token", "None"], done.stderr


def test_a_hundred_thousand_revocations_are_asked_about_as_fast_as_ten(machines, sqlite_url, clock) -> None:
    def calls(machine) -> int:
        count = 0

        def profile(frame, event, argument):
            nonlocal count
            count += event in ("call", "c_call")

        machine.ask()
        sys.setprofile(profile)
        try:
            machine.ask()
        finally:
            sys.setprofile(None)
        return count

    machine = machines(sqlite_url)
    machine.revoke("token", "x")
    few = calls(machine)
    with machine.database.write() as tx:
        row = {"kind": "token", "made_at": clock.now(), "expires_at": clock.now() + HOUR}
        tx.execute(revocations.insert(), [{**row, "key": f"x{number}"} for number in range(100_000)])
    assert machine.ask(jti="x99999") == "token"
    assert len(machine.known) == 100_001
    assert calls(machine) == few
    # One more is read alone, not with the hundred thousand before it.
    with machine.database.write() as tx:
        append(tx, "token", "t1", expires_at=clock.now() + HOUR, now=clock.now())
    copy = machine.revocations._follower.copy()
    assert [row[2] for row in copy._reader.read(copy._position, before=0)[1]] == ["t1"]
