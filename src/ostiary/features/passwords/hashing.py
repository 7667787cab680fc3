"""Hashing and verifying in a slot: today's scheme first, then old ones, and the same work for a name that is nobody's."""

from dataclasses import field

from ostiary.features.passwords.argon2id import Argon2id
from ostiary.features.passwords.background_threads import BackgroundThreads
from ostiary.features.passwords.hash_slots import HashSlots
from ostiary.features.passwords.input_bounds import is_password, password_bytes
from ostiary.features.passwords.old_hashes import OldHashes
from ostiary.kernel.dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The password is the one that was hashed. ``renewed`` is the hash to store instead, if the stored one is old."""

    renewed: str | None = field(default=None, repr=False)


class PasswordHasher:
    """The application's scheme, the old formats it reads, and the slots both work in."""

    __slots__ = ("_old", "_slots", "_threads", "scheme")

    def __init__(self, scheme: Argon2id, slots: HashSlots, old: OldHashes) -> None:
        self.scheme = scheme
        self._slots = slots
        self._threads = BackgroundThreads(slots.most)
        self._old = old

    def hash(self, password: str) -> str:
        """The stored form of a password. Raises ``ValueError`` for no password, and ``Unavailable``."""
        password_bytes(password)  # raises for what can be no password, before it takes a slot
        with self._slots.slot():
            return self._threads.run(lambda: self.scheme.hash(password))

    def verify(self, stored: str | None, password: str) -> Match | None:
        """Whether the password is the one that was hashed; None is no, also when nothing is stored.

        A guess that fails costs one verification of Argon2id, and one of an old format where any is allowed,
        whatever is stored. Raises ``Unavailable``.
        """
        if not is_password(password):
            # Nor does it take a slot: the line learns from each how long a hash takes, and this one would take no time.
            return None
        with self._slots.slot():
            return self._threads.run(lambda: self._verify(stored, password))

    def _verify(self, stored: str | None, password: str) -> Match | None:
        if self.scheme.verify(stored, password):
            is_old = stored is not None and self.scheme.needs_rehash(stored)
        elif self._old.verify(stored, password):
            is_old = True
        else:
            return None
        return Match(renewed=self.scheme.hash(password) if is_old else None)
