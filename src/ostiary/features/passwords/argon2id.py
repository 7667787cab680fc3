"""Argon2id (RFC 9106): hashing a password, and verifying one against a stored hash or against none."""

import secrets
from dataclasses import field
from typing import Final

from ostiary.features.passwords.argon2_hash import Argon2Hash, Parameters
from ostiary.features.passwords.input_bounds import PasswordOutOfBounds, password_bytes
from ostiary.kernel.dataclass import dataclass

# RFC 9106 §3.1: 16 bytes of salt, 32 bytes of tag are recommended for password hashing.
_SALT_BYTES: Final = 16
_TAG_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Argon2id:
    """Argon2id with its parameters: memory in KiB, passes over it, lanes. Thread-safe."""

    memory_kib: int = 65_536
    passes: int = 3
    lanes: int = 4
    _parameters: Parameters = field(init=False, repr=False, compare=False)
    _nobody: Argon2Hash = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        parameters = Parameters(memory_kib=self.memory_kib, passes=self.passes, lanes=self.lanes)
        object.__setattr__(self, "_parameters", parameters)
        # What an unknown name is verified against. Its tag is random: no work is needed to make it, and nothing matches it.
        nobody = Argon2Hash(parameters, secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_TAG_BYTES))
        object.__setattr__(self, "_nobody", nobody)

    def hash(self, password: str) -> str:
        """The stored form of a password.

        Raises ``PasswordOutOfBounds`` (a ``ValueError``) for no password, and ``Unavailable`` if the machine cannot.
        """
        typed, salt = password_bytes(password), secrets.token_bytes(_SALT_BYTES)
        return str(Argon2Hash(self._parameters, salt, self._parameters.tag(typed, salt, _TAG_BYTES)))

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password is the one that was hashed. Raises ``Unavailable`` if the machine cannot tell.

        ``stored`` is None or unreadable when there is no such account, or it has no password: then the
        same work is done against a hash that nothing matches, and the answer is False.
        """
        try:
            typed = password_bytes(password)
        except PasswordOutOfBounds:
            return False
        found = None if stored is None else Argon2Hash.read(stored)
        if found is None or found.parameters.variant != "argon2id":
            self._nobody.matches(typed)
            return False
        return found.matches(typed)

    def needs_rehash(self, stored: str) -> bool:
        """Whether a stored hash was made with anything but today's parameters, or by another scheme."""
        found = Argon2Hash.read(stored)
        return found is None or found.parameters != self._parameters


class Argon2idForTests(Argon2id):
    """Argon2id at a price that a test can pay a thousand times: half a millisecond. Never outside the test kit."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(memory_kib=1_024, passes=1, lanes=1)

    def needs_rehash(self, stored: str) -> bool:
        """Only another scheme is old: what is stored at full price is never made cheap, whoever stores it."""
        found = Argon2Hash.read(stored)
        return found is None or found.parameters.variant != "argon2id"
