"""What a password may be: exactly as given after NFC, and refused before any work when it is none."""

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.features.passwords import input_bounds
from ostiary.features.passwords.input_bounds import (
    LONGEST_BYTES,
    LONGEST_CHARACTERS,
    PasswordOutOfBounds,
    password_bytes,
)

GRIN = "\N{GRINNING FACE}"


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80))
def test_a_password_is_its_bytes_after_nfc_and_nothing_else(password: str) -> None:
    assert password_bytes(password) == normalize("NFC", password).encode()


@given(st.text(st.characters(max_codepoint=127), min_size=1, max_size=80))
def test_what_is_ascii_is_hashed_as_it_was_received(password: str) -> None:
    assert password_bytes(password) == password.encode()


@pytest.mark.asvs("V6.2.8")
@pytest.mark.attack("J7")
@pytest.mark.parametrize("password", [" secret", "secret ", "\tsecret\n", "SeCrEt", "   "])
def test_nothing_is_stripped_and_no_case_changed(password: str) -> None:
    assert password_bytes(password) == password.encode()


@pytest.mark.must("63B-3.1.1.2-nfc")
def test_the_same_characters_typed_on_two_systems_are_the_same_bytes() -> None:
    assert password_bytes("cafe\N{COMBINING ACUTE ACCENT}") == password_bytes("café")


@pytest.mark.must("63B-3.1.1.2-nfc")
def test_characters_that_only_look_alike_stay_different() -> None:
    # NFKC would make these one.
    assert password_bytes("\N{LATIN SMALL LIGATURE FI}ne") != password_bytes("fine")
    assert password_bytes("\N{FULLWIDTH DIGIT ONE}") != password_bytes("1")


@pytest.mark.attack("J8")
def test_no_character_is_replaced_by_a_question_mark() -> None:
    assert b"?" not in password_bytes("пароль密碼\N{GRINNING FACE}")


@pytest.mark.asvs("V6.2.9")
def test_at_least_64_characters_are_permitted_however_many_bytes_they_take() -> None:
    assert LONGEST_CHARACTERS >= 64
    assert len(password_bytes(GRIN * 64)) == 256


@pytest.mark.attack("J2")
@pytest.mark.must("63B-3.1.1.2-4")
def test_length_is_counted_in_code_points_to_the_last_one() -> None:
    assert len(password_bytes(GRIN * LONGEST_CHARACTERS)) == LONGEST_BYTES
    with pytest.raises(PasswordOutOfBounds):
        password_bytes(GRIN * (LONGEST_CHARACTERS + 1))
    with pytest.raises(PasswordOutOfBounds):
        password_bytes("a" * (LONGEST_CHARACTERS + 1))


def test_a_password_that_grows_beyond_the_bound_when_normalised_is_refused() -> None:
    # NFC writes this one character as three of four bytes each.
    grows = "\N{MUSICAL SYMBOL EIGHTH NOTE}"
    assert len(password_bytes(grows)) == 12
    with pytest.raises(PasswordOutOfBounds):
        password_bytes(grows * LONGEST_CHARACTERS)


@pytest.mark.attack("J1")
@pytest.mark.attack("U1")
@pytest.mark.parametrize("megabytes", [1, 10])
def test_a_huge_password_is_refused_before_it_is_normalised(monkeypatch: pytest.MonkeyPatch, megabytes: int) -> None:
    normalised: list[str] = []
    monkeypatch.setattr(input_bounds, "normalize", lambda form, text: normalised.append(form) or normalize(form, text))
    with pytest.raises(PasswordOutOfBounds):
        password_bytes("é" * (megabytes * 500_000))
    assert normalised == []


@pytest.mark.parametrize("password", ["", "\ud800", "secret\udcff"])
def test_what_is_empty_or_not_unicode_is_no_password(password: str) -> None:
    with pytest.raises(PasswordOutOfBounds):
        password_bytes(password)


@given(st.text(st.characters(exclude_categories=()), max_size=1_200))
def test_any_text_is_a_password_or_out_of_bounds(password: str) -> None:
    try:
        encoded = password_bytes(password)
    except PasswordOutOfBounds:
        return
    assert 0 < len(encoded) <= LONGEST_BYTES


@pytest.mark.asvs("V16.2.5")
@pytest.mark.parametrize("password", ["canary" * 200, "canary\ud800"], ids=["too long", "surrogate"])
def test_the_refusal_does_not_show_the_password(password: str) -> None:
    with pytest.raises(PasswordOutOfBounds) as caught:
        password_bytes(password)
    assert "canary" not in str(caught.value)
    # An UnicodeEncodeError holds the whole text; it is not shown as the cause.
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
