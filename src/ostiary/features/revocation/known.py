"""What is known to be revoked: dictionaries in memory, asked in constant time, which forget what has expired.

Pure: no clock, no database. What is learned twice, or in another order, comes to the same.
"""

from heapq import heappop, heappush
from typing import Final, Literal, TypeAlias

from ostiary.kernel.clock import Millis
from ostiary.kernel.joint_epoch import own_epoch

Revocable: TypeAlias = Literal["token", "family", "client"]
"""What one revokes by name: one access token (``jti``), all of a refresh token's family, all of a client."""

Reason: TypeAlias = Literal["token", "family", "client", "epoch", "everybody"]
"""Why a token is refused: it, its family or its client was revoked, or everything of its subject ended, or of everybody."""

_KINDS: Final = ("token", "family", "client", "epoch", "everybody", "rights")


class Known:
    """The live rows of the log. One thread learns and forgets at a time; any number may ask meanwhile."""

    __slots__ = ("_ends", "_queue", "_values")

    def __init__(self) -> None:
        # Of each kind: when the knowledge of a key ends, and the highest value it was told with.
        self._ends: dict[str, dict[str, Millis]] = {kind: {} for kind in _KINDS}
        self._values: dict[str, dict[str, int]] = {kind: {} for kind in _KINDS}
        # Each key once, by an instant that is not after its end.
        self._queue: list[tuple[Millis, str, str]] = []

    def __len__(self) -> int:
        return len(self._queue)

    def learn(self, kind: str, key: str, value: int, ends_at: Millis) -> None:
        """Take in one row of the log; ``ends_at`` is when it may be forgotten."""
        ends = self._ends.get(kind)
        if ends is None:
            return  # A kind that a later version writes, for readers of its own.
        values = self._values[kind]
        values[key] = max(value, values.get(key, value))
        known = ends.get(key)
        ends[key] = ends_at if known is None else max(ends_at, known)
        if known is None:
            heappush(self._queue, (ends_at, kind, key))

    def forget(self, now: Millis) -> None:
        """Let go of what has ended. Each key is looked at once, and once more for each time its end was put off."""
        queue = self._queue
        while queue and queue[0][0] <= now:
            _, kind, key = heappop(queue)
            ends = self._ends[kind]
            if ends[key] > now:
                heappush(queue, (ends[key], kind, key))
            else:
                del ends[key]
                del self._values[kind][key]

    def knows(self, kind: Revocable, key: str, *, until: Millis) -> bool:
        """Whether this was revoked already, and is remembered at least until then."""
        return self._ends[kind].get(key, -1) >= until

    def reason_against(
        self, *, jti: str, family: str | None, client: str | None, subject: str, epoch: int
    ) -> Reason | None:
        """Why a token is refused, or None if nothing is known against it. ``epoch`` is its joint epoch."""
        values = self._values
        if jti in values["token"]:
            return "token"
        if family is not None and family in values["family"]:
            return "family"
        if client is not None and client in values["client"]:
            return "client"
        if own_epoch(epoch) < values["epoch"].get(subject, 0):
            return "epoch"
        if epoch < values["everybody"].get("", 0):
            return "everybody"
        return None

    def rights_of(self, subject: str) -> int:
        """The newest version of a subject's rights that was told; 0 if none is known."""
        return self._values["rights"].get(subject, 0)
