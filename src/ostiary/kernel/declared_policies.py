"""The policies of an application as they were declared: collected while it starts, read by the feature that decides.

Nothing here knows what a policy means, so that an application without policies loads nothing for them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredPolicy:
    """One ``auth.policy(…)``.

    ``action``    what is asked: ``"edit"``; ``"*"`` restricts every action
    ``type``      the class of the resource
    ``answer``    a rule, or a function that decides or answers a rule
    ``visitors``  whether it is asked for somebody who is not signed in; otherwise nobody is denied at once
    ``scope``     the permission a restricted credential needs; None: ``<type>:<action>``
    ``fields``    the fields it is about; None: the resource itself
    ``filters``   whether it must be able to filter rows, which is found out at the start
    """

    action: str
    type: type
    answer: object
    visitors: bool = False
    scope: str | None = None
    fields: tuple[str, ...] | None = None
    filters: bool = False


class DeclaredPolicies:
    """Every policy of one ``Auth``, in the order of declaration, and how its resources are found by their ids."""

    __slots__ = ("declared", "finders")

    def __init__(self) -> None:
        self.declared: list[DeclaredPolicy] = []
        self.finders: dict[type, Callable[[Any], Any]] = {}

    def add(self, policy: DeclaredPolicy) -> None:
        """Add one."""
        self.declared.append(policy)
