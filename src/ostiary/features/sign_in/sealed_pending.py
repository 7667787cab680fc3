"""Pending sign-ins where nothing is shared: what is proven so far travels in the handle itself, sealed.

Without a database and without Redis, a row in one worker's memory is unknown to the others, and a sign-in would fail
whenever its second step reached another worker. So the handle holds what the row would, encrypted and authenticated with
the key ring, and until when it counts. It is spent once in each process: there is nobody who could know of the others.
What it proves is worth nothing without the next proof, which is as hard to give the second time.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Final

from ostiary.features.sign_in.pending import PendingSignIn, ends_at, read_fields, written_fields
from ostiary.kernel.clock import Millis
from ostiary.kernel.key_ring import KeyRing
from ostiary.storage.ephemeral.store import EphemeralStore

_PURPOSE: Final = "sealed pending sign-ins"
_PLACE: Final = "handle"
# What tokens may be asked for with (claims, scope) makes it long; a browser's, a cookie, has none of that.
LONGEST_HANDLE: Final = 16_384


class SealedPendingSignIns:
    """As ``PendingSignIns``; ``spent`` is this process's own memory of the handles that were used."""

    __slots__ = ("_key_ring", "_lifetime", "_spent")

    def __init__(self, spent: EphemeralStore, key_ring: KeyRing, *, lifetime: Millis) -> None:
        self._spent = spent
        self._key_ring = key_ring
        self._lifetime = lifetime

    def keep(self, pending: PendingSignIn, *, now: Millis) -> str:
        """A handle that says all of it. It ends ``lifetime`` after the first proof in it, however many follow."""
        fields = {**written_fields(pending), "ends_at": ends_at(pending, self._lifetime, now)}
        sealed = self._key_ring.seal(_PURPOSE, json.dumps(fields, ensure_ascii=False).encode(), bound_to=_PLACE)
        return urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def spend(self, handle: str, *, now: Millis) -> PendingSignIn | None:
        """Take it, once in this process: of two that come at once, one gets it."""
        found = self._open(handle, now)
        if found is None:
            return None
        pending, until = found
        return pending if self._spent.add(_digest(handle), b"", expires_at=until, now=now) else None

    def find(self, handle: str, *, now: Millis) -> PendingSignIn | None:
        """What it says, unspent."""
        found = self._open(handle, now)
        return None if found is None or self._spent.get(_digest(handle), now=now) is not None else found[0]

    def _open(self, handle: str, now: Millis) -> tuple[PendingSignIn, Millis] | None:
        if len(handle) > LONGEST_HANDLE or not handle.isascii():
            return None
        try:
            sealed = urlsafe_b64decode(handle + "=" * (-len(handle) % 4))
            fields = json.loads(self._key_ring.open(_PURPOSE, sealed, bound_to=_PLACE))
        except ValueError:  # SealBroken is one, and so is what is no base64
            return None
        # base64 has several spellings of the same bytes; one of them is ours, and can be spent once.
        if urlsafe_b64encode(sealed).rstrip(b"=").decode() != handle:
            return None
        until: Millis = fields["ends_at"]
        return (read_fields(fields), until) if now < until else None


def _digest(handle: str) -> str:
    return "spent:" + sha256(handle.encode()).hexdigest()
