"""``hash_password`` and ``verify_password``: the same rules for an application with users of its own."""

import pytest

import ostiary
from ostiary.features.passwords import own_hashes
from ostiary.features.passwords.hash_slots import HashSlots
from ostiary.features.passwords.own_hashes import hash_password, verify_password
from ostiary.kernel.errors import Unavailable

PASSWORD = "correct horse battery staple"  # noqa: S105


@pytest.fixture(scope="module")
def stored() -> str:
    return hash_password(PASSWORD)


def test_a_password_verifies_against_its_own_hash_and_no_other_does(stored: str) -> None:
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert verify_password(stored, PASSWORD)
    assert not verify_password(stored, PASSWORD + " ")


@pytest.mark.attack("J10")
@pytest.mark.parametrize("unusable", [None, "", PASSWORD])
def test_an_account_without_a_hash_never_matches(unusable: str | None) -> None:
    assert not verify_password(unusable, PASSWORD)
    assert not verify_password(unusable, "")


@pytest.mark.asvs("V6.3.8")
@pytest.mark.attack("I2")
def test_an_unknown_user_costs_as_many_hashes_of_the_same_parameters(stored: str, hashes: list[str]) -> None:
    verify_password(stored, "wrong")
    verify_password(None, "wrong")
    assert hashes == ["m=65536,t=3,p=4"] * 2


@pytest.mark.attack("J1")
@pytest.mark.parametrize("password", ["", "x" * 1_000_000], ids=["empty", "1 MB"])
def test_what_is_no_password_is_not_hashed_and_verifies_nothing(stored: str, password: str) -> None:
    with pytest.raises(ValueError, match="empty or too long"):
        hash_password(password)
    assert not verify_password(stored, password)


@pytest.mark.attack("U2")
def test_when_too_many_are_hashed_nothing_is_computed(
    stored: str, monkeypatch: pytest.MonkeyPatch, hashes: list[str]
) -> None:
    slots = HashSlots(1, waiting=0, patience=1_000)
    monkeypatch.setattr(own_hashes, "_slots", lambda: slots)
    with slots.slot():
        with pytest.raises(Unavailable):
            verify_password(stored, PASSWORD)
        with pytest.raises(Unavailable):
            hash_password(PASSWORD)
    assert hashes == []


@pytest.mark.attack("U1")
def test_what_is_no_password_waits_for_nobody(stored: str, monkeypatch: pytest.MonkeyPatch) -> None:
    slots = HashSlots(1, waiting=0, patience=1_000)
    monkeypatch.setattr(own_hashes, "_slots", lambda: slots)
    with slots.slot():
        assert not verify_password(stored, "")
        with pytest.raises(ValueError, match="empty or too long"):
            hash_password("")
    assert slots.refused == 0


def test_the_front_door_has_both() -> None:
    assert ostiary.hash_password is hash_password
    assert ostiary.verify_password is verify_password
