"""Argon2id (RFC 9106): hashing a password, and verifying one against a stored hash or against none.

The stored form is the PHC string ``$argon2id$v=19$m=65536,t=3,p=4$salt$hash``: it names its own
parameters, so that they can be raised while old hashes go on verifying.
"""

import re
import secrets
from base64 import b64encode
from dataclasses import field
from typing import Final

from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from argon2.low_level import Type, hash_secret, verify_secret

from ostiary.features.passwords.input_bounds import PasswordOutOfBounds, password_bytes
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.errors import Unavailable

# RFC 9106 §3.1: 16 bytes of salt, 32 bytes of tag are recommended for password hashing.
_SALT_BYTES: Final = 16
_TAG_BYTES: Final = 32
_PREFIX: Final = "$argon2id$"
# A stored hash of ours has about 97 characters; more is not one, and is not handed to the C library.
_LONGEST_STORED: Final = 512
_STORED: Final = re.compile(
    r"\$argon2(?:id|i)\$v=19\$m=([1-9][0-9]{0,8}),t=([1-9][0-9]{0,8}),p=([1-9][0-9]{0,4})\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+",
    re.ASCII,
)
# What a stored hash may ask of the machine: two passes over the 2 GiB of RFC 9106 §4's first recommended option, or as
# much work spread over less memory. Whoever can write one absurd hash into a table must not stop the server with it.
_MOST_MEMORY_KIB: Final = 2_097_152
_MOST_WORK: Final = 2 * _MOST_MEMORY_KIB
_MOST_LANES: Final = 64


def is_affordable(stored: str) -> bool:
    """Whether this is a stored hash of the Argon2 family whose parameters the machine can be asked to compute."""
    match = _STORED.fullmatch(stored) if len(stored) <= _LONGEST_STORED else None
    if match is None:
        return False
    memory, passes, lanes = (int(number) for number in match.groups())
    return memory <= _MOST_MEMORY_KIB and memory * passes <= _MOST_WORK and lanes <= _MOST_LANES


@dataclass(frozen=True, slots=True)
class Argon2id:
    """Argon2id with its parameters: memory in KiB, passes over it, lanes. Thread-safe."""

    memory_kib: int = 65_536
    passes: int = 3
    lanes: int = 4
    _nobody: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # What an unknown name is verified against: a hash of our own parameters, whose password nobody knows.
        object.__setattr__(self, "_nobody", self._placeholder())

    def _placeholder(self) -> str:
        # Shaped like a real hash, but its tag is random: no work is needed to make it, and nothing matches it.
        def text(length: int) -> str:
            return b64encode(secrets.token_bytes(length)).rstrip(b"=").decode()

        parameters = f"m={self.memory_kib},t={self.passes},p={self.lanes}"
        return f"{_PREFIX}v=19${parameters}${text(_SALT_BYTES)}${text(_TAG_BYTES)}"

    def hash(self, password: str) -> str:
        """The stored form of a password. Raises ``PasswordOutOfBounds`` (a ``ValueError``) for no password."""
        return hash_secret(
            password_bytes(password),
            secrets.token_bytes(_SALT_BYTES),
            time_cost=self.passes,
            memory_cost=self.memory_kib,
            parallelism=self.lanes,
            hash_len=_TAG_BYTES,
            type=Type.ID,
        ).decode("ascii")

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password is the one that was hashed.

        ``stored`` is None or unreadable when there is no such account, or it has no password: then the
        same work is done against a hash that nothing matches, and the answer is False.
        """
        try:
            candidate = password_bytes(password)
        except PasswordOutOfBounds:
            return False
        if stored is None or not stored.startswith(_PREFIX) or not is_affordable(stored):
            return self._matches_nobody(candidate)
        try:
            return verify_secret(stored.encode("ascii"), candidate, Type.ID)
        except VerifyMismatchError:
            return False
        except (InvalidHashError, VerificationError):
            # Damaged behind its prefix: the library gave up before it did any work.
            return self._matches_nobody(candidate)

    def needs_rehash(self, stored: str) -> bool:
        """Whether a stored hash was made with anything but today's parameters, or by another scheme."""
        return not stored.startswith(f"{_PREFIX}v=19$m={self.memory_kib},t={self.passes},p={self.lanes}$")

    def _matches_nobody(self, candidate: bytes) -> bool:
        # The work of a verification, for its time alone; the answer is no, whatever it finds.
        try:
            verify_secret(self._nobody.encode("ascii"), candidate, Type.ID)
        except VerifyMismatchError:
            pass
        except VerificationError as error:
            # The placeholder is sound, so the machine is not: most likely there is no memory left. Nobody's password is
            # wrong for that.
            raise Unavailable(detail=f"Argon2id failed: {error}") from error
        return False


class Argon2idForTests(Argon2id):
    """Argon2id at a price that a test can pay a thousand times: half a millisecond. Never outside the test kit."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(memory_kib=1_024, passes=1, lanes=1)

    def needs_rehash(self, stored: str) -> bool:
        """Only another scheme is old: what is stored at full price is never made cheap, whoever stores it."""
        return not stored.startswith(_PREFIX)
