"""``hash_password`` and ``verify_password``: for an application that keeps its own users and their hashes."""

from functools import cache

from ostiary.features.passwords.argon2id import Argon2id
from ostiary.features.passwords.background_threads import BackgroundThreads
from ostiary.features.passwords.hash_slots import HashSlots
from ostiary.features.passwords.input_bounds import is_password, password_bytes
from ostiary.features.passwords.settings import PasswordsSettings
from ostiary.kernel.duration import milliseconds


@cache
def _scheme() -> Argon2id:
    return Argon2id()


@cache
def _slots() -> HashSlots:
    defaults = PasswordsSettings()
    return HashSlots(defaults.hash_slots, waiting=defaults.waiting, patience=milliseconds(defaults.patience))


@cache
def _threads() -> BackgroundThreads:
    return BackgroundThreads(_slots().most)


def hash_password(password: str) -> str:
    """The form to store: Argon2id (RFC 9106 §4, second recommended option) as a PHC string of about 97 characters.

    Raises ``ValueError`` for an empty password and one of more than 1,024 characters, and ``Unavailable``
    when too many passwords are being hashed.
    """
    password_bytes(password)  # raises for what can be no password, before it takes a slot
    with _slots().slot():
        return _threads().run(lambda: _scheme().hash(password))


def verify_password(stored: str | None, password: str) -> bool:
    """Whether the password is the one that was stored.

    Pass None as ``stored`` when there is no such user: the same work is done, and the answer is False, so
    that the time of the answer does not tell who has an account.
    """
    if not is_password(password):
        return False
    with _slots().slot():
        return _threads().run(lambda: _scheme().verify(stored, password))
