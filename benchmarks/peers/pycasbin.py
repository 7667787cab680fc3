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
        policies = [[f"role{number}", f"thing{number}", "read"] for number in range(many - 1)]
        for name, enforcer in (
            ("pycasbin", casbin.Enforcer(str(model))),
            ("pycasbin, FastEnforcer", casbin.FastEnforcer(str(model), cache_key_order=[1, 2])),
        ):
            enforcer.add_policies([*policies, ["teller", "order", "read"]])
            enforcer.add_grouping_policy("ada", "teller")
            yield Case(
                group="role or permission check, microseconds",
                name=f"{name}, {many:,} policies",
                run=_question(enforcer),
                base=None,
            )
