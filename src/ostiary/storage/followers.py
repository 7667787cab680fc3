"""Followers: the parts of this process that keep a copy of what may end, woken by every commit of an end: a session's, an
epoch's, a revocation.
"""

from typing import Protocol
from weakref import ref


class Follower(Protocol):
    """Something that has a copy."""

    def wake(self) -> None:
        """Read again before the next answer. Called in any thread; does no work itself."""
        ...


class Followers:
    """The followers of one database in this process. They live as long as somebody else keeps them."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: tuple[ref[Follower], ...] = ()

    def add(self, follower: Follower) -> None:
        """Wake this one, too, from now on."""
        self._known = (*(known for known in self._known if known() is not None), ref(follower))

    def wake(self) -> None:
        """Wake them all."""
        for known in self._known:
            follower = known()
            if follower is not None:
                follower.wake()
