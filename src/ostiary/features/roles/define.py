"""Defining roles in the database: beside those in the code, seen by every process at the next request."""

from collections.abc import Iterable
from typing import Any, Final, TypeAlias

from ostiary.features.roles import store
from ostiary.features.roles.change import Changes
from ostiary.features.roles.definitions import LONGEST_NAME, Origin, find_cycle, is_permission_entry, is_role_name
from ostiary.features.roles.drift import Drift, find_drift
from ostiary.features.roles.events import RoleDefined, RoleUndefined
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.errors import AuthError, FieldError, ValidationFailed
from ostiary.kernel.permission import is_permission_pattern

# A role with more is no role, and each is read whenever somebody's rights are.
_MOST_ENTRIES: Final = 256
_LONGEST_PERMISSION: Final = 128


class DefinedInCode(AuthError):
    """The role is defined in the code, and what the code says counts."""

    code = "defined_in_code"
    status = 409
    public_message = "This role is defined in the application's code, and can be changed only there."


class RoleInUse(AuthError):
    """The role is held, or inherited by another one."""

    code = "role_in_use"
    status = 409
    public_message = "This role is still held or inherited. Take it away first."


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role as it counts: what it grants by itself, all it comes to, where it is defined, whether everybody holds it."""

    name: str
    origin: Origin
    grants: tuple[str, ...]
    inherits: tuple[str, ...]
    permissions: tuple[str, ...]
    default: bool

    def as_json(self) -> dict[str, Any]:
        """The facts for a JSON answer."""
        return {
            "name": self.name,
            "origin": self.origin,
            "grants": list(self.grants),
            "inherits": list(self.inherits),
            "permissions": list(self.permissions),
            "default": self.default,
        }


RoleList: TypeAlias = list[Role]


class RoleDefinitions:
    """The part of ``auth.roles`` that is about roles themselves."""

    __slots__ = ("_changes",)

    def __init__(self, changes: Changes) -> None:
        self._changes = changes

    def list(self) -> RoleList:
        """Every role there is, of the code and of the database, in order."""
        definitions = self._changes.definitions
        with self._changes.database.read() as connection:
            in_database = store.read_definitions(connection)
        found: RoleList = []
        for name in sorted({*definitions.in_code, *in_database}):
            expanded = definitions.expand([name], in_database)
            in_code = name in definitions.in_code
            found.append(
                Role(
                    name=name,
                    origin="both" if in_code and name in in_database else "code" if in_code else "database",
                    grants=tuple(sorted(definitions.entries_of(name, in_database))),
                    inherits=tuple(sorted(expanded.roles - {name})),
                    permissions=tuple(sorted(expanded.permissions)),
                    default=name in definitions.default,
                )
            )
        return found

    def define(self, role: str, grants: Iterable[str], *, by: str | None = None) -> None:
        """Define a role in the database, or redefine it: permissions, and roles that it inherits.

        Raises ``DefinedInCode`` where the code defines it otherwise, and ``ValidationFailed`` for an unknown inherited
        role, a circle, and what is no permission. Inside a request nobody lets a role grant, or grant no longer,
        what she does not hold everywhere: ``BeyondOwnRights``.
        """
        entries = _parse(role, grants)
        in_code = self._changes.definitions.in_code
        if role in in_code:
            raise DefinedInCode(detail=role)
        with self._changes.begin(by, exclusive=True) as change:
            present = store.read_definitions(change.tx.connection)
            _, inherited = _parted(entries)
            for one in inherited:
                if one not in in_code and one not in present and one != role:
                    raise _wrong("unknown_role", f"There is no role {one!r} to inherit.")
            cycle = find_cycle({**present, **in_code, role: entries})
            if cycle:
                raise _wrong("role_cycle", f"Roles would inherit one another in a circle: {' -> '.join(cycle)}.")
            # What it granted before is taken from whoever holds it, as by ``undefine``.
            permissions, roles = _parted(entries | present.get(role, frozenset()))
            change.require(lambda authority: authority.check_define(permissions, roles))
            if present.get(role) == entries:
                return
            store.define(change.tx, role, entries, now=change.now, by=change.by)
            heirs = self._changes.definitions.heirs_of([role], present)
            store.raise_rights_of_holders(change.tx, heirs, now=change.now)
            change.emit(RoleDefined(at=change.now, role=role, grants=tuple(sorted(entries)), by=change.by))

    def undefine(self, role: str, *, by: str | None = None) -> bool:
        """Remove the definition of a role from the database. False: it has none.

        Raises ``RoleInUse`` as long as it is held or inherited, unless the code defines it as well. Inside a request
        nobody removes what she does not hold everywhere.
        """
        definitions = self._changes.definitions
        with self._changes.begin(by, exclusive=True) as change:
            present = store.read_definitions(change.tx.connection)
            if role not in present:
                return False
            permissions, roles = _parted(present[role])
            change.require(lambda authority: authority.check_define(permissions, roles))
            heirs = definitions.heirs_of([role], present)
            if role not in definitions.in_code:
                others = sorted(heirs - {role})
                held = store.find_assignments(change.tx.connection, role=role, now=change.now, limit=1)
                if others or held:
                    raise RoleInUse(detail=f"inherited by {', '.join(others)}" if others else "somebody holds it")
            store.undefine(change.tx, role)
            # Where the code defines it, nothing changes; except in processes of a version before it did.
            store.raise_rights_of_holders(change.tx, heirs, now=change.now)
            change.emit(RoleUndefined(at=change.now, role=role, by=change.by))
            return True

    def drift(self) -> tuple[Drift, ...]:
        """Where the database and the code disagree about roles; what ``ostiary check`` reports."""
        with self._changes.database.read() as connection:
            return find_drift(self._changes.definitions, connection)


def _parse(role: str, grants: Iterable[str]) -> frozenset[str]:
    if not is_role_name(role):
        text = f"A role is named in lower-case letters, digits, _ and -, at most {LONGEST_NAME} of them."
        raise ValidationFailed(FieldError("role", "not_a_role_name", text))
    if isinstance(grants, str):
        raise _wrong("text", "Give a list of permissions and roles: one text is a sequence of letters.")
    entries = list(grants)
    if len(entries) > _MOST_ENTRIES:
        raise _wrong("too_many", f"A role grants at most {_MOST_ENTRIES} things.")
    for entry in entries:
        if not isinstance(entry, str) or len(entry) > _LONGEST_PERMISSION:
            raise _wrong("not_a_permission", 'A permission is written "order:read" or "order:*".')
        if is_permission_entry(entry) and not is_permission_pattern(entry):
            raise _wrong("not_a_permission", f'{entry!r} is no permission: write "order:read" or "order:*".')
        if not is_permission_entry(entry) and not is_role_name(entry):
            raise _wrong("not_a_role_name", f"{entry!r} is neither a permission nor the name of a role.")
    return frozenset(entries)


def _parted(entries: frozenset[str]) -> tuple[frozenset[str], tuple[str, ...]]:
    """The permissions among entries, and the roles that are inherited, in order."""
    permissions = frozenset(entry for entry in entries if is_permission_entry(entry))
    return permissions, tuple(sorted(entries - permissions))


def _wrong(code: str, text: str) -> ValidationFailed:
    return ValidationFailed(FieldError("grants", code, text))
