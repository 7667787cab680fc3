"""A subject is text, or whoever has an id that is."""

from dataclasses import dataclass

import pytest

from ostiary.kernel.subject import subject_of


@dataclass
class Account:
    id: object


def test_an_owner_is_a_subject_or_whoever_has_an_id() -> None:
    assert (subject_of("robot-1"), subject_of(Account("42"))) == ("robot-1", "42")


@pytest.mark.parametrize("owner", [5, None, b"ada", Account(5)])
def test_a_number_is_no_owner_and_the_error_says_what_to_write(owner) -> None:
    with pytest.raises(TypeError, match=r"write str\(…\)"):
        subject_of(owner)


@pytest.mark.parametrize("owner", ["", "a" * 256, "a\x00"])
def test_an_impossible_subject_is_no_owner(owner) -> None:
    with pytest.raises(ValueError, match="1 to 255"):
        subject_of(owner)
