"""Identifiers: UUIDv7 in 26 characters, whose text sorts as time does."""

from itertools import pairwise
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.kernel.identifiers import ALPHABET, ID_LENGTH, first_id_at, id_time, is_id, new_id

INSTANTS = st.integers(min_value=0, max_value=2**48 - 1)
NOISE = st.binary(min_size=10, max_size=10)


def value_of(identifier: str) -> int:
    value = 0
    for symbol in identifier:
        value = value * 32 + ALPHABET.index(symbol)
    return value


@given(INSTANTS, NOISE)
def test_an_identifier_is_a_uuid_of_version_7(now: int, noise: bytes) -> None:
    uuid = UUID(int=value_of(new_id(now, noise)))
    assert (uuid.version, uuid.variant) == (7, RFC_4122)
    assert uuid.int >> 80 == now


@given(INSTANTS, NOISE, INSTANTS, NOISE)
def test_identifiers_sort_by_time_as_text_and_as_bytes(one: int, noise: bytes, other: int, other_noise: bytes) -> None:
    first, second = new_id(one, noise), new_id(other, other_noise)
    if one != other:
        assert (first < second) == (one < other)
    assert (first < second) == (first.encode() < second.encode())


@given(INSTANTS, NOISE)
def test_an_identifier_tells_when_it_was_made(now: int, noise: bytes) -> None:
    identifier = new_id(now, noise)
    assert is_id(identifier)
    assert id_time(identifier) == now


@given(st.integers(min_value=1, max_value=2**48 - 2), NOISE)
def test_the_first_identifier_of_an_instant_bounds_a_range(now: int, noise: bytes) -> None:
    assert new_id(now - 1, noise) < first_id_at(now) <= new_id(now, noise) < first_id_at(now + 1)


def test_every_random_bit_that_fits_is_used() -> None:
    # RFC 9562 §5.7: 12 and 62 bits.
    changed = {new_id(0, (1 << bit).to_bytes(10, "big")) for bit in range(80)}
    assert len(changed - {new_id(0, bytes(10))}) == 74


@pytest.mark.parametrize("length", [0, 9, 11])
def test_randomness_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="ten random bytes"):
        new_id(0, bytes(length))


def test_the_alphabet_is_in_byte_order_and_without_letters_that_look_alike() -> None:
    assert all(one < other for one, other in pairwise(ALPHABET))
    assert len(ALPHABET) == 32
    assert set("ILOU").isdisjoint(ALPHABET)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0" * 25,
        "0" * 27,
        "8" + "0" * 25,  # more than 128 bits
        "0" * 25 + "U",
        "0" * 25 + "a",
        "0" * 25 + "\n",
        "0" * 25 + "٠",
        "0" * 25 + "'",
        "%" * 26,
    ],
)
def test_what_has_not_the_shape_of_an_identifier_is_none(text: str) -> None:
    assert not is_id(text)
    with pytest.raises(ValueError, match="not an identifier"):
        id_time(text)


@given(st.text(max_size=30))
def test_the_shape_of_any_text_can_be_asked(text: str) -> None:
    if is_id(text):
        assert len(text) == ID_LENGTH
        assert id_time(text) < 2**48
