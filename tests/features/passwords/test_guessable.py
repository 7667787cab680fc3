"""Guessable passwords: each rule refuses what it says, and nothing that only looks a little like it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.features.passwords.guessable import is_guessable, plain, repeated_unit
from ostiary.features.passwords.most_common import is_most_common


def _is_guessable(text: str, least: int = 15) -> bool:
    return is_guessable(text, least=least, is_common=is_most_common)


@pytest.mark.must("63B-3.1.1.2-bl")
@pytest.mark.attack("J11")
@pytest.mark.parametrize(
    "text",
    [
        # repetitions
        "aaaaaaaaaaaaaaaa",
        "abcabcabcabcabc",
        "x7kx7kx7kx7kx7k",
        "hunter2hunter2hunter2",
        "password password password",
        "correcthorsecorrecthorse",
        "                ",
        # sequences and walks
        "abcdefghijklmnop",
        "zyxwvutsrqponml",
        "987654321098765",
        "qwertyuiopasdfg",
        "1qaz2wsx3edc4rfv",
        "q1w2e3r4t5y6u7i8",
        "йцукенгшщзфывап",
        "112233445566778899",
        # a word, decorated
        "password20271231",
        "31.12.2027password",
        "p@ssw0rd12345678",
        "$unshine$unshine",
        "dragondragon2027!",
        "***manchester***",
        "password1234567890123456",
        "passwordpasswordpassword!",
    ],
)
def test_what_follows_a_rule_is_refused(text: str) -> None:
    assert _is_guessable(text)


@pytest.mark.parametrize(
    "text",
    [
        "correct horse battery staple",
        "my dog likes green apples",
        "sunshine over the harbour",
        "monkey83920184756",
        "we were here twenty years ago",
        "839204716592038",
        "tq8zvm1xkf5wbn2",
        "a quick brown fox",
        "колесо и два весла",
    ],
)
def test_a_phrase_and_a_random_text_are_taken(text: str) -> None:
    assert not _is_guessable(text)


@given(st.text("abcdefghijk", min_size=1, max_size=12), st.integers(2, 6), st.integers(0, 11))
def test_a_repetition_is_its_unit(unit: str, times: int, cut: int) -> None:
    found = repeated_unit(unit * times + unit[: cut % len(unit)])
    assert len(found) <= len(unit)
    assert (unit * times).startswith(found)
    assert repeated_unit(found) == found


@given(st.text(max_size=1_024))
def test_a_rule_answers_for_every_text(text: str) -> None:
    _is_guessable(text)
    assert repeated_unit(text) == text or 2 * len(repeated_unit(text)) <= len(text)


@pytest.mark.attack("J1")
def test_the_longest_text_is_judged_at_once() -> None:
    import time

    started = time.process_time()
    for text in ("ab" * 512, "a" * 1_023 + "b", "password" * 128, "a1" * 511 + "zz"):
        _is_guessable(text)
    assert time.process_time() - started < 1


def test_signs_that_stand_for_letters_are_read_as_those() -> None:
    assert plain("p@$$w0rd 1337") == "password leet"
