"""Growth of role assignments: what a guard asks, what is read anew after a change, and giving a role."""

from collections.abc import Callable, Sequence
from typing import Final

from benchmarks.growth.databases import Filled, databases, filled
from benchmarks.growth.fill import EACH, fill_role_assignments
from benchmarks.growth.line import FLAT, Growing, Subject
from benchmarks.workplace import Workplace
from ostiary import Roles, Sessions
from ostiary.features.roles import RoleActions
from ostiary.features.roles.rights import RoleRights
from ostiary.kernel.feature import Feature
from ostiary.kernel.permission import any_covers
from ostiary.kernel.principal import UNKNOWN_RIGHTS, Principal
from ostiary.kernel.requirement import Rights

ROLES: Final = {"owner": ["editor", "member:*"], "editor": ["article:*"], "reader": ["article:read"]}
_ACME: Final = ("org", "acme")
_FROM_MEMORY: Final = "a guard's question"


def subject(place: Workplace, sizes: Sequence[int], peers: Sequence[int]) -> Subject:
    """The three questions, with so many assignments; and pycasbin's, as far as it loads in time."""
    things: list[Growing] = []
    for where in databases(place):
        runs: dict[str, dict[int, Callable[[], object]]] = {}
        for size in sizes:
            features: list[Feature] = [Sessions(), Roles(ROLES, default=["reader"])]
            made = filled(place, f"roles-{size}", where, features, fill_role_assignments, size)
            for what, ask in questions(made, size).items():
                runs.setdefault(what, {})[size] = ask
        for what, asks in runs.items():
            name = f"Ostiary, {what} ({where.said})"
            by_wall = where.server and what != _FROM_MEMORY
            things.append(Growing(name=name, runs=asks, ours=True, by_wall=by_wall, aim=FLAT))
    if peers:
        from benchmarks.peers import pycasbin  # only where it is measured

        for grows, make in (("assignments", pycasbin.with_assignments), ("policies", pycasbin.with_policies)):
            asked = {size: make(place, size) for size in peers}
            things.append(Growing(name=f"pycasbin, a question, so many {grows}", runs=asked))
    return Subject(
        plot="growth-roles",
        title="Roles, as assignments grow",
        about="Microseconds of CPU; on PostgreSQL microseconds that pass. A guard asks memory, whatever the database.",
        x="role assignments, or policies of pycasbin",
        y="microseconds",
        things=things,
    )


def questions(made: Filled, size: int) -> dict[str, Callable[[], object]]:
    """What is asked, each of somebody in the middle of the table."""
    roles, rights = _roles(made)
    middle = f"subject-{size // EACH // 2}"
    known = Principal(middle, rights_version=roles.held(middle).version)
    unknown = Principal(middle, rights_version=UNKNOWN_RIGHTS)
    turn = iter(range(10**9))

    def give() -> None:
        roles.assign(f"new-{next(turn)}", "editor", on=_ACME)

    def ask() -> None:
        assert any_covers(rights.permissions(known, _ACME), "article:read")

    return {
        _FROM_MEMORY: ask,
        "rights read anew": lambda: rights.permissions(unknown, _ACME),
        "giving a role": give,
    }


def _roles(made: Filled) -> tuple[RoleActions, RoleRights]:
    rights = made.runtime.resources[Rights]  # type: ignore[type-abstract] # found by the protocol it fulfils
    assert isinstance(rights, RoleRights)
    return made.runtime.action("roles", RoleActions), rights
