"""Context words: no password is made of a person's own names or of the site's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.features.passwords.house import open_house

from ostiary.features.passwords.context import context_words, is_made_of
from ostiary.features.passwords.most_common import fold, is_most_common
from ostiary.kernel.errors import ValidationFailed


def _is_made_of(password: str, *context: str) -> bool:
    return is_made_of(fold(password), context_words(context), is_common=is_most_common)


@pytest.mark.asvs("V6.1.2")
@pytest.mark.asvs("V6.2.11")
@pytest.mark.attack("J11")
@pytest.mark.parametrize(
    "password",
    [
        "ada.lovelace@mail.example",
        "AdaLovelace1815!",
        "4d4L0v3l4c3-2027",
        "lovelacelovelace",
        "harbourside2027!!",
        "H4rb0ur$ide-ada",
        "shop.example.ada",
        "lovelacepassword1",
    ],
)
def test_a_password_of_nothing_but_her_names_and_the_sites_is_refused(password: str) -> None:
    assert _is_made_of(password, "ada.lovelace@mail.example", "shop.example", "Harbourside")


@pytest.mark.parametrize(
    "password", ["adagreenwindowlamp", "my mother lovelace rode a bicycle", "the shop around the corner", "unrelated"]
)
def test_a_phrase_that_only_holds_such_a_word_is_taken(password: str) -> None:
    assert not _is_made_of(password, "ada.lovelace@mail.example", "shop.example")


@pytest.mark.asvs("V6.1.2")
@pytest.mark.parametrize("word", ["Bäckerei", "acme", "Order-Desk"])
@pytest.mark.parametrize("variant", [str, str.upper, lambda word: word + "2027", lambda word: f"!!{word}{word}!!"])
def test_each_word_of_the_setting_is_refused_in_its_variants(sqlite_url: str, word: str, variant) -> None:
    with open_house(sqlite_url, context_words=("Bäckerei", "acme", "Order-Desk")) as house:
        with pytest.raises(ValidationFailed) as failed:
            house.passwords.check_new(variant(word).ljust(15, "!"))
        assert "contains_context" in {error.code for error in failed.value.errors}


def test_the_host_of_the_application_is_one_of_its_words(sqlite_url: str) -> None:
    with open_house(sqlite_url) as house, pytest.raises(ValidationFailed) as failed:
        house.passwords.check_new("harbourside.example")
    assert [error.code for error in failed.value.errors] == ["contains_context"]


def test_parts_of_two_letters_and_an_empty_context_say_nothing() -> None:
    assert context_words(["de-la-Cruz", "", "x@y.z"]) == ("delacruz", "cruz", "xyz")
    assert not _is_made_of("anything at all here")


def test_a_context_that_a_stranger_sends_is_bounded() -> None:
    assert len(context_words([f"word{number}" for number in range(10_000)])) == 64
    assert max(map(len, context_words(["x" * 100_000]))) <= 320


@given(st.text(max_size=60), st.lists(st.text(max_size=30), max_size=6))
def test_any_context_is_read(password: str, context: list[str]) -> None:
    _is_made_of(password, *context)
