"""pycasbin: one question to an enforcer, with more and more policies; and its fast form."""

from collections.abc import Callable, Iterator
from pathlib import Path

import casbin

from benchmarks.case import Case
from benchmarks.workplace import Workplace

PACKAGE = "pycasbin"
_MODEL = """
[request_definition]
r = sub, obj, act

[policy_definition]
p = sub, obj, act

[role_definition]
g = _, _

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act
"""


def _question(enforcer: casbin.Enforcer) -> Callable[[], object]:
    def ask() -> None:
        assert enforcer.enforce("ada", "order", "read")

    return ask


def _model(place: Workplace) -> str:
    model = Path(place.folder, "casbin.conf")
    model.write_text(_MODEL)
    return str(model)


def _written(place: Workplace, name: str, lines: list[str]) -> str:
    # From a file: to add so many one by one takes it hours.
    policies = Path(place.folder, f"casbin-{name}.csv")
    policies.write_text("\n".join([*lines, "p, teller, order, read", "g, ada, teller"]))
    return str(policies)


def _policies(place: Workplace, many: int) -> str:
    lines = [f"p, role{number}, thing{number}, read" for number in range(many - 1)]
    return _written(place, f"policies-{many}", lines)


def with_policies(place: Workplace, many: int) -> Callable[[], object]:
    """The question with so many policies, of which the last is the one that allows."""
    return _question(casbin.Enforcer(_model(place), _policies(place, many)))


def with_assignments(place: Workplace, many: int) -> Callable[[], object]:
    """The question with one policy, and so many people who have a role."""
    lines = [f"g, user{number}, role{number % 100}" for number in range(many - 1)]
    return _question(casbin.Enforcer(_model(place), _written(place, f"assignments-{many}", lines)))


def cases(place: Workplace, *, quick: bool) -> Iterator[Case]:
    """The question with 10 policies and more, in both forms."""
    for many in (10, 1_000) if quick else (10, 1_000, 10_000, 100_000):
        fast = casbin.FastEnforcer(_model(place), _policies(place, many), cache_key_order=[1, 2])
        for name, ask in (("pycasbin", with_policies(place, many)), ("pycasbin, FastEnforcer", _question(fast))):
            yield Case(group="role or permission check", name=f"{name}, {many:,} policies", run=ask)
