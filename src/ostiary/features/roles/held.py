"""What a subject holds: her roles with where and how long, worked out into roles and permissions for each place. Pure."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from ostiary.features.roles.definitions import Definitions, Entries
from ostiary.kernel.clock import HOUR, Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.permission import any_covers
from ostiary.kernel.principal import On, decode_place

LONGEST_REMEMBERED: Final[Millis] = HOUR
"""How long what somebody holds is remembered at most. Shorter than the log of revocations remembers a change of rights
(a day and an hour): a verifier that has forgotten the change must have forgotten what was before it as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One role that is held: by the subject herself, or by a group she is in. ``ends_at`` None is for good."""

    role: str
    place: On | None
    ends_at: Millis | None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class HeldAt:
    """What is held at one place, with what is held everywhere."""

    roles: frozenset[str]
    permissions: frozenset[str]


NOTHING: Final = HeldAt(frozenset(), frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Everything a subject holds, as it was when her rights had this version, until an instant."""

    version: int
    until: Millis
    everywhere: HeldAt
    places: Mapping[On, HeldAt]
    homes: frozenset[On] = frozenset()
    """The organisations she is a member of."""

    def at(self, place: On | None) -> HeldAt:
        """What is held at a place; None is everywhere."""
        return self.everywhere if place is None else self.places.get(place, self.everywhere)

    def belongs(self, place: On) -> bool:
        """Whether she is a member of the organisation, or was given a role there, also one that everybody holds."""
        return place in self.homes or place in self.places

    def places_of(self, kind: str, *, role: str | None = None, permission: str | None = None) -> frozenset[str] | None:
        """The names of the places of a kind where all that is asked for is held; None if it is held everywhere."""

        def holds(here: HeldAt) -> bool:
            if role is not None and role not in here.roles:
                return False
            return permission is None or any_covers(here.permissions, permission)

        if holds(self.everywhere):
            return None
        return frozenset(place[1] for place, here in self.places.items() if place[0] == kind and holds(here))


def work_out(
    holdings: Iterable[Holding],
    definitions: Definitions,
    in_database: Entries,
    *,
    homes: Iterable[On] = (),
    version: int,
    now: Millis,
) -> Held:
    """What these holdings come to now, with the roles that everybody holds."""
    at_places: dict[On | None, set[str]] = {None: set(definitions.default)}
    until = now + LONGEST_REMEMBERED
    for one in holdings:
        if one.ends_at is not None:
            if one.ends_at <= now:
                continue
            until = min(until, one.ends_at)
        at_places.setdefault(one.place, set()).add(one.role)
    roles_everywhere = at_places.pop(None)

    def expand(roles: set[str]) -> HeldAt:
        expanded = definitions.expand(roles, in_database)
        return HeldAt(expanded.roles, expanded.permissions)

    return Held(
        version=version,
        until=until,
        everywhere=expand(roles_everywhere),
        places=MappingProxyType(
            {place: expand(roles | roles_everywhere) for place, roles in at_places.items() if place is not None}
        ),
        homes=frozenset(homes),
    )


def holding_of(role: str, place: str, ends_at: Millis, group: str = "") -> Holding:
    """A holding as the database says it: no place is everywhere, no end is 0, no group is the subject herself."""
    return Holding(role=role, place=decode_place(place or None), ends_at=ends_at or None, group=group or None)
