"""One guess of a password: count it, look the account up, verify, and answer with evidence.

The order is the defence. Input is bounded first; the guess is counted before the account is looked
up; the account's epoch is read before its hash; and an unknown name costs exactly as many verifications as
a known one.
"""

from ostiary.features.passwords.directory import Directory
from ostiary.features.passwords.hashing import PasswordHasher
from ostiary.features.passwords.input_bounds import LONGEST_IDENTIFIER
from ostiary.features.passwords.users import Users
from ostiary.features.sign_in import Guess, SignInActions, WrongProof
from ostiary.kernel.clock import Clock
from ostiary.kernel.factor import Evidence, Factor

_METHOD = "password"


class PasswordVerifier:
    """Verifies what somebody says is her password: against stored hashes, or by asking another system."""

    __slots__ = ("_clock", "_hasher", "_sign_in", "_source")

    def __init__(
        self, *, hasher: PasswordHasher, source: Users | Directory, sign_in: SignInActions, clock: Clock
    ) -> None:
        self._hasher = hasher
        self._source = source
        self._sign_in = sign_in
        self._clock = clock

    def hash(self, password: str) -> str:
        """The stored form of a new password. Raises ``ValueError`` for an empty or overlong one."""
        return self._hasher.hash(password)

    def verify(self, identifier: str, password: str) -> Evidence:
        """Evidence that the caller knows the password of this account.

        Raises ``SignInRefused`` (401; one message for an unknown name and a wrong password),
        ``TooManyAttempts`` (429) and ``Unavailable`` (503).
        """
        require_text(identifier, password)
        # Control characters and lone surrogates are in no name, and some database drivers choke on them.
        is_name = len(identifier) <= LONGEST_IDENTIFIER and identifier.isprintable()
        known = identifier if is_name else ""
        guess = self._guess(identifier)
        if isinstance(self._source, Directory):
            directory = self._source
            return self._sign_in.attempt(guess, lambda: self._prove_elsewhere(directory, known, password))
        users = self._source
        return self._sign_in.attempt(guess, lambda: self._prove(users, known, password))

    def verify_current(self, subject: str, identifier: str, stored: str | None, password: str) -> Evidence:
        """Evidence that somebody whose hash is at hand knows her password: counted and refused like any other guess.

        ``identifier`` is what she is known by, under which guesses are counted; ``stored`` her hash.
        """

        def prove() -> Evidence | WrongProof:
            if self._hasher.verify(stored, password) is None:
                return WrongProof(subject)
            return Evidence(subject, Factor(_METHOD, at=self._clock.now()))

        return self._sign_in.attempt(self._guess(identifier), prove)

    def _guess(self, identifier: str) -> Guess:
        # In one spelling: a dot of another alphabet, or a space in a number, would be a fresh allowance each.
        return Guess(method=_METHOD, identifier=self._source.one_spelling(identifier[:LONGEST_IDENTIFIER]))

    def _prove(self, users: Users, identifier: str, password: str) -> Evidence | WrongProof:
        # The epoch is read before the hash that the guess is verified against, so that a password change or a
        # suspension in between ends what comes of this guess.
        subject = users.subject_of(identifier)
        epoch = self._sign_in.epoch(subject or identifier)
        stored = users.hash_of(identifier, subject)
        match = self._hasher.verify(stored, password)
        if match is None or subject is None:
            return WrongProof(subject)
        if match.renewed is not None and stored is not None:
            users.renew(subject, stored, match.renewed)
        return Evidence(subject, Factor(_METHOD, at=self._clock.now()), epoch)

    def _prove_elsewhere(self, directory: Directory, identifier: str, password: str) -> Evidence | WrongProof:
        expected = directory.expect(identifier)
        epoch = self._sign_in.epoch(expected or identifier)
        subject = directory.verify(identifier, password)
        if subject is None:
            # Without accounts nobody knows whether that name exists: made-up ones must fill no table.
            return WrongProof(expected if expected != identifier else None)
        if subject != expected:
            # She signs in under a name she has elsewhere. Whether she may at all is asked after this reading.
            epoch = self._sign_in.epoch(subject)
        return Evidence(subject, Factor(_METHOD, at=self._clock.now()), epoch)


def require_text(*values: object) -> None:
    """Raise ``TypeError`` for what is not text; the message holds none of it."""
    if not all(isinstance(value, str) for value in values):
        message = "identifiers and passwords are text"
        raise TypeError(message)
