"""What ``auth.roles`` does: give and take roles, and say who holds which of them, where and by what.

Every change raises the rights of everybody it concerns in its own transaction, so that the next request sees it, in
every process.
"""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, TypeAlias

from ostiary.features.roles import group_store, store
from ostiary.features.roles.change import Author, Change, Changes, refusal_of
from ostiary.features.roles.define import RoleDefinitions
from ostiary.features.roles.definitions import is_role_name
from ostiary.features.roles.events import RoleAssigned, RoleRevoked
from ostiary.features.roles.groups import GroupActions
from ostiary.features.roles.held import Held, HeldAt, work_out
from ostiary.features.roles.holder import (
    Assignment,
    Group,
    Holder,
    NoSuchGroup,
    Until,
    Who,
    end_of,
    holder_of,
    parse_group,
    place_text,
    places_of,
    subject_named,
)
from ostiary.features.roles.organisations import Organisations
from ostiary.kernel.clock import Millis
from ostiary.kernel.errors import FieldError, ValidationFailed
from ostiary.kernel.permission import all_covered
from ostiary.kernel.principal import On, Principal, encode_place
from ostiary.kernel.session_places import SessionPlaces
from ostiary.kernel.subject import Identified
from ostiary.storage.database import Transaction
from ostiary.storage.subjects import raise_rights

Assignments: TypeAlias = list[Assignment]
Subjects: TypeAlias = list[str]

if TYPE_CHECKING:
    from sqlalchemy import Connection

# What one answer may hold; whoever has more asks on from the last.
MOST_LISTED = 1000

# Whoever has no account yet: nobody whom there is, and so never the giver herself.
_SOMEBODY_NEW = Holder("subject", "")


class RoleActions(RoleDefinitions):
    """``auth.roles``."""

    __slots__ = ("_organisations", "groups")

    def __init__(self, changes: Changes, *, sessions: Callable[[], SessionPlaces | None]) -> None:
        super().__init__(changes)
        self.groups = GroupActions(changes)
        self._organisations = Organisations(changes, sessions)

    # --- changing -----------------------------------------------------------------------------------------

    def assign(
        self, who: Who, role: str, *, on: On | None = None, until: Until | None = None, by: str | None = None
    ) -> bool:
        """Give a role to an account, a subject or a ``Group``. False: it is held exactly so already.

        ``on``     where it holds, ``("org", "acme")``; None is everywhere
        ``until``  an aware instant or how long from now, ``"30d"``; None is for good
        ``by``     in whose name the application does this, if not in the caller's: ``"sign-up"``

        Inside a request nobody gives what she does not hold there herself, and for as long: ``BeyondOwnRights``. On a place
        she belongs there herself, besides, or holds ``role:assign`` there: whoever is given anything there belongs to it.
        To a group only who holds ``role:assign`` where it is, whether or not there is such a group; it is given to each
        of its members, ``groups.memberships`` says who put them there. Raises
        ``ValidationFailed`` for a role that nobody defines, and ``NoSuchGroup``.
        """
        holder, place = holder_of(who), place_text(on)
        with self._begin(by, holder) as change:
            ends_at = end_of(until, change.now)
            return self.assign_in(change, holder, role, on, place, ends_at)

    def assign_in(
        self, change: Change, holder: Holder, role: str, on: On | None, place: str, ends_at: Millis | None
    ) -> bool:
        """Give a role in a change that has begun."""
        self._require_defined(change.tx.connection, role)
        self._require_group(change, holder)
        change.require(lambda authority: authority.check_give(holder, role, on, ends_at))
        if not store.assign(change.tx, holder, role, place, ends_at=ends_at, now=change.now, by=change.by):
            return False
        self._raise(change, holder)
        # The group is locked: nobody comes in between this number and the commit.
        members = None if holder.group is None else group_store.count_members(change.tx.connection, holder.group)
        change.emit(
            RoleAssigned(
                at=change.now,
                subject=holder.subject,
                role=role,
                on=encode_place(on),
                until=ends_at,
                group=holder.group,
                members=members,
                by=change.by,
            )
        )
        return True

    def revoke(self, who: Who, role: str, *, on: On | None = None, by: str | None = None) -> bool:
        """Take a role from whoever was given it on exactly this place. False: she was not.

        Inside a request nobody takes what she does not hold there herself, except from herself: ``BeyondOwnRights``.
        """
        holder, place = holder_of(who), place_text(on)
        with self._begin(by, holder) as change:
            self._require_group(change, holder)
            change.require(lambda authority: authority.check_take(holder, role, on))
            if not (is_role_name(role) and store.revoke(change.tx, holder, role, place)):
                return False
            self._raise(change, holder)
            change.emit(
                RoleRevoked(
                    at=change.now,
                    subject=holder.subject,
                    role=role,
                    on=encode_place(on),
                    group=holder.group,
                    by=change.by,
                )
            )
            return True

    # --- organisations ------------------------------------------------------------------------------------

    def organisations(self, who: str | Identified) -> tuple[On, ...]:
        """The places somebody belongs to: organisations she is a member of, and places where she was given a role."""
        return self._organisations.of(subject_named(who))

    def switch(self, on: On | None) -> None:
        """Let the caller's session act at a place she belongs to, from its next request on; None is at none in particular.

        ``auth.principal.tenant`` is that place then, and guards elsewhere refuse the session. Raises ``NotAMember`` (404),
        and ``NoSession`` for any other credential.
        """
        place_text(on)
        self._organisations.switch(self._changes.caller(), on)

    # --- for an account that is being made, or closed ---------------------------------------------------------

    def author(self) -> Author:
        """In whose name a role would be given now. Before a transaction: it reads the credential of the request."""
        return self._changes.author(None)

    def begin_in(self, tx: Transaction, author: Author, subject: str) -> Change:
        """Begin to give a subject roles inside a transaction of somebody else's."""
        return self._changes.begin_in(tx, author, concerns=(subject,))

    def require_may_give(self, giver: Principal, roles: Iterable[str]) -> None:
        """Raise ``BeyondOwnRights`` for a role that somebody could not give now, everywhere and for good, to somebody new."""
        with self._changes.database.read() as connection:
            authority = self._changes.authority_of(giver, connection)
        for role in roles:
            decision = authority.check_give(_SOMEBODY_NEW, role, None, None)
            if not decision.allowed:
                raise refusal_of(decision)

    def require_roles(self, roles: Iterable[object], *, field: str) -> None:
        """Raise ``ValidationFailed``, about a field, for roles of which nobody defines one."""
        with self._changes.database.read() as connection:
            for role in roles:
                self._require_defined(connection, role, field=field)

    def forget(self, tx: Transaction, subject: str, *, now: Millis) -> None:
        """Take everything from a subject that is gone for good: its roles and its memberships.

        Before anything else in ``tx`` locks the subject: whoever has the lock of roles may be about to.
        """
        store.share_roles(tx)
        store.lock_rights(tx, {subject})
        taken = store.revoke_all(tx, Holder("subject", subject)) + group_store.leave_all(tx, subject)
        if taken:
            raise_rights(tx, subject, now=now)

    def _begin(self, by: str | None, holder: Holder) -> AbstractContextManager[Change]:
        concerns = () if holder.subject is None else (holder.subject,)
        return self._changes.begin(by, concerns=concerns, group=holder.group, members=True)

    def _raise(self, change: Change, holder: Holder) -> None:
        if holder.subject is not None:
            raise_rights(change.tx, holder.subject, now=change.now)
        else:
            group_store.raise_rights_of_members(change.tx, holder.name, now=change.now)

    def _require_defined(self, connection: "Connection", role: object, *, field: str = "role") -> None:
        definitions = self._changes.definitions
        if isinstance(role, str) and is_role_name(role):
            if role in definitions.in_code or store.is_defined(connection, role):
                return
            near = definitions.nearest(role, store.read_definitions(connection))
            if near is not None:
                raise refused(field, "unknown_role", f"There is no role {role!r}. Did you mean {near!r}?")
        raise refused(field, "unknown_role", f"There is no role {role!r}.")

    @staticmethod
    def _require_group(change: Change, holder: Holder) -> None:
        if holder.group is None:
            return
        place = parse_group(holder.group).place
        change.require(lambda authority: authority.check_group(place))
        if not change.group_exists:
            raise NoSuchGroup(detail=holder.name)

    # --- asking -------------------------------------------------------------------------------------------

    def of(self, who: Who, on: On | None = None) -> frozenset[str]:
        """The roles somebody holds on a place or everywhere, with all they inherit and those that everybody holds."""
        return self.held_at(who, on).roles

    def permissions_of(self, who: Who, on: On | None = None) -> frozenset[str]:
        """The permissions somebody holds on a place or everywhere, as they are written in her roles."""
        return self.held_at(who, on).permissions

    def held_at(self, who: Who, on: On | None = None) -> HeldAt:
        """What somebody holds on a place or everywhere."""
        place_text(on)
        if isinstance(who, Group):
            return self._held_by_group(who, on)
        return self.held(who).at(on)

    def held(self, who: str | Identified) -> Held:
        """Everything a subject holds now, by place."""
        with self._changes.database.read() as connection:
            rows = store.read_rows(connection, subject_named(who))
        found, now = store.read_lookup(rows), self._changes.clock.now()
        homes, version = places_of(found.groups), found.version
        return work_out(found.holdings, self._changes.definitions, found.grants, homes=homes, version=version, now=now)

    def scope_of(
        self, who: str | Identified, roles: Iterable[str], *, within: Iterable[str] | None = None
    ) -> frozenset[str]:
        """What a credential is narrowed to that is to carry only these roles of somebody; ``within`` narrows it further.

        A credential carries permissions and no role's name. Raises ``ValidationFailed`` for a role she does not hold
        everywhere, for roles that grant no permission, and for a permission beyond them.
        """
        if isinstance(roles, str):
            raise refused("roles", "text", f"Write a list: roles=[{roles!r}].")
        names = frozenset(roles)
        lacking = sorted(names - self.of(who))
        if lacking:
            raise refused("roles", "not_held", f"She does not hold {', '.join(lacking)} everywhere.")
        with self._changes.database.read() as connection:
            grants = store.read_definitions(connection)
        granted = self._changes.definitions.expand(names, grants).permissions
        if not granted:
            raise refused(
                "roles", "grants_nothing", "These roles grant no permission, and a credential carries nothing else."
            )
        if within is None:
            return granted
        wanted = frozenset({within} if isinstance(within, str) else within)
        if not all_covered(granted, wanted):
            raise refused("scope", "not_held", "The scope names a permission that these roles do not grant.")
        return wanted

    def _held_by_group(self, group: Group, on: On | None) -> HeldAt:
        holder, now = holder_of(group), self._changes.clock.now()
        with self._changes.database.read() as connection:
            given = store.find_assignments(connection, holder=holder, now=now)
            grants = store.read_definitions(connection)
        names = {one.role for one in given if one.on is None or one.on == on}
        expanded = self._changes.definitions.expand(names, grants)
        return HeldAt(expanded.roles, expanded.permissions)

    def members(
        self,
        role: str,
        on: On | None = None,
        *,
        everywhere: bool = True,
        after: str = "",
        limit: int = MOST_LISTED,
    ) -> Subjects:
        """The subjects who hold a role on a place or everywhere, in order: given it or one that inherits it, or in a group.

        Without ``everywhere`` only those who hold it on the place itself. At most ``limit`` of them; the next are those
        ``after`` the last. Who holds it as everybody does is not listed.
        """
        places = {"", place_text(on)} if everywhere else {place_text(on)}
        if not is_role_name(role):
            return []
        with self._changes.database.read() as connection:
            names = self._changes.definitions.heirs_of([role], store.read_definitions(connection))
            now = self._changes.clock.now()
            return store.holders_of(connection, names, places, now=now, after=after, limit=limit)

    def assignments(
        self, who: Who | None = None, *, role: str | None = None, on: On | None = None, limit: int = MOST_LISTED
    ) -> Assignments:
        """What was given and holds now: to somebody, of a role, on exactly this place; each of them that is said."""
        holder = None if who is None else holder_of(who)
        place = None if on is None else place_text(on)
        if role is not None and not is_role_name(role):
            return []
        with self._changes.database.read() as connection:
            return store.find_assignments(
                connection, holder=holder, role=role, place=place, now=self._changes.clock.now(), limit=limit
            )


def refused(field: str, code: str, text: str) -> ValidationFailed:
    """The refusal of one thing that was asked for."""
    return ValidationFailed(FieldError(field, code, text))
