"""The roles of a new account: checked before the transaction that makes the account, given inside it.

Roles that were promised (by an invitation) are given by whoever promised them, and she is asked again on the day they
are taken: who has lost a role, or may not sign in any more, has nothing left to give through links she sent before.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, cast

from ostiary.features.roles.change import Author
from ostiary.features.roles.holder import BeyondOwnRights, Holder
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.errors import FieldError, ValidationFailed
from ostiary.kernel.principal import Principal
from ostiary.kernel.promised_roles import PromiseBroken, PromisedRoles
from ostiary.kernel.subject_gate import SubjectGate

if TYPE_CHECKING:
    from ostiary.features.roles.actions import RoleActions
    from ostiary.storage.database import Transaction

# What a gate says of a subject that is no account: a machine, which may promise something as well.
_NO_ACCOUNT = "no_account"


@dataclass(frozen=True, slots=True)
class PreparedRoles:
    """Roles that exist, in whose name they are given, and whether they were promised."""

    names: tuple[str, ...]
    author: Author
    promised: bool


class RolesPart:
    """What ``auth.accounts.create(roles=…)`` does; everywhere and for good."""

    __slots__ = ("_ended_in", "_gate", "_roles")

    def __init__(
        self,
        roles: "RoleActions",
        *,
        gate: Callable[[], SubjectGate | None],
        ended_in: "Callable[[Transaction, str], str | None]",
    ) -> None:
        self._roles = roles
        self._gate = gate
        self._ended_in = ended_in

    def prepare(self, value: object) -> PreparedRoles:
        """Check that there are such roles, and that whoever gives them may.

        Raises ``ValidationFailed``, ``NotAuthenticated``, ``BeyondOwnRights`` and ``PromiseBroken``.
        """
        if isinstance(value, str) or not isinstance(value, list | tuple | set | frozenset):
            raise ValidationFailed(FieldError("roles", "not_a_list", "Give a list of roles."))
        names = list(cast("Iterable[object]", value))
        self._roles.require_roles(names, field="roles")
        promised = value if isinstance(value, PromisedRoles) else None
        author = self._roles.author() if promised is None else self._author_of(promised)
        prepared = PreparedRoles(tuple(sorted({str(name) for name in names})), author, promised is not None)
        if author.caller is not None:
            # Asked again in the transaction. Now, so that nobody waits for a hash, or for a mail, in vain.
            try:
                self._roles.require_may_give(author.caller, prepared.names)
            except BeyondOwnRights as refused:
                raise self._refusal(prepared, refused) from None
        return prepared

    def apply(self, tx: "Transaction", subject: str, prepared: PreparedRoles) -> None:
        """Give them. Raises ``BeyondOwnRights`` and ``PromiseBroken``, as ``prepare``."""
        change = self._roles.begin_in(tx, prepared.author, subject)
        promised_by = prepared.author.caller if prepared.promised else None
        # Her rights are locked now: who suspends her raises them, and is done or comes after this.
        ended = None if promised_by is None else self._ended_in(tx, promised_by.subject)
        if ended is not None:
            raise PromiseBroken(detail=f"who promised it is {ended}")
        for name in prepared.names:
            try:
                self._roles.assign_in(change, Holder("subject", subject), name, None, "", None)
            except BeyondOwnRights as refused:
                raise self._refusal(prepared, refused) from None

    def _author_of(self, promised: PromisedRoles) -> Author:
        by = promised.promised_by
        if by is None:
            return Author(None, promised.by)
        gate = self._gate()
        why = None if gate is None else gate.why_not(by)
        if why not in (None, _NO_ACCOUNT):
            raise PromiseBroken(detail=f"who promised it is {why}")
        return Author(Principal(by), promised.by)

    @staticmethod
    def _refusal(prepared: PreparedRoles, refused: BeyondOwnRights) -> BeyondOwnRights | PromiseBroken:
        return PromiseBroken(detail=refused.detail) if prepared.promised else refused
