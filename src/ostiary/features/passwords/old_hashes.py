"""Old password hashes: those of Werkzeug, bcrypt, Django, passlib and Flask-Security are read, so that users can move.

Only to verify: what matches is hashed again with Argon2id. A format is read only where ``legacy=`` names it, and
the parameters a stored hash asks for are judged before anything is computed: whoever can write one into
a table must not stop the server with it.

While any format is allowed, a guess that fails costs one verification of that kind beside the one of
Argon2id, for a name that exists in whatever form, and for one that does not. What is missing is done against a
placeholder. It has the parameters that the first format listed has by default, so list the one most users have.
"""

import hashlib
import hmac
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Final, TypeAlias
from unicodedata import normalize

from ostiary.features.passwords.argon2_hash import Argon2Hash
from ostiary.features.passwords.input_bounds import PasswordOutOfBounds, password_bytes
from ostiary.kernel.secret import Secret, constant_time_equal

Check: TypeAlias = Callable[[bytes], bool]
"""The password as it was typed, in UTF-8 → whether it is the one that was hashed."""
Reader: TypeAlias = Callable[[str], Check | None]
"""A stored hash → its check, or None when it is of another format, damaged, or asks for too much."""

FORMATS: Final = ("werkzeug", "bcrypt", "django", "passlib", "flask-security")
"""What ``legacy=`` may name."""

_LONGEST_STORED: Final = 512
# Above what any of these systems has ever used by default, and a few seconds of one core at most.
_MOST_ITERATIONS: Final = 5_000_000
_MOST_BCRYPT_COST: Final = 15
_MOST_SCRYPT_WORK: Final = 1 << 22
_MOST_SCRYPT_BYTES: Final = 1 << 28
# bcrypt reads 72 bytes and no more.
_BCRYPT_BYTES: Final = 72

_BCRYPT: Final = re.compile(r"\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{53}", re.ASCII)
_WERKZEUG_SCRYPT: Final = re.compile(
    r"scrypt:([0-9]{1,9}):([0-9]{1,4}):([0-9]{1,4})\$([A-Za-z0-9./]+)\$([0-9a-f]{128})", re.ASCII
)
_WERKZEUG_PBKDF2: Final = re.compile(
    r"pbkdf2:(?:sha256|sha512):([0-9]{1,9})\$([A-Za-z0-9./]+)\$((?:[0-9a-f]{2})+)", re.ASCII
)
_DJANGO_PBKDF2: Final = re.compile(r"pbkdf2_sha256\$([0-9]{1,9})\$([A-Za-z0-9]+)\$([A-Za-z0-9+/]{43}=)", re.ASCII)
_DJANGO_SCRYPT: Final = re.compile(
    r"scrypt\$([0-9]{1,9})\$([A-Za-z0-9]+)\$([0-9]{1,4})\$([0-9]{1,4})\$([A-Za-z0-9+/]{86}==)", re.ASCII
)
# passlib's base64 has a full stop for the plus, and no padding.
_PASSLIB_PBKDF2: Final = re.compile(
    r"\$pbkdf2-(sha256|sha512)\$([0-9]{1,9})\$([A-Za-z0-9./]+)\$([A-Za-z0-9./]+)", re.ASCII
)


class OldHashes:
    """Verifies the formats that are allowed. Thread-safe.

    ``flask_security_salt`` is that application's ``SECURITY_PASSWORD_SALT``, with which it keyed every password.
    """

    __slots__ = ("_nobody", "_readers")

    def __init__(self, formats: tuple[str, ...], *, flask_security_salt: Secret | None = None) -> None:
        readers: dict[str, Reader] = dict(_READERS)
        if flask_security_salt is not None:
            readers["flask-security"] = lambda stored: _read_flask_security(stored, flask_security_salt)
        self._readers = tuple(readers[name] for name in formats if name in readers)
        self._nobody = self._read(_placeholder(formats[0])) if formats else None

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password is the one that was hashed, in a format that is allowed.

        What is no such hash costs the same work as one, against a placeholder, and matches nothing.
        """
        try:
            password_bytes(password)
        except PasswordOutOfBounds:
            return False
        # As it was typed: these systems hashed it without normalising, Flask-Security excepted.
        typed = password.encode()
        check = self._read(stored) if stored is not None else None
        if check is not None:
            return check(typed)
        if self._nobody is not None:
            self._nobody(typed)
        return False

    def _read(self, stored: str) -> Check | None:
        if len(stored) > _LONGEST_STORED or not stored.isascii():
            return None
        return next((check for reader in self._readers if (check := reader(stored)) is not None), None)


def _read_werkzeug(stored: str) -> Check | None:
    if (match := _WERKZEUG_SCRYPT.fullmatch(stored)) is not None:
        cost, size, lanes = (int(number) for number in match.groups()[:3])
        if not _is_affordable_scrypt(cost, size, lanes):
            return None
    elif (match := _WERKZEUG_PBKDF2.fullmatch(stored)) is None or not 0 < int(match[1]) <= _MOST_ITERATIONS:
        return None

    def check(typed: bytes) -> bool:
        from werkzeug.security import check_password_hash  # only where such a hash is read

        return check_password_hash(stored, typed.decode()) and not _is_padded(typed)

    return check


def _read_bcrypt(stored: str) -> Check | None:
    match = _BCRYPT.fullmatch(stored)
    if match is None or not 4 <= int(match[1]) <= _MOST_BCRYPT_COST:
        return None

    def check(typed: bytes) -> bool:
        import bcrypt  # only where such a hash is read

        # bcrypt never sees what comes after its 72 bytes: a longer password would match whatever its end is. It is refused,
        # after the same work.
        matched = False
        with suppress(ValueError):
            matched = bcrypt.checkpw(typed[:_BCRYPT_BYTES], stored.encode())
        return matched and len(typed) <= _BCRYPT_BYTES

    return check


def _read_argon2(stored: str) -> Check | None:
    found = Argon2Hash.read(stored)
    return None if found is None else found.matches


def _read_passlib(stored: str) -> Check | None:
    match = _PASSLIB_PBKDF2.fullmatch(stored)
    if match is None:
        return _read_argon2(stored) or _read_bcrypt(stored)
    salt, tag = (_passlib_bytes(text) for text in match.groups()[2:])
    if salt is None or tag is None:
        return None
    return _pbkdf2(match[1], int(match[2]), salt, tag)


def _read_django(stored: str) -> Check | None:
    scheme, _, rest = stored.partition("$")
    if scheme == "argon2":
        return _read_argon2(f"${rest}")
    if scheme == "bcrypt":
        return _read_bcrypt(rest)
    if scheme == "bcrypt_sha256":
        # Hexadecimal, so that no NUL byte ends what bcrypt reads, and 64 bytes, so that it reads all of it.
        inner = _read_bcrypt(rest)
        return inner and (lambda typed: inner(hashlib.sha256(typed).hexdigest().encode()))
    if (match := _DJANGO_PBKDF2.fullmatch(stored)) is not None:
        return _pbkdf2("sha256", int(match[1]), match[2].encode(), b64decode(match[3]))
    if (match := _DJANGO_SCRYPT.fullmatch(stored)) is not None:
        cost, size, lanes = int(match[1]), int(match[3]), int(match[4])
        return _scrypt(cost, size, lanes, match[2].encode(), b64decode(match[5]))
    return None


def _read_flask_security(stored: str, salt: Secret) -> Check | None:
    """The hash of a keyed hash: base64 of HMAC-SHA-512 under ``SECURITY_PASSWORD_SALT``, then passlib's scheme."""
    inner = _read_passlib(stored)
    if inner is None:
        return None
    is_bcrypt = _BCRYPT.fullmatch(stored) is not None

    def check(typed: bytes) -> bool:
        # Its forms normalise by NFKD.
        normal = normalize("NFKD", typed.decode()).encode()
        keyed = b64encode(hmac.digest(salt.reveal().encode(), normal, "sha512"))
        # That system cuts the 88 characters for bcrypt: 432 bits of the keyed hash are left, of the whole password.
        return inner(keyed[:_BCRYPT_BYTES] if is_bcrypt else keyed)

    return check


_READERS: Final[Mapping[str, Reader]] = MappingProxyType(
    {"werkzeug": _read_werkzeug, "bcrypt": _read_bcrypt, "django": _read_django, "passlib": _read_passlib}
)


def _pbkdf2(name: str, iterations: int, salt: bytes, tag: bytes) -> Check | None:
    if not 0 < iterations <= _MOST_ITERATIONS or not tag:
        return None

    def check(typed: bytes) -> bool:
        found = hashlib.pbkdf2_hmac(name, typed, salt, iterations, len(tag))
        return constant_time_equal(found, tag) and not _is_padded(typed)

    return check


def _scrypt(cost: int, size: int, lanes: int, salt: bytes, tag: bytes) -> Check | None:
    if not _is_affordable_scrypt(cost, size, lanes):
        return None
    # OpenSSL counts a little beside the 128·N·r bytes of the vector.
    most = 132 * size * (cost + lanes) + 65_536

    def check(typed: bytes) -> bool:
        found = hashlib.scrypt(typed, salt=salt, n=cost, r=size, p=lanes, maxmem=most, dklen=len(tag))
        return constant_time_equal(found, tag) and not _is_padded(typed)

    return check


def _is_padded(typed: bytes) -> bool:
    # The password is the key of an HMAC in PBKDF2 and scrypt, and HMAC fills a short key up with NUL bytes (RFC 2104 §2):
    # without this, "secret" and "secret\0" would be one password.
    return typed.endswith(b"\0")


def _is_affordable_scrypt(cost: int, size: int, lanes: int) -> bool:
    # RFC 7914 §6: the cost is a power of two greater than 1.
    power_of_two = cost > 1 and not cost & (cost - 1)
    affordable = cost * size * lanes <= _MOST_SCRYPT_WORK and 128 * cost * size <= _MOST_SCRYPT_BYTES
    return power_of_two and size > 0 and lanes > 0 and affordable


def _passlib_bytes(text: str) -> bytes | None:
    try:
        return b64decode(text.replace(".", "+") + "=" * (-len(text) % 4))
    except ValueError:
        return None


def _placeholder(format: str) -> str:
    """A hash of a format, with the parameters it has by default, that nothing matches. No work is needed to make it."""

    def text(length: int) -> str:
        return b64encode(secrets.token_bytes(length)).decode().rstrip("=")

    match format:
        case "bcrypt":
            # bcrypt's alphabet; the last character of its salt holds two bits, and "." is none.
            noise = text(39).replace("+", ".")
            return f"$2b$12${noise[:21]}.{noise[21:52]}"
        case "django":
            return f"pbkdf2_sha256$1200000${secrets.token_hex(11)}${text(32)}="
        case "passlib":
            return f"$pbkdf2-sha256$29000${text(16).replace('+', '.')}${text(32).replace('+', '.')}"
        case "flask-security":
            return f"$argon2id$v=19$m=65536,t=3,p=4${text(16)}${text(32)}"
        case _:
            return f"scrypt:32768:8:1${secrets.token_hex(8)}${secrets.token_hex(64)}"
