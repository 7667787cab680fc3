"""Argon2id (RFC 9106): hashing a password, and verifying one against a stored hash or against none.

The stored form is the PHC string ``$argon2id$v=19$m=65536,t=3,p=4$salt$hash``: it names its own
parameters, so that they can be raised while old hashes go on verifying.
"""

import secrets
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Final

from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from argon2.low_level import Type, hash_secret, verify_secret

from ostiary.features.passwords.input_bounds import PasswordOutOfBounds, password_bytes
from ostiary.kernel.errors import Unavailable

# RFC 9106 §3.1: 16 bytes of salt, 32 bytes of tag are recommended for password hashing.
_SALT_BYTES: Final = 16
_TAG_BYTES: Final = 32
_PREFIX: Final = "$argon2id$"
# A stored hash of ours has about 97 characters; more is not one, and is not handed to the C library.
_LONGEST_STORED: Final = 512


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
        if stored is None or not stored.startswith(_PREFIX) or len(stored) > _LONGEST_STORED or not stored.isascii():
            return self._matches_nobody(candidate)
        try:
            return verify_secret(stored.encode("ascii"), candidate, Type.ID)
        except VerifyMismatchError:
            return False
        except (InvalidHashError, VerificationError):
            # Damaged behind its prefix: the library gave up before it did any work.
            return self._matches_nobody(candidate)

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
