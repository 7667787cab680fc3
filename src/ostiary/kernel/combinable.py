"""Things that ``any_of`` and ``all_of`` join besides names: whatever knows how several of its kind become one."""

from collections.abc import Sequence
from typing import Literal

Mode = Literal["all", "any"]


class Combinable:
    """Something of which several can be joined into one of its kind."""

    __slots__ = ()

    def combine(self, mode: Mode, parts: "Sequence[Combinable]") -> "Combinable":
        """These parts, of which this is the first, as one: all of them, or any of them."""
        raise TypeError(mode, parts)
