"""Events of roles and groups: who was given what, where, until when, and by whom."""

from ostiary.kernel.clock import Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleAssigned(Event):
    """A role was given to the subject, or to a group; ``on`` None is everywhere, ``until`` None is for good.

    ``members`` is how many subjects are in the group, who all hold it from now on. ``by`` is the subject of whoever did it,
    or in whose name the application did; None outside of a request.
    """

    role: str
    on: str | None = None
    until: Millis | None = None
    group: str | None = None
    members: int | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRevoked(Event):
    """A role was taken from the subject, or from a group."""

    role: str
    on: str | None = None
    group: str | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleDefined(Event):
    """A role was defined in the database, or redefined: ``grants`` is what it grants from now on."""

    role: str
    grants: tuple[str, ...]
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleUndefined(Event):
    """The definition of a role was removed from the database."""

    role: str
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupCreated(Event):
    """A group was made, with no members and no roles."""

    group: str
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupDeleted(Event):
    """A group was removed, with its memberships and with the roles it held."""

    group: str
    members: int
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMemberAdded(Event):
    """The subject is in the group from now on, and holds what it holds."""

    group: str
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMemberRemoved(Event):
    """The subject is no longer in the group."""

    group: str
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationSwitched(Event):
    """A session acts at another place from now on; ``on`` None is at none in particular."""

    session: str
    on: str | None = None
