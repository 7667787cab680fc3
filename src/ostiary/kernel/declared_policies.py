"""The policies of an application as they were declared: collected while it starts, read by the feature that decides.

Nothing here knows what a policy means, so that an application without policies loads nothing for them.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from ostiary.kernel.dataclass import dataclass

EVERY_ACTION: Final = "*"
"""The action of a policy that restricts all of them, and allows none by itself."""

_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def type_name(type_: type) -> str:
    """A class in a permission: ``BlogPost`` is ``blog_post``."""
    return _WORD.sub("_", type_.__name__).lower()


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

    @property
    def permission(self) -> str | None:
        """What a restricted credential needs in its scope; None for a policy of every action."""
        if self.action == EVERY_ACTION:
            return None
        return self.scope or f"{type_name(self.type)}:{self.action}"


class DeclaredPolicies:
    """Every policy of one ``Auth``, in the order of declaration, and how its resources are found by their ids."""

    __slots__ = ("declared", "finders")

    def __init__(self) -> None:
        self.declared: list[DeclaredPolicy] = []
        self.finders: dict[type, Callable[[Any], Any]] = {}

    def add(self, policy: DeclaredPolicy) -> None:
        """Add one."""
        self.declared.append(policy)

    def permissions(self) -> frozenset[str]:
        """Everything that a restricted credential may need for a policy: a scope of these narrows, and grants nothing."""
        return frozenset(permission for one in self.declared if (permission := one.permission) is not None)
