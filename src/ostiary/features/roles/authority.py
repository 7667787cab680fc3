"""Authority over roles: nobody gives, or takes, what she does not hold herself there, and for as long. Pure.

A role is more than the permissions it grants: a guard may ask for its name. So who would give it must hold the
role itself there or everywhere, or everything (``*``). What she holds for a time she gives for no longer, since
whoever has it for good could give it back to her. And since whoever was given anything at a place belongs to it, she
gives something there only if she belongs there herself, or may choose who does: what is held everywhere is not enough.
"""

from collections.abc import Iterable
from typing import Final

from ostiary.features.roles.definitions import Definitions, Entries
from ostiary.features.roles.held import HeldAt, Holding, work_out
from ostiary.features.roles.holder import Assignment, Holder
from ostiary.kernel.clock import Millis
from ostiary.kernel.decision import ALLOWED, Decision, denied
from ostiary.kernel.permission import all_covered, any_covers
from ostiary.kernel.principal import On, Principal, encode_place

READ: Final = "role:read"
"""The permission to see who holds what."""
ASSIGN: Final = "role:assign"
"""The permission to give and take roles, and to choose the members of groups."""
ASSIGN_TO_SELF: Final = "role:assign-self"
"""The permission to give something to oneself, or to a group one is in."""
DEFINE: Final = "role:define"
"""The permission to define roles in the database."""

_EVERYTHING: Final = "*"


class Authority:
    """What one caller may give: a principal with what its subject holds, and the groups she is in."""

    __slots__ = ("_definitions", "_grants", "_groups", "_holdings", "_now", "_principal")

    def __init__(
        self,
        principal: Principal,
        holdings: Iterable[Holding],
        groups: Iterable[str],
        definitions: Definitions,
        grants: Entries,
        *,
        now: Millis,
    ) -> None:
        self._principal = principal
        self._holdings = tuple(holdings)
        self._groups = frozenset(groups)
        self._definitions = definitions
        self._grants = grants
        self._now = now

    def check_give(self, holder: Holder, role: str, on: On | None, until: Millis | None) -> Decision:
        """Whether the caller may give a role to a holder on a place, until an instant; None is for good."""
        if self._is_self(holder):
            decision = self._check_self(on)
            if not decision.allowed:
                return decision
        return self._check_held(role, on, until)

    def check_take(self, holder: Holder, role: str, on: On | None) -> Decision:
        """Whether the caller may take a role from a holder. What is her own she may always give up: she, not a narrowed key."""
        if holder.subject == self._principal.subject:
            return self._check_reaches(on)
        return self._check_held(role, on, self._now)

    def check_group(self, place: On | None) -> Decision:
        """Whether the caller looks after groups where this one is: at the place of an organisation, otherwise everywhere.

        It is asked before whether there is such a group, so that nobody else learns that.
        """
        if self._principal.tenant not in (None, place):
            return _bound(self._principal.tenant, place)
        if self._permitted(ASSIGN, place):
            return ALLOWED
        text = f"the caller does not hold {ASSIGN} where the group is"
        return denied("beyond_own_rights", text, f"permission={ASSIGN}")

    def check_add_member(self, subject: str, place: On | None, holds: Iterable[Assignment]) -> Decision:
        """Whether the caller may put a subject into a group that holds this: each of it is given to her.

        ``place`` is what an organisation is. Who is in a group belongs to that place, and holds what the group is given
        later; so it takes looking after that group, and letting oneself in is giving to oneself, also where the group
        holds nothing.
        """
        decision = self.check_group(place)
        if not decision.allowed:
            return decision
        if self._is_self(Holder("subject", subject)):
            decision = self._check_self(place)
            if not decision.allowed:
                return decision
        for one in holds:
            decision = self.check_give(Holder("subject", subject), one.role, one.on, one.until)
            if not decision.allowed:
                return decision
        return ALLOWED

    def check_remove_member(self, subject: str, place: On | None, holds: Iterable[Assignment]) -> Decision:
        """Whether the caller may take a subject out of a group that holds this. She herself may always leave."""
        own = subject == self._principal.subject
        decision = self._check_reaches(place) if own else self.check_group(place)
        if not decision.allowed:
            return decision
        for one in holds:
            decision = self.check_take(Holder("subject", subject), one.role, one.on)
            if not decision.allowed:
                return decision
        return ALLOWED

    def check_delete_group(self, place: On | None, holds: Iterable[Assignment]) -> Decision:
        """Whether the caller may remove a group that holds this: each of it is taken from whoever is in it."""
        decision = self.check_group(place)
        for one in holds:
            if not decision.allowed:
                break
            decision = self._check_held(one.role, one.on, self._now)
        return decision

    def check_clear(self, roles: Iterable[str], on: On) -> Decision:
        """Whether the caller may take each of these roles from whoever holds it on a place."""
        for role in roles:
            decision = self._check_held(role, on, self._now)
            if not decision.allowed:
                return decision
        return ALLOWED

    def check_define(self, permissions: Iterable[str], inherited: Iterable[str]) -> Decision:
        """Whether the caller may let a role grant this, to whoever holds it and wherever: only what is hers everywhere."""
        principal = self._principal
        if principal.tenant is not None:
            return _bound(principal.tenant, None)
        here = self._lasting(None, None)
        wanted = frozenset(permissions)
        within = principal.scope is None or all_covered(principal.scope, wanted)
        if not within or not all_covered(here.permissions, wanted):
            return denied("beyond_own_rights", "the role would grant what the caller does not hold everywhere")
        for role in inherited:
            decision = self._check_held(role, None, None)
            if not decision.allowed:
                return decision
        return ALLOWED

    def _is_self(self, holder: Holder) -> bool:
        """Whether it is the caller, or a group she is in; who acts in her name gives to herself just as well."""
        if holder.group is not None:
            return holder.group in self._groups
        return holder.subject in (self._principal.subject, *self._principal.actors)

    def _check_self(self, on: On | None) -> Decision:
        if self._principal.tenant not in (None, on):
            return _bound(self._principal.tenant, on)
        if self._permitted(ASSIGN_TO_SELF, on):
            return ALLOWED
        text = f"the caller would give something to herself, and does not hold {ASSIGN_TO_SELF}"
        return denied("beyond_own_rights", text, f"permission={ASSIGN_TO_SELF}")

    def _permitted(self, permission: str, on: On | None) -> bool:
        scope = self._principal.scope
        within = scope is None or any_covers(scope, permission)
        return within and any_covers(self._lasting(on, self._now).permissions, permission)

    def _check_reaches(self, on: On | None) -> Decision:
        """Whether the credential carries roles at a place at all, whatever they are."""
        principal = self._principal
        if principal.scope is not None and _EVERYTHING not in principal.scope:
            # It passes no guard that asks for a role, so it holds none that it could give, or give up.
            return denied("insufficient_scope", "the credential is narrowed to permissions, and carries no role")
        if principal.tenant is not None and principal.tenant != on:
            return _bound(principal.tenant, on)
        return ALLOWED

    def _check_held(self, role: str, on: On | None, until: Millis | None) -> Decision:
        decision = self._check_reaches(on)
        if not decision.allowed:
            return decision
        here = self._lasting(on, until)
        where = "everywhere" if on is None else f"on {encode_place(on)}"
        if role not in here.roles and _EVERYTHING not in here.permissions:
            text = f"the caller does not hold {role} {where}, or not for as long"
            return denied("beyond_own_rights", text, f"role={role}")
        if on is None or self._belongs(on, until) or any_covers(here.permissions, ASSIGN):
            return ALLOWED
        text = f"the caller neither belongs to {encode_place(on)} nor holds {ASSIGN} there, or not for as long"
        return denied("beyond_own_rights", text, f"permission={ASSIGN}")

    def _belongs(self, on: On, until: Millis | None) -> bool:
        """Whether the caller is a member of the organisation, or was given a role there, as ``Held.belongs``."""
        return encode_place(on) in self._groups or any(one.place == on for one in self._holdings_until(until))

    def _lasting(self, on: On | None, until: Millis | None) -> HeldAt:
        """What the caller holds at a place at least until an instant; None is for good."""
        holdings = self._holdings_until(until)
        return work_out(holdings, self._definitions, self._grants, version=0, now=self._now).at(on)

    def _holdings_until(self, until: Millis | None) -> list[Holding]:
        return [
            one
            for one in self._holdings
            if one.ends_at is None or (until is not None and one.ends_at > self._now and one.ends_at >= until)
        ]


def _bound(tenant: On, on: On | None) -> Decision:
    where = "everywhere" if on is None else f"on {encode_place(on)}"
    return denied("wrong_tenant", f"the credential is bound to {encode_place(tenant)}, and this is {where}")
