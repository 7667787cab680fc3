"""A hash of Argon2 as it is stored, a PHC string: read, written, and verified by one thread, whatever its lanes.

``$argon2id$v=19$m=65536,t=3,p=4$salt$tag`` names its own parameters (RFC 9106 §3.1), so that they can be raised while
old hashes go on verifying.

The lanes of a hash say what is computed, not by how many threads: the tag is the same. With a thread for each, one
sign-in would keep every core busy, however few hashes are let run at once; so each is computed by the thread that asks.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias, cast

from argon2 import low_level
from argon2.low_level import core, error_to_str

from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.errors import Unavailable
from ostiary.kernel.secret import constant_time_equal

Variant: TypeAlias = Literal["argon2id", "argon2i"]
"""RFC 9106 §1. Argon2d is not for passwords: what it reads of the memory depends on them."""

# RFC 9106 §3.1: the type "y" and the version "v".
_TYPES: Final[Mapping[Variant, int]] = MappingProxyType({"argon2i": 1, "argon2id": 2})
_VERSION: Final = 0x13
# The C types of the library, which have none in Python.
_C: Final = cast("Any", low_level.ffi)  # pyright: ignore[reportUnknownMemberType]
# argon2.h of the C library: ARGON2_OK and ARGON2_FLAG_CLEAR_PASSWORD.
_OK: Final = 0
_CLEAR_PASSWORD: Final = 1
# A stored hash of ours has about 97 characters; more is not one, and is not handed to the C library.
_LONGEST: Final = 512
_PHC: Final = re.compile(
    r"\$(argon2id|argon2i)\$v=19\$m=([1-9][0-9]{0,8}),t=([1-9][0-9]{0,8}),p=([1-9][0-9]{0,4})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)",
    re.ASCII,
)
# What a stored hash may ask of the machine: two passes over the 2 GiB of RFC 9106 §4's first recommended option, or as
# much work spread over less memory. Whoever can write one absurd hash into a table must not stop the server with it.
_MOST_MEMORY_KIB: Final = 2_097_152
_MOST_WORK: Final = 2 * _MOST_MEMORY_KIB
_MOST_LANES: Final = 64
# RFC 9106 §3.1: at least 8 KiB a lane, and a tag of 4 bytes or more; the C library asks for 8 bytes of salt.
_LEAST_MEMORY_A_LANE: Final = 8
_LEAST_TAG: Final = 4
_LEAST_SALT: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What a hash costs: memory in KiB, passes over it, lanes."""

    variant: Variant = "argon2id"
    memory_kib: int
    passes: int
    lanes: int

    @property
    def is_affordable(self) -> bool:
        """Whether there is such a hash (RFC 9106 §3.1), and the machine can be asked to compute it."""
        return (
            _LEAST_MEMORY_A_LANE * self.lanes <= self.memory_kib <= _MOST_MEMORY_KIB
            and self.memory_kib * self.passes <= _MOST_WORK
            and self.lanes <= _MOST_LANES
        )

    def tag(self, typed: bytes, salt: bytes, length: int) -> bytes:
        """The tag of a password (RFC 9106 §3.2), ``length`` bytes.

        Raises ``Unavailable`` if the machine cannot: most likely there is no memory left.
        """
        found = _C.new("uint8_t[]", length)
        # The context points to these, and does not keep them.
        password, seasoning = _C.new("uint8_t[]", typed), _C.new("uint8_t[]", salt)
        context = _C.new(
            "argon2_context *",
            {
                "version": _VERSION,
                "out": found,
                "outlen": length,
                "pwd": password,
                "pwdlen": len(typed),
                "salt": seasoning,
                "saltlen": len(salt),
                "t_cost": self.passes,
                "m_cost": self.memory_kib,
                "lanes": self.lanes,
                "threads": 1,
                # The library overwrites its copy of the password as soon as it has read it.
                "flags": _CLEAR_PASSWORD,
            },
        )
        error = core(context, _TYPES[self.variant])
        if error != _OK:
            raise Unavailable(detail=f"Argon2 failed: {error_to_str(error)}")
        return bytes(_C.buffer(found))

    def __str__(self) -> str:
        """As the stored form names them."""
        return f"m={self.memory_kib},t={self.passes},p={self.lanes}"


@dataclass(frozen=True, slots=True)
class Argon2Hash:
    """A stored hash: its parameters, salt and tag."""

    parameters: Parameters
    salt: bytes = field(repr=False)
    tag: bytes = field(repr=False)

    @classmethod
    def read(cls, stored: str) -> "Argon2Hash | None":
        """What is stored; None when it is no hash of Argon2, is damaged, or asks too much of the machine."""
        match = _PHC.fullmatch(stored) if len(stored) <= _LONGEST else None
        if match is None:
            return None
        memory, passes, lanes = (int(number) for number in match.groups()[1:4])
        variant: Variant = "argon2id" if match[1] == "argon2id" else "argon2i"
        parameters = Parameters(variant=variant, memory_kib=memory, passes=passes, lanes=lanes)
        try:
            salt, tag = _bytes(match[5]), _bytes(match[6])
        except Base64Error:
            return None
        if not parameters.is_affordable or len(salt) < _LEAST_SALT or len(tag) < _LEAST_TAG:
            return None
        return cls(parameters, salt, tag)

    def matches(self, typed: bytes) -> bool:
        """Whether this is the hash of the password, compared in constant time. Raises ``Unavailable``."""
        return constant_time_equal(self.parameters.tag(typed, self.salt, len(self.tag)), self.tag)

    def __str__(self) -> str:
        """The form to store."""
        return f"${self.parameters.variant}$v={_VERSION}${self.parameters}${_text(self.salt)}${_text(self.tag)}"


def _bytes(text: str) -> bytes:
    return b64decode(text + "=" * (-len(text) % 4))


def _text(data: bytes) -> str:
    return b64encode(data).rstrip(b"=").decode()
