"""Drift: where the database and the code disagree about roles, so that somebody holds less, or other, than was meant."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ostiary.features.roles import store
from ostiary.features.roles.definitions import Definitions, is_permission_entry

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One disagreement. ``what`` says it in a sentence, ``cure`` what an operator may do."""

    code: Literal["role_of_nobody", "inherits_nothing", "defined_twice"]
    role: str
    what: str
    cure: str

    def as_json(self) -> dict[str, Any]:
        """The facts for a JSON answer."""
        return {"code": self.code, "role": self.role, "what": self.what, "cure": self.cure}


def find_drift(definitions: Definitions, connection: "Connection") -> tuple[Drift, ...]:
    """Every disagreement, by role."""
    in_database = store.read_definitions(connection)
    known = {*definitions.in_code, *in_database}
    found: list[Drift] = []
    for role, count in store.assigned_roles(connection).items():
        if role not in known:
            found.append(
                Drift(
                    code="role_of_nobody",
                    role=role,
                    what=f"the role {role!r} was given {count} times, and neither code nor database defines it: it grants "
                    "nothing",
                    cure=f"define it again, or take it away: ostiary roles who {role}",
                )
            )
    for role in sorted(in_database):
        entries = in_database[role]
        lost = sorted(entry for entry in entries if not is_permission_entry(entry) and entry not in known)
        found += [
            Drift(
                code="inherits_nothing",
                role=role,
                what=f"the role {role!r} in the database inherits {entry!r}, which nothing defines",
                cure=f"define it anew without that: ostiary roles define {role} …",
            )
            for entry in lost
        ]
        if role in definitions.in_code and definitions.in_code[role] != entries:
            found.append(
                Drift(
                    code="defined_twice",
                    role=role,
                    what=f"the role {role!r} is defined in the code and otherwise in the database; the code's counts",
                    cure=f"remove the one in the database: ostiary roles undefine {role}",
                )
            )
    return tuple(found)
