"""Remembered verdicts: until an instant, never more than so many, and never under the token itself."""

from concurrent.futures import ThreadPoolExecutor

from ostiary.kernel.remembered_verdicts import RememberedVerdicts, token_digest


def test_a_verdict_counts_until_its_instant() -> None:
    verdicts = RememberedVerdicts(10)
    verdicts.keep(b"a", "good", 100)
    assert verdicts.find(b"a", 99) == "good"
    assert verdicts.find(b"a", 100) is None
    assert verdicts.find(b"b", 0) is None


def test_a_newer_verdict_takes_the_place_of_an_older() -> None:
    verdicts = RememberedVerdicts(4)
    verdicts.keep(b"a", "old", 100)
    for name in (b"b", b"c"):
        verdicts.keep(name, "x", 100)
    verdicts.keep(b"a", "new", 100)
    assert verdicts.find(b"a", 0) == "new"


def test_it_is_bounded_and_keeps_the_newest_half() -> None:
    verdicts = RememberedVerdicts(100)
    for number in range(10_000):
        verdicts.keep(str(number).encode(), number, 1)
        assert len(verdicts) <= 100
    assert all(verdicts.find(str(number).encode(), 0) == number for number in range(9_950, 10_000))


def test_what_is_asked_for_outlives_what_is_not() -> None:
    verdicts = RememberedVerdicts(10)
    verdicts.keep(b"asked for", 1, 1)
    verdicts.keep(b"forgotten", 2, 1)
    for number in range(100):
        verdicts.keep(str(number).encode(), number, 1)
        assert verdicts.find(b"asked for", 0) == 1
    assert verdicts.find(b"forgotten", 0) is None
    assert len(verdicts) <= 10


def test_threads_do_not_disturb_each_other() -> None:
    verdicts = RememberedVerdicts(64)

    def work(name: int) -> bool:
        for number in range(2_000):
            key = f"{name}-{number}".encode()
            verdicts.keep(key, key, 1)
            if verdicts.find(key, 0) not in (key, None):
                return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(work, range(4)))
    assert len(verdicts) <= 64 + 4


def test_a_token_is_known_by_its_digest_whatever_its_characters() -> None:
    assert len(token_digest("a")) == 32
    assert token_digest("\ud800") != token_digest("\ud801")
