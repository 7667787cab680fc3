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


def cases(place: Workplace, *, quick: bool) -> Iterator[Case]:
    """The question with 10 policies and more, of which the last is the one that allows."""
    model = Path(place.folder, "casbin.conf")
    model.write_text(_MODEL)
    for many in (10, 1_000) if quick else (10, 1_000, 10_000, 100_000):
        # From a file: to add so many one by one takes it hours.
        policies = Path(place.folder, f"casbin-{many}.csv")
        lines = [f"p, role{number}, thing{number}, read" for number in range(many - 1)]
        policies.write_text("\n".join([*lines, "p, teller, order, read", "g, ada, teller"]))
        for name, enforcer in (
            ("pycasbin", casbin.Enforcer(str(model), str(policies))),
            ("pycasbin, FastEnforcer", casbin.FastEnforcer(str(model), str(policies), cache_key_order=[1, 2])),
        ):
            yield Case(
                group="role or permission check, microseconds",
                name=f"{name}, {many:,} policies",
                run=_question(enforcer),
                base=None,
            )
