"""One guess of a password: count it, look the account up, verify, and answer with evidence.

The order is the defence. Input is bounded first; the guess is counted before the account is looked
up; the account's epoch is read before its hash; and an unknown name costs exactly one verification,
like a known one.
"""

import logging

from ostiary.features.passwords.argon2id import Argon2id
from ostiary.features.passwords.hash_slots import HashSlots
from ostiary.features.passwords.input_bounds import LONGEST_IDENTIFIER
from ostiary.features.passwords.settings import Lookup
from ostiary.features.sign_in import Guess, SignInActions, WrongProof
from ostiary.kernel.clock import Clock
from ostiary.kernel.errors import ConfigurationError, Unavailable, misconfigured
from ostiary.kernel.factor import Evidence, Factor

_METHOD = "password"
_log = logging.getLogger("ostiary.passwords")


class PasswordVerifier:
    """``auth.passwords``: verifies what somebody says is her password."""

    __slots__ = ("_clock", "_lookup", "_sign_in", "_slots", "scheme")

    def __init__(
        self, *, scheme: Argon2id, slots: HashSlots, lookup: Lookup | None, sign_in: SignInActions, clock: Clock
    ) -> None:
        self.scheme = scheme
        self._slots = slots
        self._lookup = lookup
        self._sign_in = sign_in
        self._clock = clock

    def hash(self, password: str) -> str:
        """The stored form of a new password. Raises ``ValueError`` for an empty or overlong one."""
        with self._slots.slot():
            return self.scheme.hash(password)

    def verify(self, identifier: str, password: str) -> Evidence:
        """Evidence that the caller knows the password of this account.

        Raises ``SignInRefused`` (401; one message for an unknown name and a wrong password),
        ``TooManyAttempts`` (429) and ``Unavailable`` (503).
        """
        if not isinstance(identifier, str) or not isinstance(password, str):
            message = "identifier and password are text"
            raise TypeError(message)
        # Control characters and lone surrogates are in no name, and some database drivers choke on them.
        known = len(identifier) <= LONGEST_IDENTIFIER and identifier.isprintable()
        guess = Guess(method=_METHOD, identifier=identifier[:LONGEST_IDENTIFIER])
        return self._sign_in.attempt(guess, lambda: self._prove(identifier if known else "", password))

    def _prove(self, identifier: str, password: str) -> Evidence | WrongProof:
        # The epoch is read before the hash that the guess is verified against, so that a password change or a
        # suspension in between ends what comes of this guess. A lookup that names the subject is asked first for
        # the name and then again for the hash; an unknown name is asked as often.
        subject, _ = self._look_up(identifier)
        epoch = self._sign_in.epoch(subject or identifier)
        again, stored = self._look_up(identifier)
        with self._slots.slot():
            matched = self.scheme.verify(stored if again == subject else None, password)
        if not matched or subject is None:
            return WrongProof(subject)
        return Evidence(subject, Factor(_METHOD, at=self._clock.now()), epoch)

    def _look_up(self, identifier: str) -> tuple[str | None, str | None]:
        found = self._ask(identifier)
        if found is None:
            return None, None
        if isinstance(found, str):
            return identifier, found
        match found:
            case tuple((str() as subject, str() as stored)) if subject:
                return subject, stored
            case _:
                raise _wrong_lookup(found)

    def _ask(self, identifier: str) -> object:
        if not identifier or self._lookup is None:
            return None
        try:
            return self._lookup(identifier)
        except Exception as error:
            # A table that cannot be read is nobody's wrong password.
            _log.exception("Passwords(lookup=…) failed")
            raise Unavailable(detail=f"lookup raised {type(error).__name__}") from error


def _wrong_lookup(found: object) -> ConfigurationError:
    return misconfigured(
        "lookup_returns_neither",
        f"Passwords(lookup=…) returned a {type(found).__name__}",
        "return the stored hash, or (subject, hash) with both as text, or None when there is nobody of that name",
    )
