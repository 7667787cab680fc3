"""Argon2id: one password verifies, no other does, and nobody's account costs as much work as somebody's."""

import re
from unicodedata import normalize

import pytest
from argon2 import extract_parameters
from argon2.low_level import Type, hash_secret
from hypothesis import given, settings
from hypothesis import strategies as st

from ostiary.features.passwords.argon2id import Argon2id

# Parameters far below the floor: these tests are about what is compared, not about how long it takes.
QUICK = Argon2id(memory_kib=8, passes=1, lanes=1)
PASSWORD = "correct horse battery staple"  # noqa: S105
# The salt is fixed, so that the tests have the same names in every process.
STORED = hash_secret(PASSWORD.encode(), b"sixteen bytes...", 1, 8, 1, 32, Type.ID).decode()


def parameters(stored: str) -> str:
    return stored.split("$")[3]


# --- the stored form ----------------------------------------------------------------------------------------


@pytest.mark.must("CS-PwStore")
def test_the_default_is_the_second_recommended_option_of_rfc_9106() -> None:
    # RFC 9106 §4: t=3, p=4, m=2^16 (64 MiB), a salt of 128 bits, a tag of 256 bits.
    scheme = Argon2id()
    stored = scheme.hash(PASSWORD)
    assert re.fullmatch(r"\$argon2id\$v=19\$m=65536,t=3,p=4\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}", stored)
    assert scheme.verify(stored, PASSWORD)


def test_each_hash_has_a_salt_of_its_own() -> None:
    stored = {QUICK.hash(PASSWORD) for _ in range(200)}
    assert len({text.split("$")[4] for text in stored}) == 200
    assert len({text.split("$")[5] for text in stored}) == 200


def test_a_hash_of_other_parameters_still_verifies() -> None:
    stronger = Argon2id(memory_kib=16, passes=2, lanes=1)
    assert stronger.verify(STORED, PASSWORD)
    assert not stronger.verify(STORED, "wrong")
    assert parameters(stronger.hash(PASSWORD)) == "m=16,t=2,p=1"


# --- what is compared ---------------------------------------------------------------------------------------


@settings(max_examples=30)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=100))
def test_a_password_verifies_against_its_own_hash(password: str) -> None:
    assert QUICK.verify(QUICK.hash(password), password)


@pytest.mark.asvs("V6.2.8")
@pytest.mark.attack("J7")
@pytest.mark.parametrize(
    "guess",
    [
        PASSWORD.upper(),
        PASSWORD.swapcase(),
        PASSWORD.capitalize(),
        PASSWORD + " ",
        " " + PASSWORD,
        PASSWORD + "\n",
        PASSWORD.replace(" ", "  "),
        PASSWORD.replace(" ", "\N{NO-BREAK SPACE}"),
        PASSWORD[:-1],
        "",
    ],
)
def test_what_is_nearly_the_password_is_not_the_password(guess: str) -> None:
    assert not QUICK.verify(STORED, guess)


@pytest.mark.attack("J4")
def test_a_nul_does_not_end_a_password() -> None:
    stored = QUICK.hash("good\0evil")
    assert QUICK.verify(stored, "good\0evil")
    assert not QUICK.verify(stored, "good")
    assert not QUICK.verify(stored, "good\0")
    assert not QUICK.verify(stored, "good\0other")
    assert not QUICK.verify(QUICK.hash("good"), "good\0")
    assert not QUICK.verify(QUICK.hash("\0"), "\0\0")


@pytest.mark.asvs("V6.2.8")
@pytest.mark.attack("J5")
@pytest.mark.must("63B-3.1.1.2-9")
@pytest.mark.parametrize("shared", [72, 128, 255, 1_023])
def test_passwords_that_differ_only_at_their_end_do_not_verify_for_each_other(shared: int) -> None:
    one, other = "a" * shared + "1", "a" * shared + "2"
    stored = QUICK.hash(one)
    assert QUICK.verify(stored, one)
    assert not QUICK.verify(stored, other)
    assert not QUICK.verify(stored, "a" * shared)


@pytest.mark.asvs("V6.2.9")
def test_64_characters_of_four_bytes_verify() -> None:
    password = "".join(chr(0x1F600 + number) for number in range(64))
    assert len(password.encode()) == 256
    stored = QUICK.hash(password)
    assert QUICK.verify(stored, password)
    assert not QUICK.verify(stored, password[:-1])


@pytest.mark.attack("J2")
@pytest.mark.must("63B-3.1.1.2-nfc")
@pytest.mark.parametrize(
    "password", ["\N{GRINNING FACE}" * 15, "e\N{COMBINING ACUTE ACCENT}" * 15, "Ångström-ẛ̣", "가나다"]
)
def test_composed_and_decomposed_forms_of_a_password_verify_for_each_other(password: str) -> None:
    composed, decomposed = normalize("NFC", password), normalize("NFD", password)
    assert QUICK.verify(QUICK.hash(composed), decomposed)
    assert QUICK.verify(QUICK.hash(decomposed), composed)


@pytest.mark.attack("J8")
def test_characters_outside_ascii_are_not_one_another() -> None:
    stored = QUICK.hash("пароль")
    assert not QUICK.verify(stored, "??????")
    assert not QUICK.verify(stored, "парола")


@pytest.mark.attack("J2")
def test_a_password_of_combining_marks_alone_counts_each_of_them() -> None:
    marks = "\N{COMBINING ACUTE ACCENT}" * 15
    stored = QUICK.hash(marks)
    assert QUICK.verify(stored, marks)
    assert not QUICK.verify(stored, marks[:-1])


# --- what never matches -------------------------------------------------------------------------------------

UNUSABLE = [
    None,
    "",
    " ",
    "!",
    "*",
    PASSWORD,
    "$argon2id$",
    "$argon2id$v=19$m=8,t=1,p=1$",
    "$argon2id$v=19$m=0,t=0,p=0$AAAA$AAAA",
    STORED[:-1],
    STORED[:-20],
    STORED + "x" * 500,
    " " + STORED,
    STORED.replace("argon2id", "argon2i"),
    STORED.replace("argon2id", "argon2d"),
    STORED.replace("$argon2id", "$ARGON2ID"),
    STORED.replace("m=8", "m=8\ud800"),
    STORED.replace("m=8", "m=８"),
    hash_secret(PASSWORD.encode(), b"0" * 16, 1, 8, 1, 32, Type.I).decode(),
    "pbkdf2:sha256:1000$salt$c0ffee",
]


@pytest.mark.attack("J10")
@pytest.mark.parametrize("stored", UNUSABLE, ids=range(len(UNUSABLE)))
@pytest.mark.parametrize("guess", [PASSWORD, "", "!", "None", "\0"])
def test_a_stored_value_that_is_no_hash_never_matches(stored: str | None, guess: str) -> None:
    assert not QUICK.verify(stored, guess)


@pytest.mark.attack("J10")
def test_the_hash_that_nobody_has_never_matches_even_if_it_is_stored() -> None:
    nobody = str(QUICK._nobody)
    for guess in (PASSWORD, "", nobody, nobody.split("$")[5], "None", " "):
        assert not QUICK.verify(nobody, guess)
        assert not QUICK.verify(None, guess)


def test_the_hash_that_nobody_has_is_random_and_not_shown() -> None:
    assert Argon2id(memory_kib=8, passes=1, lanes=1)._nobody != QUICK._nobody
    assert "nobody" not in repr(QUICK)
    assert Argon2id(memory_kib=8, passes=1, lanes=1) == QUICK


def test_the_hash_that_nobody_has_costs_what_a_real_one_costs() -> None:
    for scheme in (QUICK, Argon2id(memory_kib=64, passes=2, lanes=2)):
        assert extract_parameters(str(scheme._nobody)) == extract_parameters(scheme.hash(PASSWORD))


# --- the same work ------------------------------------------------------------------------------------------


@pytest.mark.asvs("V6.3.8")
@pytest.mark.attack("I2")
@pytest.mark.parametrize("stored", [STORED, *UNUSABLE], ids=["usable", *range(len(UNUSABLE))])
@pytest.mark.parametrize("guess", [PASSWORD, "wrong"])
def test_an_unknown_account_costs_as_many_hashes_as_a_known_one(
    stored: str | None, guess: str, hashes: list[str]
) -> None:
    QUICK.verify(stored, guess)
    assert hashes == ["m=8,t=1,p=1"]


@pytest.mark.asvs("V6.3.8")
@pytest.mark.attack("J1")
@pytest.mark.attack("U1")
@pytest.mark.parametrize(
    "guess", ["", "x" * 1_000_000, "x" * 10_000_000, "\ud800"], ids=["empty", "1 MB", "10 MB", "surrogate"]
)
def test_what_is_no_password_costs_no_hash_for_anybody(guess: str, hashes: list[str]) -> None:
    assert not QUICK.verify(STORED, guess)
    assert not QUICK.verify(None, guess)
    assert hashes == []


@pytest.mark.attack("J1")
@pytest.mark.parametrize("password", ["", "x" * 1_000_000, "\ud800"], ids=["empty", "1 MB", "surrogate"])
def test_what_is_no_password_is_not_hashed(hashes: list[str], password: str) -> None:
    with pytest.raises(ValueError, match=r"too long|not Unicode"):
        QUICK.hash(password)
    assert hashes == []
