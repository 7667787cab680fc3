"""A stored hash of Argon2: its form is the field's, its tag the library's, and one thread computes it."""

import sys
import threading
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from argon2.low_level import Type, hash_secret, verify_secret
from hypothesis import given, settings
from hypothesis import strategies as st

from ostiary.features.passwords.argon2_hash import Argon2Hash, Parameters, Variant
from ostiary.features.passwords.argon2id import Argon2id
from ostiary.features.passwords.settings import PasswordsSettings
from ostiary.kernel.errors import Unavailable

TYPES: dict[Variant, Type] = {"argon2id": Type.ID, "argon2i": Type.I}
COST = st.builds(
    Parameters,
    variant=st.sampled_from(list(TYPES)),
    memory_kib=st.integers(40, 96),
    passes=st.integers(1, 3),
    lanes=st.integers(1, 5),
)
PASSWORDS = st.binary(min_size=1, max_size=200)
SALTS = st.binary(min_size=8, max_size=40)
STORED = "$argon2id$v=19$m=64,t=1,p=1$c2l4dGVlbiBieXRlcy4uLg$3d5i5mJmC0mGo3UL7JD/mlZ3b7vTMfVJJ6UlSzt4HgE"


# --- the same hash as the library's ----------------------------------------------------------------------------------


@settings(max_examples=60)
@given(COST, PASSWORDS, SALTS, st.integers(4, 70))
def test_one_thread_computes_the_hash_that_a_thread_a_lane_computes(
    cost: Parameters, password: bytes, salt: bytes, length: int
) -> None:
    ours = str(Argon2Hash(cost, salt, cost.tag(password, salt, length)))
    kind = TYPES[cost.variant]
    assert ours == hash_secret(password, salt, cost.passes, cost.memory_kib, cost.lanes, length, kind).decode()
    assert verify_secret(ours.encode(), password, kind)


@settings(max_examples=60)
@given(COST, PASSWORDS, PASSWORDS, SALTS)
def test_a_hash_of_the_library_matches_its_password_and_no_other(
    cost: Parameters, password: bytes, other: bytes, salt: bytes
) -> None:
    theirs = hash_secret(password, salt, cost.passes, cost.memory_kib, cost.lanes, 32, TYPES[cost.variant]).decode()
    found = Argon2Hash.read(theirs)
    assert found is not None
    assert str(found) == theirs
    assert found.matches(password)
    assert found.matches(other) == (other == password)


def test_the_default_verifies_with_the_library_and_the_librarys_with_ours() -> None:
    scheme, library = Argon2id(), PasswordHasher()
    assert library.verify(scheme.hash("correct horse"), "correct horse")
    with pytest.raises(VerifyMismatchError):
        library.verify(scheme.hash("correct horse"), "correct mule")
    assert scheme.verify(library.hash("correct horse"), "correct horse")


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted where the system lists them")
def test_a_hash_of_four_lanes_keeps_one_core_busy() -> None:
    tasks, ends, most = Path("/proc/self/task"), threading.Event(), 0

    def compute() -> None:
        Parameters(memory_kib=65_536, passes=3, lanes=4).tag(b"correct horse", b"sixteen bytes...", 32)
        ends.set()

    worker = threading.Thread(target=compute)
    before = len(list(tasks.iterdir()))
    worker.start()
    while not ends.is_set():
        most = max(most, len(list(tasks.iterdir())))
    worker.join()
    assert most <= before + 1


# --- what is read ----------------------------------------------------------------------------------------------------


def test_a_hash_is_read_as_it_was_stored() -> None:
    found = Argon2Hash.read(STORED)
    assert found is not None
    assert found.parameters == Parameters(memory_kib=64, passes=1, lanes=1)
    assert found.salt == b"sixteen bytes..."
    assert str(found) == STORED
    assert "sixteen" not in repr(found)
    assert found.tag.hex() not in repr(found)
    assert repr(found.tag) not in repr(found)


@pytest.mark.attack("U2")
@pytest.mark.parametrize(
    "stored",
    [
        STORED.replace("m=64", "m=2097153"),
        STORED.replace("m=64,t=1", "m=2097152,t=3"),
        STORED.replace("m=64,t=1", "m=64,t=99999999"),
        STORED.replace("m=64,t=1,p=1", "m=1024,t=1,p=65"),
        STORED.replace("p=1$", "p=9$"),
        STORED.replace("m=64", "m=7"),
        STORED.replace("m=64", "m=064"),
        STORED.replace("m=64", "m=-64"),
        STORED.replace("m=64", "m=64.5"),
        STORED.replace("v=19", "v=16"),
        STORED.replace("$v=19", ""),
        STORED.replace("argon2id", "argon2d"),
        STORED.replace("c2l4dGVlbiBieXRlcy4uLg", "c2Vhc2Fs"),
        STORED.replace("c2l4dGVlbiBieXRlcy4uLg", "c2Vhc2FsdA=="),
        STORED.replace("c2l4dGVlbiBieXRlcy4uLg", "c2Vhc2FsdGVkA"),
        STORED[: STORED.rindex("$")] + "$c2Vh",
        STORED + "\n",
        STORED + "A" * 500,
        f"{STORED}$",
        "",
    ],
)
def test_what_is_no_hash_or_asks_too_much_is_not_read(stored: str) -> None:
    assert Argon2Hash.read(stored) is None


@pytest.mark.attack("U2")
def test_a_machine_without_memory_says_so_and_nobodys_password_is_wrong() -> None:
    # No machine has it: the C library asks for a kibibyte more than a process can address.
    impossible = Parameters(memory_kib=2**32 - 1, passes=1, lanes=1)
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (1 << 36, before[1]))
    try:
        with pytest.raises(Unavailable, match="Argon2 failed"):
            impossible.tag(b"correct horse", b"sixteen bytes...", 32)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


# --- what is set -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong", [{"lanes": 65}, {"memory_kib": 400, "passes": 200, "lanes": 64}, {"memory_kib": 4_194_304}]
)
def test_parameters_that_no_stored_hash_may_have_are_refused_at_the_start(wrong: dict[str, int]) -> None:
    codes = [problem.code for problem in PasswordsSettings(**wrong).floor_problems()]
    assert codes == ["impossible_password_hash"]
