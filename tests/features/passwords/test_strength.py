"""The strength of a password: a score and a hint, bounded work, and no gate."""

import subprocess
import sys
import time

import pytest
from tests.features.passwords.house import open_house

from ostiary.features.passwords.strength import estimate_strength


def test_a_score_rises_with_what_is_typed() -> None:
    weak, strong = estimate_strength("password"), estimate_strength("a window over the harbour")
    assert (weak.score, strong.score) == (0, 4)
    assert weak.warning
    assert weak.suggestions
    assert estimate_strength("").score == 0


def test_a_persons_own_names_count_for_little() -> None:
    name = "lovelacebyron"
    assert estimate_strength(name, ["Lovelace Byron"]).score < estimate_strength(name).score


@pytest.mark.attack("J1")
def test_a_long_text_takes_no_longer_than_a_short_one() -> None:
    started = time.process_time()
    for text in ("a" * 1_000_000, "password" * 10_000, "x1" * 50_000):
        estimate_strength(text)
    assert time.process_time() - started < 5


def test_a_weak_score_refuses_nothing(sqlite_url: str) -> None:
    with open_house(sqlite_url, min_length=8) as house:
        password = "oatmeal9k"
        assert house.passwords.strength(password).score < 3
        house.passwords.check_new(password)


def test_its_word_lists_are_loaded_only_where_somebody_asks() -> None:
    source = "import sys, ostiary; ostiary.Passwords(); import ostiary.features.passwords.actions; print('zxcvbn' in sys.modules, 'httpx' in sys.modules, 'bcrypt' in sys.modules, 'sqlalchemy' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["False"] * 4
