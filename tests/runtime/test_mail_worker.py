"""The worker: a thread of each process from its first mail on, which ends when it should."""

import gc
import subprocess
import sys
import threading
import weakref

import pytest
from tests.delivery.mail_server import MailServer, serving
from tests.runtime.letters import by_smtp, open_office

from ostiary.kernel.clock import SystemClock
from ostiary.runtime.mail_worker import MailWorker


class Arrivals(MailServer):
    """A server that says when as many mails have arrived as a test waits for."""

    def __init__(self, **options):
        super().__init__(**options)
        self.came = threading.Condition()

    async def handle_DATA(self, server, session, envelope):
        answer = await super().handle_DATA(server, session, envelope)
        with self.came:
            self.came.notify_all()
        return answer

    def wait_for(self, count):
        with self.came:
            return self.came.wait_for(lambda: len(self.arrived) >= count, timeout=30)


class Pretend:
    """A delivery that counts its rounds, and is told what is next."""

    def __init__(self, until_next=None, *, failing=False):
        self.rounds = 0
        self.again = threading.Semaphore(0)
        self._until_next = until_next
        self._failing = failing

    def deliver_due(self, *, stopping):
        self.rounds += 1
        self.again.release()
        if self._failing:
            raise RuntimeError

    def until_next(self):
        return self._until_next


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "ostiary-mail"]


def test_mail_leaves_by_itself_after_the_commit(tmp_path, database_url):
    with (
        serving(Arrivals()) as server,
        open_office(tmp_path, database_url, clock=SystemClock(), **by_smtp(server.port)) as office,
    ):
        office.write("ada@shop.example")
        assert server.wait_for(1)
        office.write("bob@shop.example", "eve@shop.example")
        assert server.wait_for(3)
        assert sorted(to for to, _ in server.arrived) == ["ada@shop.example", "bob@shop.example", "eve@shop.example"]
        office.worker.stop()
        assert office.rows() == []


def test_there_is_one_thread_however_often_it_is_woken_and_none_once_it_is_stopped():
    worker = MailWorker(Pretend())
    assert not worker.awake
    for _ in range(20):
        worker.wake()
    assert len(threads()) == 1
    assert all(thread.daemon for thread in threads())
    worker.stop()
    worker.stop()
    assert threads() == []
    worker.wake()
    assert worker.awake
    worker.stop()


def test_it_looks_again_when_the_next_mail_is_due_and_when_it_is_woken():
    delivery = Pretend(until_next=0)
    worker = MailWorker(delivery)
    worker.wake()
    assert all(delivery.again.acquire(timeout=30) for _ in range(3)), "by itself"
    worker.stop()
    delivery = Pretend(until_next=None)
    worker = MailWorker(delivery)
    worker.wake()
    assert delivery.again.acquire(timeout=30)
    worker.wake()
    assert delivery.again.acquire(timeout=30), "asked for"
    worker.stop()


@pytest.mark.asvs("V16.5.3")
def test_a_round_that_fails_ends_no_thread(caplog):
    delivery = Pretend(failing=True)
    worker = MailWorker(delivery)
    worker.wake()
    assert delivery.again.acquire(timeout=30)
    worker.wake()
    assert delivery.again.acquire(timeout=30)
    assert worker.awake
    worker.stop()
    assert "could not be looked after" in caplog.text


def test_the_thread_goes_with_its_runtime():
    delivery = Pretend()
    worker = MailWorker(delivery)
    worker.wake()
    assert delivery.again.acquire(timeout=30)
    gone = weakref.ref(worker)
    del worker
    gc.collect()
    assert gone() is None
    assert threads() == []


def test_an_interpreter_with_a_worker_ends_after_the_mail_it_is_at(tmp_path, sqlite_url):
    program = """
import sys
from pathlib import Path
from tests.runtime.letters import by_smtp, open_office
from ostiary.kernel.clock import SystemClock
office = open_office(Path(sys.argv[1]), sys.argv[2], clock=SystemClock(), **by_smtp(int(sys.argv[3]))).__enter__()
office.write(*[f"p{number}@shop.example" for number in range(3)])
"""
    with serving(Arrivals()) as server:
        command = [sys.executable, "-c", program, str(tmp_path), sqlite_url, str(server.port)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        assert done.stderr == ""
        with open_office(tmp_path, sqlite_url, clock=SystemClock(), **by_smtp(server.port)) as office:
            # Whatever did not leave is given back, and due at once.
            office.worker.wake()
            assert server.wait_for(3)
            assert sorted(to for to, _ in server.arrived) == [f"p{number}@shop.example" for number in range(3)]


FORK = """
import os, sys
from pathlib import Path
from tests.runtime.letters import by_smtp, open_office
from ostiary.kernel.clock import SystemClock
office = open_office(Path(sys.argv[1]), sys.argv[2], clock=SystemClock(), **by_smtp(int(sys.argv[3]))).__enter__()
children = []
for number in range(2):
    if (child := os.fork()) == 0:
        assert not office.worker.awake
        office.write(f"child{number}@shop.example")
        assert office.worker.awake
        office.worker.stop()
        office.database.close()
        os._exit(0)
    children.append(child)
codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
assert codes == [0, 0], codes
office.write("parent@shop.example")
"""


def test_an_application_that_is_loaded_once_and_forked_has_a_thread_in_each_process(tmp_path, database_url):
    with serving(Arrivals()) as server, open_office(tmp_path, database_url, MAIL_WORKER="none") as reader:
        reader.database.engine()
        command = [sys.executable, "-c", FORK, str(tmp_path), database_url, str(server.port)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        arrived = [to for to, _ in server.arrived]
        assert len(arrived) == len(set(arrived))
        # A process that ended at once may have given its mail back: nothing is lost by that.
        assert len(arrived) + len(reader.rows()) == 3


AWAKE = """
import os, threading
from ostiary.runtime.mail_worker import MailWorker

class Asleep:
    rounds = 0
    def deliver_due(self, *, stopping):
        self.rounds += 1
    def until_next(self):
        return None

delivery = Asleep()
worker = MailWorker(delivery)
worker.wake()
while not delivery.rounds:
    pass
before = delivery.rounds
if (child := os.fork()) == 0:
    assert not worker.awake, "a thread is not inherited"
    worker.wake()
    assert worker.awake
    worker.stop()
    os._exit(0 if delivery.rounds > before else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert worker.awake
"""


def test_a_process_that_is_forked_while_the_thread_sleeps_makes_one_of_its_own():
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", AWAKE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
