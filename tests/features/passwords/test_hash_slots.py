"""Hash slots: so many at work, so many in line, and everybody else sent away before any work is done."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
from tests.shop import FrozenClock

from ostiary.features.passwords.hash_slots import HashSlots
from ostiary.features.passwords.settings import PasswordsSettings
from ostiary.kernel.errors import Unavailable

# Long enough that no test ever waits it out, unless waiting it out is what the test is about.
PATIENT = 60_000


def in_thread(act: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    return thread


@pytest.mark.attack("U2")
def test_by_default_one_core_stays_free_and_the_line_has_an_end() -> None:
    defaults = PasswordsSettings()
    assert defaults.hash_slots >= 1
    assert 0 <= defaults.waiting < 1_000


@pytest.mark.attack("U1")
def test_whoever_comes_when_all_slots_and_the_line_are_full_is_sent_away_with_retry_after() -> None:
    slots = HashSlots(2, waiting=0, patience=10_000)
    with slots.slot(), slots.slot(), pytest.raises(Unavailable) as caught, slots.slot():
        pytest.fail("a third one got in")  # no work is done
    assert caught.value.status == 503
    assert caught.value.headers["Retry-After"] == "1"
    assert slots.refused == 1


def _hash_for(slots: HashSlots, clock: FrozenClock, seconds: float) -> None:
    with slots.slot():
        clock.pass_(int(seconds * 1000))


@contextmanager
def _in_line(slots: HashSlots, number: int) -> Iterator[None]:
    """All slots are held, and so many wait."""
    with ExitStack() as held:
        for _ in range(slots.most):
            held.enter_context(slots.slot())
        threads = [in_thread(lambda: _pass_through(slots)) for _ in range(number)]
        while slots.waiting < number:
            pass
        yield
    for thread in threads:
        thread.join(timeout=60)


def _pass_through(slots: HashSlots) -> None:
    with slots.slot():
        pass


def _told(slots: HashSlots) -> str:
    with pytest.raises(Unavailable, match="too many wait") as caught, slots.slot():
        pytest.fail("there was no place")
    return caught.value.headers["Retry-After"]


@pytest.mark.attack("U1")
@pytest.mark.parametrize(
    ("most", "waiting", "seconds", "told"),
    [
        (1, 0, 4.0, [4, 8, 12]),  # the one who hashes, and then it is her turn; and then that of the next one
        (1, 3, 0.5, [2, 3, 3]),
        (2, 3, 4.0, [8, 10, 12]),
        (2, 2, 0.5, [1, 1, 2]),  # three quarters of a second, one, one and a quarter
        (4, 5, 1.0, [2, 2, 2]),  # rounded up
        (1, 0, 0.001, [1, 1, 1]),  # at least a second
        (1, 0, 25.0, [25, 50, 60]),  # at most a minute
        (1, 5, 60.0, [60, 60, 60]),
    ],
)
def test_who_is_sent_away_is_told_when_it_would_be_her_turn(
    most: int, waiting: int, seconds: float, told: list[int]
) -> None:
    clock = FrozenClock()
    slots = HashSlots(most, waiting=waiting, patience=30_000, clock=clock)
    _hash_for(slots, clock, seconds)
    with _in_line(slots, waiting):
        assert [int(_told(slots)) for _ in range(3)] == told
    assert slots.refused == 3


@pytest.mark.attack("U1")
def test_a_storm_is_told_to_come_back_as_slots_become_free_and_not_all_at_once() -> None:
    clock = FrozenClock()
    slots = HashSlots(2, waiting=4, patience=PATIENT, clock=clock)
    _hash_for(slots, clock, 0.5)
    with _in_line(slots, 4):
        told = [int(_told(slots)) for _ in range(100)]
    # Two slots, each free twice a second: of a hundred, four are to come in each second.
    assert [told.count(second) for second in range(3, 26)] == [4] * 23
    # Those who did not come back are forgotten once their time is over.
    clock.pass_(60_000)
    with _in_line(slots, 4):
        assert int(_told(slots)) <= 2


def test_how_long_a_hash_takes_is_what_it_took_lately() -> None:
    clock = FrozenClock()
    slots = HashSlots(1, waiting=0, patience=PATIENT, clock=clock)
    for _ in range(100):
        _hash_for(slots, clock, 8.0)
    with _in_line(slots, 0):
        assert _told(slots) == "8"
    for _ in range(100):
        _hash_for(slots, clock, 1.9)
    with _in_line(slots, 0):
        assert _told(slots) == "2"


def test_a_hash_that_failed_says_nothing_about_how_long_one_takes() -> None:
    clock = FrozenClock()
    slots = HashSlots(1, waiting=0, patience=PATIENT, clock=clock)
    _hash_for(slots, clock, 3.0)
    with pytest.raises(ZeroDivisionError), slots.slot():
        clock.pass_(50_000)
        raise ZeroDivisionError
    with _in_line(slots, 0):
        assert _told(slots) == "3"


def test_before_anything_was_measured_a_hash_is_taken_to_be_slow() -> None:
    slots = HashSlots(1, waiting=8, patience=PATIENT, clock=FrozenClock())
    with _in_line(slots, 8):
        assert 1 < int(_told(slots)) < 10


def test_a_slot_is_free_again_afterwards() -> None:
    slots = HashSlots(1, waiting=0, patience=PATIENT)
    for _ in range(5):
        with slots.slot():
            pass
    assert slots.refused == 0


def test_a_slot_is_free_again_after_a_failure() -> None:
    slots = HashSlots(1, waiting=0, patience=PATIENT)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), slots.slot():
            raise ZeroDivisionError
    with slots.slot():
        pass


def test_being_sent_away_gives_no_slot_back_that_was_not_held() -> None:
    slots = HashSlots(1, waiting=0, patience=PATIENT)
    with slots.slot():
        for _ in range(3):
            with pytest.raises(Unavailable), slots.slot():
                pass
    with slots.slot(), pytest.raises(Unavailable), slots.slot():
        pass
    assert slots.refused == 4


def test_whoever_has_waited_as_long_as_patience_is_sent_away_and_leaves_the_line() -> None:
    slots = HashSlots(1, waiting=1, patience=1)
    with slots.slot():
        for _ in range(3):
            with pytest.raises(Unavailable, match="waited too long") as caught, slots.slot():
                pass
            assert int(caught.value.headers["Retry-After"]) >= 1
    assert (slots.refused, slots.waiting) == (3, 0)
    with slots.slot():
        pass


@pytest.mark.attack("U2")
def test_those_in_line_get_their_turn_and_the_next_one_is_sent_away() -> None:
    slots = HashSlots(2, waiting=3, patience=PATIENT)
    done = threading.Semaphore(0)

    def wait_and_work() -> None:
        with slots.slot():
            done.release()

    with slots.slot(), slots.slot():
        threads = [in_thread(wait_and_work) for _ in range(3)]
        while slots.waiting < 3:
            pass
        with pytest.raises(Unavailable, match="too many wait"), slots.slot():
            pass
    for thread in threads:
        thread.join(timeout=60)
    assert all(done.acquire(blocking=False) for _ in range(3))
    assert (slots.waiting, slots.refused) == (0, 1)


@pytest.mark.attack("U2")
def test_never_more_work_at_once_than_there_are_slots() -> None:
    slots = HashSlots(3, waiting=32, patience=PATIENT)
    counting = threading.Lock()
    # The first three meet inside: the slots are used in parallel, and not one after the other.
    together = threading.Barrier(3)
    at_work, most, finished = 0, 0, 0

    def work(meet: bool) -> None:
        nonlocal at_work, most, finished
        with slots.slot():
            with counting:
                at_work += 1
                most = max(most, at_work)
            if meet:
                together.wait(timeout=60)
            with counting:
                at_work -= 1
                finished += 1

    threads = [in_thread(lambda: work(meet=True)) for _ in range(3)]
    threads += [in_thread(lambda: work(meet=False)) for _ in range(24)]
    for thread in threads:
        thread.join(timeout=60)
    assert (most, finished, slots.refused) == (3, 27, 0)


@pytest.mark.attack("U2")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_while_somebody_hashes_takes_no_slot_along() -> None:
    slots = HashSlots(1, waiting=0, patience=PATIENT)
    with slots.slot():
        child = os.fork()
        if child == 0:
            try:
                with slots.slot():
                    os._exit(0)
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        with pytest.raises(Unavailable), slots.slot():
            pytest.fail("the parent's slot is taken still")
