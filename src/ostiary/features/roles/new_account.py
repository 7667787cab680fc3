"""The roles of a new account: checked before the transaction that makes the account, given inside it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from ostiary.features.roles.change import Author
from ostiary.features.roles.holder import Holder
from ostiary.kernel.errors import FieldError, ValidationFailed

if TYPE_CHECKING:
    from ostiary.features.roles.actions import RoleActions
    from ostiary.storage.database import Transaction


@dataclass(frozen=True, slots=True)
class PreparedRoles:
    """Roles that exist, and in whose name they are given."""

    names: tuple[str, ...]
    author: Author


class RolesPart:
    """What ``auth.accounts.create(roles=…)`` does; everywhere and for good."""

    __slots__ = ("_roles",)

    def __init__(self, roles: "RoleActions") -> None:
        self._roles = roles

    def prepare(self, value: object) -> PreparedRoles:
        """Check that there are such roles. Raises ``ValidationFailed``."""
        if isinstance(value, str) or not isinstance(value, list | tuple | set | frozenset):
            raise ValidationFailed(FieldError("roles", "not_a_list", "Give a list of roles."))
        names = list(cast("Iterable[object]", value))
        for name in names:
            self._roles.require_role(name)
        return PreparedRoles(tuple(sorted({str(name) for name in names})), self._roles.author())

    def apply(self, tx: "Transaction", subject: str, prepared: PreparedRoles) -> None:
        """Give them. Raises ``BeyondOwnRights`` where the caller does not hold them herself."""
        change = self._roles.begin_in(tx, prepared.author, subject)
        for name in prepared.names:
            self._roles.assign_in(change, Holder("subject", subject), name, None, "", None)
