"""Pending sign-ins: what is proven so far, between the first proof and the last. Never a session.

The row is short-lived and bound to the browser by a ``__Host-`` cookie that holds its secret, or to a
program by the same text as a handle. It is spent in one step, by whoever comes first.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from ostiary.kernel.clock import Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.factor import Factor, decode_factors, encode_factors
from ostiary.kernel.key_ring import KeyRing
from ostiary.kernel.secret import new_secret
from ostiary.storage.ephemeral.store import EphemeralStore

_PURPOSE: Final = "pending sign-ins"


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingSignIn:
    """Who is signing in, what she proved in it, and her epoch before the first proof.

    ``remember`` is whether she asked to be remembered, and ``guessed`` what she said her name is, if she typed one.
    ``tokens`` is what tokens were asked for with, ready for JSON; None where the sign-in is a browser's. What was begun in
    one manner is finished in it: a narrowed token is not widened on the way.
    """

    subject: str
    factors: tuple[Factor, ...]
    epoch: int
    remember: bool = False
    guessed: str | None = None
    tokens: Mapping[str, Any] | None = None


class PendingSignIns:
    """Keeps what is proven so far, for ``lifetime`` milliseconds."""

    __slots__ = ("_key_ring", "_lifetime", "_store")

    def __init__(self, store: EphemeralStore, key_ring: KeyRing, *, lifetime: Millis) -> None:
        self._store = store
        self._key_ring = key_ring
        self._lifetime = lifetime

    def keep(self, pending: PendingSignIn, *, now: Millis) -> str:
        """Remember it; the answer is the secret that finds it again.

        It ends ``lifetime`` after the first proof in it, however many follow.
        """
        handle = new_secret()
        expires_at = ends_at(pending, self._lifetime, now)
        stored = json.dumps(written_fields(pending)).encode()
        self._store.put(self._key(handle), stored, expires_at=expires_at, now=now)
        return handle

    def spend(self, handle: str, *, now: Millis) -> PendingSignIn | None:
        """Take it out, once: of two that come at once, one gets it."""
        return _read(self._store.consume_once(self._key(handle), now=now))

    def find(self, handle: str, *, now: Millis) -> PendingSignIn | None:
        """What is kept, left where it is."""
        return _read(self._store.get(self._key(handle), now=now))

    def _key(self, handle: str) -> str:
        # The store holds a digest of the handle: reading the table continues nobody's sign-in. Keyed, since several
        # applications may share one Redis, and "ada" of one is not "ada" of the other.
        return "pending:" + self._key_ring.mac(_PURPOSE, handle.encode("utf-8", "replace")).hex()


def ends_at(pending: PendingSignIn, lifetime: Millis, now: Millis) -> Millis:
    """When it is over: ``lifetime`` after the first proof in it."""
    return min((factor.at for factor in pending.factors), default=now) + lifetime


def written_fields(pending: PendingSignIn) -> dict[str, Any]:
    """It as members of a JSON object."""
    return {
        "subject": pending.subject,
        "factors": encode_factors(pending.factors),
        "epoch": pending.epoch,
        "remember": pending.remember,
        "guessed": pending.guessed,
        "tokens": None if pending.tokens is None else dict(pending.tokens),
    }


def _read(stored: bytes | None) -> PendingSignIn | None:
    return None if stored is None else read_fields(json.loads(stored))


def read_fields(fields: Mapping[str, Any]) -> PendingSignIn:
    """What ``written_fields`` wrote."""
    return PendingSignIn(
        subject=fields["subject"],
        factors=decode_factors(fields["factors"]),
        epoch=fields["epoch"],
        remember=fields["remember"],
        guessed=fields["guessed"],
        # Absent in what an earlier release kept a few minutes ago.
        tokens=fields.get("tokens"),
    )
