"""Roles: permissions with a name, given to accounts, subjects and groups, everywhere or at a place, for good or for a time.

settings.py      the roles of the code, and those that everybody holds
definitions.py   what a role grants and inherits; what can be wrong with it
define.py        roles in the database
drift.py         where the two disagree
holder.py        who holds: a subject, a group; where and until when
held.py          what somebody holds, worked out
rights.py        what a guard asks: remembered until anything changes
authority.py     nobody gives what she does not hold
change.py        in whose name, under which locks
actions.py       ``auth.roles``
organisations.py where a session acts
groups.py        ``auth.roles.groups``: groups and organisations
new_account.py   the roles of a new account
http.py, group_http.py  the addresses
events.py        what is told
store.py         the tables and their statements; group_store.py, those of groups and their members
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ostiary.features.roles.authority import ASSIGN, ASSIGN_TO_SELF, DEFINE, READ
from ostiary.features.roles.events import (
    GroupCreated,
    GroupDeleted,
    GroupMemberAdded,
    GroupMemberRemoved,
    OrganisationSwitched,
    RoleAssigned,
    RoleDefined,
    RoleRevoked,
    RoleUndefined,
)
from ostiary.features.roles.holder import Assignment, BeyondOwnRights, Group, Membership, NoSuchGroup
from ostiary.features.roles.settings import RolesSettings
from ostiary.kernel.caller import CallerSource
from ostiary.kernel.clock import Clock
from ostiary.kernel.errors import Problem
from ostiary.kernel.event_bus import EventBus
from ostiary.kernel.feature import Feature, feature
from ostiary.kernel.resources import Resources
from ostiary.kernel.session_places import SessionPlaces
from ostiary.web.contribution import Contribution
from ostiary.web.section import Section

if TYPE_CHECKING:
    from ostiary.features.roles.actions import RoleActions
    from ostiary.features.roles.new_account import RolesPart

__all__ = [
    "ASSIGN",
    "ASSIGN_TO_SELF",
    "DEFINE",
    "READ",
    "Assignment",
    "BeyondOwnRights",
    "Group",
    "GroupCreated",
    "GroupDeleted",
    "GroupMemberAdded",
    "GroupMemberRemoved",
    "Membership",
    "NoSuchGroup",
    "OrganisationSwitched",
    "RoleActions",
    "RoleAssigned",
    "RoleDefined",
    "RoleRevoked",
    "RoleUndefined",
    "Roles",
    "RolesPart",
]


def __getattr__(name: str) -> Any:  # public names that bring SQLAlchemy
    if name == "RoleActions":
        from ostiary.features.roles.actions import RoleActions

        return RoleActions
    if name == "RolesPart":
        from ostiary.features.roles.new_account import RolesPart

        return RolesPart
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


@feature
class Roles(RolesSettings):
    """Roles and permissions: ``Roles({"admin": ["reader", "user:*"], "reader": ["report:read"]}, default=["reader"])``."""

    name: ClassVar[str] = "roles"
    requires: ClassVar[tuple[str, ...]] = ("audit_log",)

    def stores(self) -> bool:
        """Who holds what is a row."""
        return True

    def problems(self) -> Iterable[Problem]:
        """What is wrong with these settings."""
        yield from self.setting_problems()

    def routes(self, on: Mapping[str, Feature]) -> tuple[object, ...]:
        """Who holds what, for administrators; and where sessions are, the organisation a session acts at."""
        from ostiary.features.roles import group_http, http  # SQLAlchemy only where it is used

        found = (*http.ROUTES, *group_http.ROUTES)
        return (*found, *group_http.SESSION_ROUTES) if "sessions" in on else found

    def expiring(self) -> tuple[object, ...]:
        """Assignments that have ended."""
        from ostiary.features.roles.store import role_assignments  # SQLAlchemy only where it is used
        from ostiary.storage.prune import Expiring

        return (Expiring(table=role_assignments, column="ends_at"),)

    def contribute(self, resources: Resources) -> Contribution:
        """``auth.roles``, and the rights that every guard asks."""
        from ostiary.features.roles.actions import RoleActions  # SQLAlchemy only where it is used
        from ostiary.features.roles.change import Changes
        from ostiary.features.roles.definitions import Definitions
        from ostiary.features.roles.group_http import organisation_facts
        from ostiary.features.roles.rights import RoleRights
        from ostiary.storage.database import Database
        from ostiary.storage.guard_reads import GuardReads

        definitions = Definitions(self.roles, self.default)
        clock = resources[Clock]  # type: ignore[type-abstract] # found by the protocol it fulfils
        changes = Changes(
            database=resources[Database],
            bus=resources[EventBus],
            clock=clock,
            caller=resources[CallerSource],  # type: ignore[type-abstract]
            definitions=definitions,
        )
        rights = RoleRights(definitions, resources[GuardReads], clock)
        # Asked for when it is used: sessions may be built after this, or not be on.
        actions = RoleActions(changes, sessions=lambda: resources.find(SessionPlaces))  # type: ignore[type-abstract]
        section = Section(name="organisations", template="roles/section.html", place=50, facts=organisation_facts)
        return Contribution(actions=actions, rights=rights, sections=(section,))
