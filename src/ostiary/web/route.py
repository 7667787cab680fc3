"""Routes: what a feature answers under ``/auth``, described without any framework.

A route is a rule, a method and a function from a ``Call`` to an ``Answer``. The adapter mounts it;
``dispatch`` runs it: guard, CSRF, fields, action, answer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ostiary.kernel.requirement import Requirement
from ostiary.kernel.resources import Resources

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from ostiary.kernel.principal import Principal
    from ostiary.web.guard import Caller


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a route: the request, who is calling, the variables of the address, and what actions need."""

    request: "Request"
    caller: "Caller"
    variables: Mapping[str, str]
    resources: Resources

    @property
    def principal(self) -> "Principal":
        """Who is calling."""
        return self.caller.principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a route answers: facts for JSON; a page may show the same facts.

    ``signed_out`` has the browser forget everything of ours.
    """

    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    status: int = 200
    signed_out: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One address of ours.

    ``endpoint`` is its name within the blueprint; ``requires`` what the guard demands.
    """

    rule: str
    endpoint: str
    method: Literal["GET", "POST", "DELETE"]
    answer: Callable[[Call], Answer]
    requires: Requirement
    about: str
