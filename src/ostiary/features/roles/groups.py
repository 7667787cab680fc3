"""Groups: subjects who hold roles together; an organisation is a group that is also a place. Groups have no groups."""

from collections.abc import Callable
from typing import TypeAlias

from ostiary.features.roles import group_store, store
from ostiary.features.roles.authority import Authority
from ostiary.features.roles.change import Change, Changes
from ostiary.features.roles.events import GroupCreated, GroupDeleted, GroupMemberAdded, GroupMemberRemoved, RoleRevoked
from ostiary.features.roles.holder import (
    Assignment,
    Group,
    Holder,
    Membership,
    NoSuchGroup,
    PlaceInUse,
    parse_group,
    place_text,
    subject_named,
)
from ostiary.kernel.decision import Decision
from ostiary.kernel.principal import On
from ostiary.kernel.subject import Identified
from ostiary.storage.subjects import raise_rights

MemberCounts: TypeAlias = list[tuple[Group, int]]
GroupList: TypeAlias = list[Group]
Subjects: TypeAlias = list[str]
Memberships: TypeAlias = list[Membership]
Assignments: TypeAlias = list[Assignment]

_MOST_LISTED = 1000


class GroupActions:
    """``auth.roles.groups``. Every group is a ``Group``: ``Group("sales")``, ``Group(("org", "acme"))``."""

    __slots__ = ("_changes",)

    def __init__(self, changes: Changes) -> None:
        self._changes = changes

    def create(self, group: Group, *, by: str | None = None) -> bool:
        """Make a group with no members and no roles. False: it is there already.

        Raises ``PlaceInUse`` for an organisation whose place somebody holds a role on: whoever held something there before
        it existed would hold it in an organisation of others.
        """
        organisation = group.place is not None
        with self._changes.begin(by, exclusive=organisation) as change:
            if not group_store.create_group(change.tx, group.text, now=change.now, by=change.by):
                return False
            given = store.roles_given_at(change.tx.connection, group.text, now=change.now) if organisation else []
            if given:
                raise PlaceInUse(detail=f"somebody holds {', '.join(given)} on {group.text}")
            change.emit(GroupCreated(at=change.now, group=group.text, by=change.by))
            return True

    def delete(self, group: Group, *, by: str | None = None) -> None:
        """Remove a group: its members lose what it holds. Raises ``NoSuchGroup``.

        With an organisation goes whatever anybody was given on its place, so that nobody holds anything at the next of this
        name. Inside a request nobody takes what she does not hold herself.
        """
        organisation = group.place is not None
        with self._changes.begin(by, group=group.text, members=True, exclusive=organisation) as change:
            self._require(change, group, lambda authority, held: authority.check_delete_group(group.place, held))
            if group.place is not None:
                self._clear_place(change, group.place)
            group_store.raise_rights_of_members(change.tx, group.text, now=change.now)
            store.revoke_all(change.tx, Holder("group", group.text))
            members = group_store.delete_group(change.tx, group.text)
            change.emit(GroupDeleted(at=change.now, group=group.text, members=members, by=change.by))

    def add(self, group: Group, who: str | Identified, *, by: str | None = None) -> bool:
        """Put somebody into a group: she holds what it holds. False: she is in it. Raises ``NoSuchGroup``.

        Inside a request only who holds ``role:assign`` where the group is, since its members hold what it is given later.
        And it is giving her each of its roles: nobody gives what she does not hold herself, and to herself only with
        ``role:assign-self``, also where the group holds nothing.
        """
        subject = subject_named(who)
        with self._changes.begin(by, concerns=(subject,), group=group.text) as change:
            self._require(change, group, lambda authority, held: authority.check_add_member(subject, group.place, held))
            if not group_store.add_member(change.tx, group.text, subject, now=change.now, by=change.by):
                return False
            raise_rights(change.tx, subject, now=change.now)
            change.emit(GroupMemberAdded(at=change.now, subject=subject, group=group.text, by=change.by))
            return True

    def remove(self, group: Group, who: str | Identified, *, by: str | None = None) -> bool:
        """Take somebody out of a group. False: she was not in it. Raises ``NoSuchGroup``.

        Inside a request only who could put her in; she herself may always leave.
        """
        subject = subject_named(who)
        with self._changes.begin(by, concerns=(subject,), group=group.text) as change:
            self._require(
                change, group, lambda authority, held: authority.check_remove_member(subject, group.place, held)
            )
            if not group_store.remove_member(change.tx, group.text, subject):
                return False
            raise_rights(change.tx, subject, now=change.now)
            change.emit(GroupMemberRemoved(at=change.now, subject=subject, group=group.text, by=change.by))
            return True

    def exists(self, group: Group) -> bool:
        """Whether there is such a group."""
        with self._changes.database.read() as connection:
            return group_store.group_exists(connection, group.text)

    def list(self, *, after: str = "", limit: int = _MOST_LISTED) -> MemberCounts:
        """The groups there are and how many members each has, in the order of their text, those ``after`` one."""
        with self._changes.database.read() as connection:
            found = group_store.all_groups(connection, after=after, limit=limit)
        return [(parse_group(name), members) for name, members in found]

    def of(self, who: str | Identified) -> GroupList:
        """The groups somebody is in, in the order of their text."""
        with self._changes.database.read() as connection:
            return [parse_group(name) for name in group_store.groups_of(connection, subject_named(who))]

    def members(self, group: Group, *, after: str = "", limit: int = _MOST_LISTED) -> Subjects:
        """The members of a group, in order, those ``after`` one; at most ``limit`` of them."""
        return [one.subject for one in self.memberships(group, after=after, limit=limit)]

    def memberships(self, group: Group, *, after: str = "", limit: int = _MOST_LISTED) -> Memberships:
        """The same with since when each is in it, and who put her there: worth a look before the group is given a role."""
        with self._changes.database.read() as connection:
            return group_store.members_of(connection, group.text, after=after, limit=limit)

    def _clear_place(self, change: Change, place: On) -> None:
        """Take whatever anybody was given on the place of an organisation that is removed."""
        text = place_text(place)
        roles = store.roles_given_at(change.tx.connection, text, now=change.now)
        change.require(lambda authority: authority.check_clear(roles, place))
        store.raise_rights_at(change.tx, text, now=change.now)
        for one in store.revoke_all_at(change.tx, text):
            change.emit(
                RoleRevoked(at=change.now, subject=one.subject, role=one.role, on=text, group=one.group, by=change.by)
            )

    @staticmethod
    def _require(change: Change, group: Group, ask: Callable[[Authority, Assignments], Decision]) -> None:
        """Refuse what the author may not do to a group that holds what it holds, and then what is not there.

        In this order: who may not look after groups there does not learn which there are.
        """
        held = store.find_assignments(change.tx.connection, holder=Holder("group", group.text), now=change.now)
        change.require(lambda authority: ask(authority, held))
        if not change.group_exists:
            raise NoSuchGroup(detail=group.text)
