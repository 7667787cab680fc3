"""Drift: where code, database and guards disagree about roles, so that somebody holds less, or other, than was meant."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from ostiary.features.roles import store
from ostiary.features.roles.definitions import Definitions, Entries, is_permission_entry
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.errors import Problem
from ostiary.kernel.permission import any_covers
from ostiary.kernel.requirement import Requirement

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One disagreement about a role, with what an operator may do."""

    role: str
    problem: Problem

    def as_json(self) -> dict[str, Any]:
        """The facts for a JSON answer."""
        return {"code": self.problem.code, "role": self.role, "what": self.problem.what, "cure": self.problem.cure}


def find_drift(definitions: Definitions, connection: "Connection") -> tuple[Drift, ...]:
    """Where the database and the code disagree, by role."""
    in_database = store.read_definitions(connection)
    return (
        *_undefined(definitions, in_database, store.assigned_roles(connection)),
        *_of_the_database(definitions, in_database),
    )


def _undefined(definitions: Definitions, in_database: Entries, assigned: dict[str, int]) -> Iterator[Drift]:
    for role, count in assigned.items():
        if role not in definitions.in_code and role not in in_database:
            problem = Problem(
                code="role_of_nobody",
                what=f"the role {role!r} was given {count} times, and neither code nor database defines it: it grants nothing",
                cure=f"define it again, or take it away: ostiary roles who {role}",
            )
            yield Drift(role=role, problem=problem)


def _of_the_database(definitions: Definitions, in_database: Entries) -> Iterator[Drift]:
    for role in sorted(in_database):
        entries = in_database[role]
        for entry in sorted(entries):
            if not is_permission_entry(entry) and entry not in definitions.in_code and entry not in in_database:
                problem = Problem(
                    code="inherits_nothing",
                    what=f"the role {role!r} in the database inherits {entry!r}, which nothing defines",
                    cure=f"define it anew without that: ostiary roles define {role} …",
                )
                yield Drift(role=role, problem=problem)
        if role in definitions.in_code and definitions.in_code[role] != entries:
            problem = Problem(
                code="defined_twice",
                what=f"the role {role!r} is defined in the code and otherwise in the database; the code's counts",
                cure=f"remove the one in the database: ostiary roles undefine {role}",
            )
            yield Drift(role=role, problem=problem)


def never_met(definitions: Definitions, in_database: Entries, asked: Iterable[Requirement]) -> Iterator[Problem]:
    """What guards ask for and no role gives: a misspelt name refuses everybody, for ever, and looks like a right that is missing."""
    known = {*definitions.in_code, *in_database}
    granted = definitions.expand(known, in_database).permissions
    demands = tuple(asked)
    for role in sorted({name for one in demands if one.role is not None for name in one.role.names} - known):
        yield Problem(
            code="asks_for_no_role",
            what=f"a guard asks for the role {role!r}, and neither code nor database defines it",
            cure=_cure(role, known, f"define it: ostiary roles define {role} …"),
        )
    for permission in sorted({one.permission for one in demands if one.permission is not None}):
        if not any_covers(granted, permission):
            yield Problem(
                code="asks_for_no_permission",
                what=f"a guard asks for the permission {permission!r}, and no role grants it",
                cure=_cure(permission, granted, "grant it in a role"),
            )


def _cure(name: str, known: Iterable[str], otherwise: str) -> str:
    near = get_close_matches(name, sorted(known), n=1)
    return f"did you mean {near[0]!r}?" if near else otherwise
