"""Definitions of roles: what each role grants, which roles it inherits, where that is written, and what is wrong with it.

An entry with a colon or a star is a permission, any other is the name of an inherited role. A role that is
written in the code is what the code says, whatever the database says: what is deployed was reviewed.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, cast

from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.errors import Problem
from ostiary.kernel.permission import is_permission_pattern

Origin: TypeAlias = Literal["code", "database", "both"]
"""Where a role is defined. ``both``: the code's definition is the one that counts."""

Entries: TypeAlias = Mapping[str, frozenset[str]]
"""Role → what it grants: permissions and the names of inherited roles."""

LONGEST_NAME: Final = 64
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]*", re.ASCII)


def is_role_name(text: object) -> bool:
    """Whether this can be the name of a role. Names are compared as they are: no case, no spaces, no lookalikes."""
    return isinstance(text, str) and len(text) <= LONGEST_NAME and _NAME.fullmatch(text) is not None


def is_permission_entry(entry: str) -> bool:
    """Whether an entry of a role means a permission, and not an inherited role."""
    return ":" in entry or "*" in entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Expanded:
    """What some roles come to: themselves with all they inherit, and every permission of any of them."""

    roles: frozenset[str]
    permissions: frozenset[str]


class Definitions:
    """The roles that are written in the code, and those that everybody holds who is signed in."""

    __slots__ = ("default", "in_code")

    def __init__(self, roles: Mapping[str, Iterable[str]], default: Iterable[str]) -> None:
        self.in_code: Entries = MappingProxyType({name: frozenset(entries) for name, entries in roles.items()})
        self.default = frozenset(default)

    def expand(self, names: Iterable[str], in_database: Entries) -> Expanded:
        """Everything these roles come to. A name that nobody defines is held, and grants nothing.

        A cycle, which no verb lets in, ends where it began.
        """
        seen: set[str] = set()
        permissions: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            for entry in self.entries_of(name, in_database):
                if is_permission_entry(entry):
                    permissions.add(entry)
                else:
                    waiting.append(entry)
        return Expanded(roles=frozenset(seen), permissions=frozenset(permissions))

    def entries_of(self, name: str, in_database: Entries) -> frozenset[str]:
        """What one role grants by itself; the code's word, where it has one."""
        found = self.in_code.get(name)
        return in_database.get(name, frozenset()) if found is None else found

    def heirs_of(self, names: Iterable[str], in_database: Entries) -> frozenset[str]:
        """These roles, and every role that inherits one of them, directly or not."""
        inherited_by: dict[str, list[str]] = {}
        for name, entries in {**in_database, **self.in_code}.items():
            for entry in entries:
                inherited_by.setdefault(entry, []).append(name)
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += inherited_by.get(name, ())
        return frozenset(found)

    def nearest(self, name: str, further: Iterable[str] = ()) -> str | None:
        """The defined name that is most like a mistyped one."""
        near = get_close_matches(name, sorted({*self.in_code, *further}), n=1)
        return near[0] if near else None


def find_cycle(entries: Entries) -> tuple[str, ...]:
    """The names of roles that inherit one another in a circle, each from the next; empty if there is none."""
    inherited = {
        name: sorted(entry for entry in granted if not is_permission_entry(entry)) for name, granted in entries.items()
    }
    try:
        TopologicalSorter(inherited).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        return tuple(reversed(circle))
    return ()


def definition_problems(roles: Mapping[str, Iterable[str]], default: Iterable[str]) -> Iterator[Problem]:
    """What is wrong with the roles that are written in the code, each with its cure."""
    graph: dict[str, frozenset[str]] = {}
    for name, entries in roles.items():
        yield from _name_problems(name)
        if isinstance(entries, str) or not isinstance(entries, Collection):
            cure = f"write a list: {name!r}: {entries.split() if isinstance(entries, str) else []!r}"
            yield Problem(code="role_is_no_list", what=f"Roles gives {name!r} {entries!r}, which is no list", cure=cure)
            continue
        for entry in entries:
            yield from _entry_problems(name, entry, roles)
        graph[name] = frozenset(entry for entry in entries if isinstance(cast("object", entry), str))
    if isinstance(default, str):
        what = f"Roles(default={default!r}) is text, which is a sequence of letters"
        yield Problem(code="role_is_no_list", what=what, cure=f"write a list: default=[{default!r}]")
        return
    for name in default:
        if name not in roles:
            what = f"Roles(default=[{name!r}]) names a role that the code does not define"
            yield Problem(code="unknown_role", what=what, cure=_cure_for(name, roles))
    cycle = find_cycle(graph)
    if cycle:
        yield Problem(
            code="role_cycle",
            what=f"roles inherit one another in a circle: {' -> '.join(cycle)}",
            cure="take one of these entries out",
        )


def _name_problems(name: object) -> Iterator[Problem]:
    if not is_role_name(name):
        yield Problem(
            code="not_a_role_name",
            what=f"Roles defines {name!r}, which is no name of a role",
            cure=f"lower-case letters, digits, _ and -, beginning with a letter, at most {LONGEST_NAME} of them",
        )


def _entry_problems(name: str, entry: object, roles: Mapping[str, object]) -> Iterator[Problem]:
    where = f"the role {name!r} has the entry {entry!r}"
    if not isinstance(entry, str):
        yield Problem(code="not_an_entry", what=where, cure="a permission or a role is text")
    elif is_permission_entry(entry):
        if not is_permission_pattern(entry):
            cure = 'a permission is resource:action in lower case, as in "order:read" or "order:*"'
            yield Problem(code="not_a_permission", what=where, cure=cure)
    elif entry not in roles:
        yield Problem(code="unknown_role", what=f"{where}, and no role is called so", cure=_cure_for(entry, roles))


def _cure_for(name: object, roles: Mapping[str, object]) -> str:
    near = get_close_matches(str(name), [str(one) for one in roles], n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return 'define it, or write a permission with a colon, as in "order:read"'
