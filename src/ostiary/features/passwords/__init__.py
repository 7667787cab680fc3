"""Passwords: checking what somebody knows, with the same work whether or not the account exists.

settings.py       what an application may say
argon2id.py       hashing (RFC 9106)
hash_slots.py     how many hashes are computed at once
input_bounds.py   what is refused before anything is computed
verify.py         one guess: look up, count, verify
own_hashes.py     hash_password and verify_password, for applications that keep their own
"""

import inspect
from collections.abc import Iterable
from typing import ClassVar

from ostiary.features.passwords.argon2id import Argon2id
from ostiary.features.passwords.hash_slots import HashSlots
from ostiary.features.passwords.settings import PasswordsSettings
from ostiary.features.passwords.verify import PasswordVerifier
from ostiary.features.sign_in import SignInActions
from ostiary.kernel.clock import Clock
from ostiary.kernel.duration import milliseconds
from ostiary.kernel.errors import Problem
from ostiary.kernel.feature import feature
from ostiary.kernel.resources import Resources
from ostiary.web.contribution import Contribution

__all__ = ["Argon2id", "HashSlots", "PasswordVerifier", "Passwords"]


@feature
class Passwords(PasswordsSettings):
    """Sign-in by password, over the application's own users (``lookup=``)."""

    name: ClassVar[str] = "passwords"
    requires: ClassVar[tuple[str, ...]] = ("sign_in",)

    def proofs(self) -> frozenset[str]:
        """A password is something known."""
        return frozenset({"password"})

    def problems(self) -> Iterable[Problem]:
        """What is wrong with these settings."""
        if self.lookup is None:
            yield Problem(
                code="passwords_without_users",
                what="Passwords() does not know where the users are",
                cure="give it your own users: Passwords(lookup=fn), where fn(identifier) returns the stored hash, "
                "(subject, hash), or None",
            )
        if inspect.iscoroutinefunction(self.lookup):
            yield Problem(
                code="async_lookup",
                what="Passwords(lookup=…) is a coroutine function, and would never be awaited",
                cure="give it a plain function; under an async view it runs in the request's own thread",
            )
        yield from self.floor_problems()

    def contribute(self, resources: Resources) -> Contribution:
        """``auth.passwords``."""
        scheme = Argon2id(memory_kib=self.memory_kib, passes=self.passes, lanes=self.lanes)
        slots = HashSlots(self.hash_slots, waiting=self.waiting, patience=milliseconds(self.patience))
        verifier = PasswordVerifier(
            scheme=scheme,
            slots=slots,
            lookup=self.lookup,
            sign_in=resources[SignInActions],
            clock=resources[Clock],  # type: ignore[type-abstract] # found by the protocol it fulfils
        )
        return Contribution(actions=verifier)
