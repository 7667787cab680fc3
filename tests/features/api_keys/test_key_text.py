"""The text of a key: what a secret scanner finds, and what its checksum tells."""

import re
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.features.api_keys.key_text import (
    SCANNER_PATTERN,
    KeyText,
    checksum_is_right,
    parse_key,
    spell_key,
    spell_secret,
)
from ostiary.kernel.identifiers import new_id

ID = "01MCC5RM00EWA9225KV23V9H8W"
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

keys = st.builds(
    KeyText,
    prefix=st.from_regex(r"[a-z][a-z0-9]{1,15}", fullmatch=True),
    environment=st.sampled_from(["live", "test"]),
    id=st.builds(new_id, st.integers(min_value=0, max_value=2**48 - 1), st.binary(min_size=10, max_size=10)),
    secret=st.builds(spell_secret, st.binary(min_size=32, max_size=32)),
)


def _key(**changes):
    return KeyText(
        **{"prefix": "ost", "environment": "live", "id": ID, "secret": spell_secret(b"\x01" * 32), **changes}
    )


def test_a_key_looks_as_it_is_documented() -> None:
    text = spell_key(_key(prefix="acme", secret=spell_secret(bytes(range(32)))))
    assert text == f"acme_live_{ID}.003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf43Iv3p"


def test_secret_and_checksum_are_numbers_in_base_62() -> None:
    """Read back by the rule that a scanner's owner is told, not by the code that wrote them."""

    def read(digits):
        return sum(LETTERS.index(digit) * 62**place for place, digit in enumerate(reversed(digits)))

    text = spell_key(_key(secret=spell_secret(bytes(range(32)))))
    assert read(text[-49:-6]) == int.from_bytes(bytes(range(32)), "big")
    assert read(text[-6:]) == zlib.crc32(text[:-6].encode())


@given(key=keys)
def test_every_key_is_taken_apart_into_what_it_was_made_of(key) -> None:
    text = spell_key(key)
    assert (parse_key(text), checksum_is_right(text)) == (key, True)


@pytest.mark.parametrize(
    "around", ["KEY={}", '"{}"', "https://x.example/?k={}&y=1", "<b>{}</b>", "{}\n", "a {} b", "({})"]
)
@given(key=keys)
def test_a_scanner_finds_the_whole_key_and_nothing_more_wherever_it_stands(around, key) -> None:
    text = spell_key(key)
    assert re.findall(SCANNER_PATTERN, around.format(text)) == [text]


def test_the_documentation_gives_scanners_the_pattern_that_is_used() -> None:
    from pathlib import Path

    page = Path(__file__).resolve().parents[3] / "docs" / "features" / "api_keys.md"
    assert SCANNER_PATTERN in page.read_text("utf-8")


@given(key=keys, at=st.integers(min_value=0, max_value=42), letter=st.sampled_from(LETTERS))
def test_one_mistyped_letter_is_always_noticed(key, at, letter) -> None:
    text = spell_key(key)
    place = len(text) - 49 + at
    typed = text[:place] + letter + text[place + 1 :]
    assert checksum_is_right(typed) == (typed == text)


@pytest.mark.parametrize("low", [b"\x00" * 32, b"\x00" * 31 + b"\x01", b"\xff" * 32])
def test_a_secret_has_the_same_length_whatever_the_bits_are(low) -> None:
    assert re.fullmatch("[0-9A-Za-z]{43}", spell_secret(low))


@given(one=st.binary(min_size=32, max_size=32), other=st.binary(min_size=32, max_size=32))
def test_two_secrets_are_written_alike_only_if_they_are_the_same(one, other) -> None:
    assert (spell_secret(one) == spell_secret(other)) == (one == other)


@pytest.mark.parametrize("random", [b"", b"\x00" * 31, b"\x00" * 33])
def test_a_secret_of_too_few_bits_is_never_made(random) -> None:
    with pytest.raises(ValueError, match="exactly 32"):
        spell_secret(random)


@given(text=st.text(max_size=120))
def test_anything_else_is_none_and_raises_nothing(text) -> None:
    key = parse_key(text)
    assert key is None or spell_key(key)[:-6] == text[:-6]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + "\n",
        lambda text: " " + text,
        lambda text: text.upper(),
        lambda text: text.replace("_live_", "_prod_"),
        lambda text: text.replace(".", ":"),
        lambda text: text[:-1],
        lambda text: text + "0",
        lambda text: text.replace("ost_", "_"),
        lambda text: text.replace(ID, "8" + ID[1:]),
        lambda text: text.replace(ID, ID.lower()),
        lambda text: text[:-1] + "０",
        lambda text: text[:-1] + "-",
    ],
)
def test_what_is_nearly_a_key_is_none(change) -> None:
    assert parse_key(change(spell_key(_key()))) is None


@pytest.mark.attack("W4")
def test_a_key_taken_apart_does_not_show_its_secret() -> None:
    key = _key()
    assert key.secret not in repr(key)
    assert ID in repr(key)
