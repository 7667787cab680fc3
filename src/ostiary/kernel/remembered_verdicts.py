"""Verdicts on credentials, remembered: bounded, keyed by the SHA-256 of the whole credential, each until an instant.

Two halves: the younger takes what is new or was asked for, and once it is full the older is dropped. So there is no lock
to be held by a thread that a fork leaves behind, and remembering costs the same however much is remembered.
"""

from hashlib import sha256
from typing import Generic, TypeVar

from ostiary.kernel.clock import Millis

V = TypeVar("V")


def token_digest(text: str) -> bytes:
    """What a token is remembered by: never the token itself."""
    try:
        data = text.encode()
    except UnicodeEncodeError:
        # Whatever a stranger sent: naming a way to encode takes longer than the rest of it.
        data = text.encode("utf-8", "surrogatepass")
    return sha256(data).digest()


class RememberedVerdicts(Generic[V]):
    """At most ``most`` verdicts, the half that was kept or found last for certain."""

    __slots__ = ("_half", "_older", "_younger")

    def __init__(self, most: int) -> None:
        self._half = max(1, most // 2)
        self._younger: dict[bytes, tuple[V, Millis]] = {}
        self._older: dict[bytes, tuple[V, Millis]] = {}

    def find(self, digest: bytes, now: Millis) -> V | None:
        """The verdict, if there is one that still counts."""
        found = self._younger.get(digest)
        if found is None:
            found = self._older.get(digest)
            if found is None:
                return None
            # Asked for: it outlives the older half.
            self._put(digest, found)
        # RFC 7519 §4.1.4: not on or after.
        return found[0] if now < found[1] else None

    def keep(self, digest: bytes, verdict: V, until: Millis) -> None:
        """Remember a verdict until an instant."""
        self._put(digest, (verdict, until))

    def _put(self, digest: bytes, kept: tuple[V, Millis]) -> None:
        if len(self._younger) >= self._half:
            self._older, self._younger = self._younger, {}
        self._younger[digest] = kept

    def __len__(self) -> int:
        return len(self._younger) + len(self._older)
