"""Background threads: what they return and raise, how many there are, how far they stand back, and what a fork makes of them."""

import os
import subprocess
import sys
import threading

import pytest

from ostiary.features.passwords.background_threads import BackgroundThreads


def priority() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_work_returns_and_raises_as_if_it_were_done_here() -> None:
    threads = BackgroundThreads(1)
    assert threads.run(lambda: "done") == "done"
    with pytest.raises(ZeroDivisionError):
        threads.run(lambda: 1 // 0)
    assert threads.run(lambda: "goes on") == "goes on"


@pytest.mark.attack("U2")
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a priority for each thread")
def test_a_hash_stands_back_behind_a_request_and_the_request_does_not() -> None:
    here = priority()
    assert BackgroundThreads(1).run(priority) == max(here, 10)
    assert priority() == here


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a priority for each thread")
def test_where_threads_are_not_real_ones_nobody_stands_back(monkeypatch) -> None:
    here = priority()
    monkeypatch.setattr(threading, "get_native_id", os.getpid)
    assert BackgroundThreads(1).run(lambda: os.getpriority(os.PRIO_PROCESS, 0)) == here
    assert os.getpriority(os.PRIO_PROCESS, os.getpid()) == here


def test_there_are_no_more_threads_than_was_said() -> None:
    threads, seen = BackgroundThreads(2), set()

    def work() -> None:
        for _ in range(20):
            seen.add(threads.run(threading.get_native_id))

    asking = [threading.Thread(target=work) for _ in range(8)]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    assert len(seen) <= 2
    assert threading.get_native_id() not in seen


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_a_fork_makes_threads_of_its_own() -> None:
    threads = BackgroundThreads(1)
    threads.run(lambda: None)
    child = os.fork()
    if child == 0:
        os._exit(threads.run(lambda: 7))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_what_comes_while_the_interpreter_ends_is_done_all_the_same() -> None:
    source = """
import threading
from concurrent.futures import thread
from ostiary.features.passwords.background_threads import BackgroundThreads

threads = BackgroundThreads(1)
threads.run(int)
ended = threading.Event()
# Called when no executor takes anything any more.
threading._register_atexit(ended.set)

def late():
    ended.wait()
    while not thread._shutdown:
        pass
    print("hashed", threads.run(lambda: 7), flush=True)

threading.Thread(target=late).start()
"""
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=60)
    assert done.stdout == "hashed 7\n", done.stderr
