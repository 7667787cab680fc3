"""The key ring: the newest key signs, older ones verify, a removed one is gone, and no purpose opens another's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.kernel.key_ring import MINIMUM_LENGTH, KeyRing, SealBroken, check_secret_key
from ostiary.kernel.secret import Secret

OLD, NEW, OTHER = Secret("old-" + "k3yA" * 12), Secret("new-" + "k3yB" * 12), Secret("oth-" + "k3yC" * 12)
BEFORE, ROTATED, AFTER = KeyRing([OLD]), KeyRing([NEW, OLD]), KeyRing([NEW])
SEALED = BEFORE.seal("seeds", b"attack at dawn", bound_to="totp:1")


# --- rotation -----------------------------------------------------------------------------------------------


@pytest.mark.asvs("V13.3.4")
@pytest.mark.attack("H8")
def test_the_newest_key_signs() -> None:
    assert ROTATED.mac("csrf", b"m") == AFTER.mac("csrf", b"m")
    assert ROTATED.mac("csrf", b"m") != BEFORE.mac("csrf", b"m")
    assert AFTER.open("seeds", ROTATED.seal("seeds", b"x", bound_to="p"), bound_to="p") == b"x"


@pytest.mark.asvs("V13.3.4")
@pytest.mark.attack("H8")
def test_an_older_key_still_verifies_and_opens() -> None:
    assert ROTATED.verify_mac("csrf", b"m", BEFORE.mac("csrf", b"m"))
    assert ROTATED.open("seeds", SEALED, bound_to="totp:1") == b"attack at dawn"


@pytest.mark.asvs("V13.3.4")
def test_a_removed_key_neither_verifies_nor_opens() -> None:
    assert not AFTER.verify_mac("csrf", b"m", BEFORE.mac("csrf", b"m"))
    with pytest.raises(SealBroken):
        AFTER.open("seeds", SEALED, bound_to="totp:1")


@pytest.mark.attack("H8")
def test_a_key_that_is_not_in_the_ring_yet_is_not_used() -> None:
    assert not BEFORE.verify_mac("csrf", b"m", ROTATED.mac("csrf", b"m"))


@pytest.mark.asvs("V13.3.4")
def test_it_is_known_what_has_to_be_sealed_again() -> None:
    assert BEFORE.sealed_by_newest("seeds", SEALED)
    assert not ROTATED.sealed_by_newest("seeds", SEALED)
    assert ROTATED.sealed_by_newest("seeds", ROTATED.seal("seeds", b"x", bound_to="p"))
    assert not BEFORE.sealed_by_newest("seeds", b"")


# --- purposes -----------------------------------------------------------------------------------------------


@pytest.mark.attack("H7")
def test_what_is_made_for_one_purpose_is_of_no_use_for_another() -> None:
    assert not BEFORE.verify_mac("remember", b"m", BEFORE.mac("csrf", b"m"))
    with pytest.raises(SealBroken):
        BEFORE.open("outbox", SEALED, bound_to="totp:1")


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=8, unique=True))
def test_every_purpose_has_keys_of_its_own(purposes: list[str]) -> None:
    keys = [key for purpose in purposes for key in ROTATED.keys(purpose)]
    assert len(set(keys)) == 2 * len(purposes)
    assert all(len(key) == 32 for key in keys)


def test_a_sealed_value_is_bound_to_its_place() -> None:
    with pytest.raises(SealBroken):
        BEFORE.open("seeds", SEALED, bound_to="totp:2")
    with pytest.raises(SealBroken):
        BEFORE.open("seeds", SEALED, bound_to="")


def test_the_keys_of_a_purpose_are_the_same_in_every_process() -> None:
    assert KeyRing([NEW, OLD]).keys("csrf") == ROTATED.keys("csrf") == (AFTER.keys("csrf") + BEFORE.keys("csrf"))


# --- MACs ---------------------------------------------------------------------------------------------------


@given(st.binary(), st.binary(), st.binary(max_size=40))
def test_a_mac_is_good_for_its_message_only(message: bytes, other: bytes, forged: bytes) -> None:
    mac = ROTATED.mac("csrf", message)
    assert len(mac) == 32
    assert ROTATED.verify_mac("csrf", message, mac)
    assert ROTATED.verify_mac("csrf", other, mac) == (message == other)
    assert not ROTATED.verify_mac("csrf", message, forged)
    assert not ROTATED.verify_mac("csrf", message, mac[:-1])


# --- seals --------------------------------------------------------------------------------------------------


@given(st.binary(max_size=300), st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_what_is_sealed_opens_to_the_same_bytes(plain: bytes, place: str) -> None:
    sealed = BEFORE.seal("seeds", plain, bound_to=place)
    assert BEFORE.open("seeds", sealed, bound_to=place) == plain
    assert ROTATED.open("seeds", sealed, bound_to=place) == plain


@pytest.mark.asvs("V11.3.3")
@pytest.mark.parametrize("ring", [BEFORE, ROTATED], ids=["one key", "two keys"])
def test_a_seal_with_any_bit_flipped_is_broken(ring: KeyRing) -> None:
    for bit in range(len(SEALED) * 8):
        altered = bytearray(SEALED)
        altered[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealBroken):
            ring.open("seeds", bytes(altered), bound_to="totp:1")


def test_a_seal_cut_short_or_lengthened_is_broken() -> None:
    for length in range(len(SEALED)):
        with pytest.raises(SealBroken):
            BEFORE.open("seeds", SEALED[:length], bound_to="totp:1")
    with pytest.raises(SealBroken):
        BEFORE.open("seeds", SEALED + b"\0", bound_to="totp:1")


@pytest.mark.asvs("V11.2.5")
@given(st.binary(max_size=120), st.booleans())
def test_opening_raises_seal_broken_and_nothing_else(noise: bytes, begin_like_ours: bool) -> None:
    sealed = SEALED[:5] + noise if begin_like_ours else noise
    with pytest.raises(SealBroken):
        BEFORE.open("seeds", sealed, bound_to="totp:1")


@pytest.mark.asvs("V11.3.4")
def test_no_message_shares_its_salt_or_its_nonce_with_another() -> None:
    sealed = [BEFORE.seal("seeds", b"same", bound_to="same") for _ in range(1_000)]
    assert len({message[5:21] for message in sealed}) == 1_000
    assert len({message[21:33] for message in sealed}) == 1_000
    assert len(set(sealed)) == 1_000


# --- the ring itself ----------------------------------------------------------------------------------------


def test_an_empty_ring_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one key"):
        KeyRing([])


@pytest.mark.asvs("V16.2.5")
def test_a_key_ring_shows_how_many_keys_it_has_and_none_of_them() -> None:
    shown = repr(ROTATED)
    assert shown == "KeyRing(2 keys)"


GOOD = "fH2kQ9wZ7xV4mN8pL1sD6gJ3bT5yR0cA"


@pytest.mark.asvs("V11.2.3")
@pytest.mark.parametrize(
    "key",
    [
        "",
        GOOD[:31],
        "a" * 64,
        "abcdefg" * 10,
        "change-me-" + GOOD,
        "My-SECRET-" + GOOD,
        "dev-password-" + GOOD,
        "\udcff" + GOOD,
    ],
)
def test_a_key_that_is_easy_to_guess_is_a_problem_that_does_not_show_it(key: str) -> None:
    problem = check_secret_key(Secret(key))
    assert problem is not None
    assert problem.code == "weak_secret_key"
    assert GOOD[:31] not in str(problem)
    assert "secrets.token_urlsafe" in problem.cure


def test_a_random_key_of_the_least_length_is_good_enough() -> None:
    assert len(GOOD) == MINIMUM_LENGTH
    assert check_secret_key(Secret(GOOD)) is None
