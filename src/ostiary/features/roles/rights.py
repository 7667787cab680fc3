"""What a principal may do, as far as roles say so: asked at every guard, read once a version, remembered by the process.

The version grows with every change that concerns the subject, in the change's own transaction, and the credential's
own read brings the newest. So what is remembered is used only as long as nothing has changed, in whatever process.
"""

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from ostiary.features.roles import store
from ostiary.features.roles.definitions import Definitions
from ostiary.features.roles.held import NOTHING, Held, HeldAt, work_out
from ostiary.features.roles.holder import places_of
from ostiary.kernel.clock import Clock, Millis
from ostiary.kernel.principal import UNKNOWN_RIGHTS, On, Principal
from ostiary.kernel.requirement import Place

if TYPE_CHECKING:
    from ostiary.storage.guard_reads import GuardReads

MOST_REMEMBERED: Final = 10_000
"""Subjects. A few kilobytes each at most; beyond it, who was read longest ago is read again."""


class RoleRights:
    """The ``Rights`` of an application with roles. For many threads."""

    __slots__ = ("_capacity", "_clock", "_definitions", "_known", "_lock", "_lookup", "_reads")

    def __init__(
        self, definitions: Definitions, reads: "GuardReads", clock: Clock, *, capacity: int = MOST_REMEMBERED
    ) -> None:
        self._definitions = definitions
        self._reads = reads
        self._clock = clock
        self._capacity = capacity
        self._lookup = reads.compile(store.lookup())
        self._known: OrderedDict[str, Held] = OrderedDict()
        self._lock = threading.Lock()

    def permissions(self, principal: Principal, on: Place) -> frozenset[str]:
        """The permission patterns the principal holds on the place or everywhere."""
        return self._at(principal, on).permissions

    def roles(self, principal: Principal, on: Place) -> frozenset[str]:
        """The roles the principal holds on the place or everywhere, with all that they inherit."""
        return self._at(principal, on).roles

    def places(
        self, principal: Principal, kind: str, *, role: str | None = None, permission: str | None = None
    ) -> frozenset[str] | None:
        """The names of the places of a kind where the principal holds it; None means everywhere."""
        if not principal:
            return frozenset()
        found = self.held(principal).places_of(kind, role=role, permission=permission)
        tenant = principal.tenant
        if tenant is None:
            return found
        # Bound to one place: what is held everywhere is held there, and nowhere else.
        here = tenant[0] == kind and (found is None or tenant[1] in found)
        return frozenset({tenant[1]}) if here else frozenset()

    def belongs(self, principal: Principal, place: On) -> bool:
        """Whether the subject is a member of the organisation, or was given a role there."""
        return bool(principal) and self.held(principal).belongs(place)

    def held(self, principal: Principal) -> Held:
        """Everything the subject of a principal holds now. Raises ``Unavailable`` when it has to be read and cannot."""
        version, subject, now = principal.rights_version, principal.subject, self._clock.now()
        if version != UNKNOWN_RIGHTS:
            known = self._known.get(subject)
            if known is not None and known.version >= version and now < known.until:
                return known
        return self._read(subject, now)

    def _at(self, principal: Principal, on: Place) -> HeldAt:
        if not principal:
            return NOTHING
        if principal.tenant is not None and principal.tenant != on:
            return NOTHING
        return self.held(principal).at(on)

    def _read(self, subject: str, now: Millis) -> Held:
        rows = self._reads.fetch_all(self._lookup, (subject,))
        found = store.read_lookup(rows)
        homes, version = places_of(found.groups), found.version
        held = work_out(found.holdings, self._definitions, found.grants, homes=homes, version=version, now=now)
        with self._lock:
            known = self._known.get(subject)
            # Another thread may have read later, and have been faster.
            if known is None or known.version <= version:
                self._known[subject] = held
                self._known.move_to_end(subject)
            if len(self._known) > self._capacity:
                self._known.popitem(last=False)
        return held
