"""``assert_policy_table``: a decision table in CSV, checked against the policies of an application.

    who,action,resource,on,answer,because
    visitor,read,article:1,,allow,
    ada,edit,article:2,,deny,locked
    bob,order:read,,org:acme,allow,

``who`` is a subject, a name that the test gives, or ``visitor``; ``resource`` a name that the test gives, or one that
``@auth.resource`` finds. Without a resource the action is a permission. ``because`` names the code of a denial, or is empty.
"""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from flask import Flask, current_app

from ostiary.features.policies import find_resource
from ostiary.flask.policies import policy_context
from ostiary.flask.state import EXTENSION, AppState
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.decision import Decision
from ostiary.kernel.errors import ValidationFailed, misconfigured
from ostiary.kernel.permission import is_permission
from ostiary.kernel.principal import ANONYMOUS, Principal, decode_place
from ostiary.kernel.requirement import Requirement

_COLUMNS: Final = ("who", "action", "resource", "on", "answer", "because")
_NEEDED: Final = frozenset({"who", "action", "answer"})
_VISITOR: Final = "visitor"


def assert_policy_table(
    table: str | Path,
    *,
    app: Flask | None = None,
    who: Mapping[str, Principal | str] | None = None,
    resources: Mapping[str, object] | None = None,
    complete: bool = True,
) -> None:
    """Check every row of a CSV file against the policies; raises ``AssertionError`` with all that differ, each explained.

    ``app``        the application; in its context it may be left out
    ``who``        names in the table and the principals they stand for
    ``resources``  names in the table and the resources they stand for
    ``complete``   every policy of a resource must be allowed by one row and denied by another
    """
    served = app if app is not None else current_app
    with served.app_context():
        state = served.extensions.get(EXTENSION)
        if not isinstance(state, AppState):
            what = f"assert_policy_table is given {served.name!r}, which has no Auth"
            raise misconfigured("no_init_app", what, "call auth.init_app(app) in the application factory")
        rows = list(_read(Path(table)))
        check = _Table(state, who or {}, resources or {})
        wrong = [difference for row in rows for difference in check.differences(row)]
        if complete:
            wrong += check.untried()
    if wrong:
        count = "1 row" if len(wrong) == 1 else f"{len(wrong)} rows"
        message = f"{count} of {table} differ:\n" + "\n".join(wrong)
        raise AssertionError(message)


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    who: str
    action: str
    resource: str
    on: str
    answer: str
    because: str

    def __str__(self) -> str:
        about = " ".join(word for word in (self.resource, self.on and f"on {self.on}") if word)
        return f"line {self.line}: {self.who} {self.action} {about}".rstrip()


def _read(path: Path) -> Iterator[_Row]:
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file, strict=True)
        columns = tuple(reader.fieldnames or ())
        if not _NEEDED <= set(columns) <= set(_COLUMNS):
            message = (
                f"{path} has the columns {columns}; the columns are {_COLUMNS}, of which {sorted(_NEEDED)} are needed"
            )
            raise AssertionError(message)
        found = False
        seen: dict[tuple[str, ...], int] = {}
        for one in reader:
            row = _row(path, reader.line_num, one)
            question = (row.who, row.action, row.resource, row.on)
            if question in seen:
                message = f"{path}, line {row.line}: the question of line {seen[question]} again"
                raise AssertionError(message)
            seen[question] = row.line
            found = True
            yield row
        if not found:
            # A table that says nothing would pass for ever.
            message = f"{path} has no rows"
            raise AssertionError(message)


def _row(path: Path, line: int, cells: Mapping[str | None, Any]) -> _Row:
    given = {name: (cells.get(name) or "").strip() for name in _COLUMNS}
    row = _Row(line=line, **given)
    if None in cells or row.answer not in ("allow", "deny") or (row.answer == "allow" and row.because):
        message = f"{path}, line {line}: answer is allow or deny, and because is the code of a denial: {dict(cells)}"
        raise AssertionError(message)
    return row


class _Table:
    """Asks the rows, and keeps what each policy answered."""

    def __init__(self, state: AppState, who: Mapping[str, Principal | str], resources: Mapping[str, object]) -> None:
        self._state = state
        self._who = who
        self._resources = resources
        self._answers: dict[tuple[type, str], set[bool]] = {}

    def differences(self, row: _Row) -> Iterator[str]:
        """What the table says otherwise than the policies."""
        try:
            decision = self._decide(row)
        except ValidationFailed as error:
            yield f"  {row}: {error.errors[0].message}"
            return
        wanted = row.answer == "allow"
        if decision.allowed is not wanted:
            yield f"  {row}: {row.answer} is wanted\n" + "\n".join(f"      {line}" for line in decision.lines())
        elif row.because and decision.code != row.because:
            yield f"  {row}: because of {row.because} is wanted, and it is {decision.code}"

    def _decide(self, row: _Row) -> Decision:
        principal = self._principal(row.who)
        if not row.resource:
            if not is_permission(row.action):
                message = f"{row}: an action needs a resource, and a permission is resource:action"
                raise AssertionError(message)
            return self._state.runtime.guard.decide(
                Requirement(permission=row.action), principal, decode_place(row.on or None)
            )
        if row.on:
            message = f"{row}: on says where a permission is held; a resource knows where it is"
            raise AssertionError(message)
        resource = (
            self._resources[row.resource]
            if row.resource in self._resources
            else find_resource(self._state.policies.finders, row.resource)
        )
        decision = self._state.policy_actions.decide(
            principal, row.action, resource, policy_context(self._state), full=True
        )
        type_ = resource if isinstance(resource, type) else type(resource)
        self._answers.setdefault((type_, row.action), set()).add(decision.allowed)
        return decision

    def _principal(self, name: str) -> Principal:
        given = self._who.get(name, ANONYMOUS if name in (_VISITOR, "") else name)
        return Principal(given) if isinstance(given, str) else given

    def untried(self) -> Iterator[str]:
        """The policies of resources that no row allows, or that none denies."""
        for policy in self._state.policy_actions.registry.all():
            type_, action = policy.declared.type, policy.declared.action
            if policy.declared.fields is not None or policy.scope is None:
                continue
            answers = {
                one
                for (asked, what), found in self._answers.items()
                for one in found
                if what == action and issubclass(asked, type_)
            }
            for missing in {True, False} - answers:
                word = "allows" if missing else "denies"
                yield f"  no row {word} {action} {type_.__name__}, so that side of its policy is not tried"
