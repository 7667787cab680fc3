"""Breached passwords: is this one known from another site's data breach? In a file, or by the range API.

Law: ASVS 5.0 V6.2.12; NIST SP 800-63B-4 §3.1.1.2. Both know passwords by their SHA-1, which is a name here and protects
nothing. Of the range API's question five hexadecimal digits leave this machine (k-anonymity): it
answers with the rest of every hash that begins with them, a few hundred among a billion.
"""

import hashlib
import os
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from ostiary.features.passwords.input_bounds import password_bytes
from ostiary.outbound import OutboundClient, OutboundFailed, OutboundRefused

_PREFIX: Final = 5
_DIGITS: Final = 40
# A line of the file: 40 digits, a colon, a count, perhaps a carriage return.
_LONGEST_LINE: Final = 64


class BreachesUnreachable(Exception):
    """Whether a password is known cannot be found out now."""


class Breaches(Protocol):
    """Who knows breached passwords."""

    def contains(self, password: str) -> bool:
        """Whether the password is known from a breach. Raises ``BreachesUnreachable``."""
        ...


def sha1_name(password: str) -> str:
    """The name under which breach lists know a password: its SHA-1 in 40 capital hexadecimal digits."""
    return hashlib.sha1(password_bytes(password), usedforsecurity=False).hexdigest().upper()


class BreachFile:
    """A sorted file of SHA-1 names, of any size: found by halving, about thirty reads among a billion lines."""

    __slots__ = ("_path",)

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def contains(self, password: str) -> bool:
        """Whether the file has the password. Raises ``BreachesUnreachable`` when it cannot be read."""
        wanted = sha1_name(password).encode()
        try:
            with self._path.open("rb", buffering=0) as file:
                return _is_in(file, wanted)
        except OSError as error:
            message = f"breach_list cannot be read ({type(error).__name__})"
            raise BreachesUnreachable(message) from error


def _is_in(file: BinaryIO, wanted: bytes) -> bool:
    low, high = 0, file.seek(0, os.SEEK_END)
    while low < high:
        middle = (low + high) // 2
        start, line = _line_at(file, middle)
        name = line[:_DIGITS].upper()
        if name == wanted:
            return True
        if name and name < wanted:
            low = start + len(line)
        else:
            high = min(middle, start)
    return False


def _line_at(file: BinaryIO, place: int) -> tuple[int, bytes]:
    """The line that the byte at ``place`` belongs to, with its end, and where it begins."""
    begin = max(0, place - _LONGEST_LINE)
    file.seek(begin)
    around = file.read(2 * _LONGEST_LINE)
    start = around.rfind(b"\n", 0, place - begin) + 1
    end = around.find(b"\n", place - begin)
    return begin + start, around[start : len(around) if end < 0 else end + 1]


class RangeApi:
    """The range API of Have I Been Pwned, or another that speaks it."""

    __slots__ = ("_client", "_url")

    def __init__(self, url: str, client: OutboundClient) -> None:
        self._url = url
        self._client = client

    def contains(self, password: str) -> bool:
        """Whether the API knows the password. Raises ``BreachesUnreachable``."""
        name = sha1_name(password)
        try:
            # Padding: the length of the answer tells whoever watches the line nothing about the question.
            answer = self._client.get(self._url + name[:_PREFIX], headers={"Add-Padding": "true"})
        except (OutboundFailed, OutboundRefused) as error:
            message = f"the range API cannot be asked ({error})"
            raise BreachesUnreachable(message) from error
        if answer.status != 200:
            message = f"the range API answered {answer.status}"
            raise BreachesUnreachable(message)
        wanted = name[_PREFIX:].encode()
        for line in answer.body.splitlines():
            rest, _, count = line.partition(b":")
            # Lines of padding have the count 0.
            if rest.strip().upper() == wanted:
                return count.strip() != b"0"
        return False
