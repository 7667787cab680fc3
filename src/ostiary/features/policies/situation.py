"""The situation a rule is judged in: who asks, about what, when; and as it would be if something changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

from ostiary.features.policies.context import PolicyContext
from ostiary.kernel.decision import Change
from ostiary.kernel.principal import Principal
from ostiary.kernel.requirement import Rights

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class Nowhere(LookupError):
    """A rule looks at an attribute, and the question is about a type and no particular resource."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What a rule may look at.

    ``resource``  None where the question is about a type
    ``changed``   attributes of the resource as they would be
    ``shown``     demands about proofs that would be met
    """

    principal: Principal
    context: PolicyContext
    rights: Rights | None = None
    resource: object = None
    changed: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    shown: tuple[Change, ...] = ()

    def attribute(self, name: str) -> Any:
        """An attribute of the resource. Raises ``Nowhere`` where there is none to look at."""
        if name in self.changed:
            return self.changed[name]
        if self.resource is None:
            raise Nowhere
        return getattr(self.resource, name)

    def about(self, resource: object) -> "Situation":
        """The same question about another resource, such as a related one."""
        return replace(self, resource=resource, changed=_NOTHING)
