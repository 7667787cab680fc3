"""The situation a rule is judged in: who asks, about what, when; and as it would be if something changed."""

from collections.abc import Mapping
from dataclasses import field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from ostiary.features.policies.context import PolicyContext
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.decision import Change
from ostiary.kernel.principal import Principal
from ostiary.kernel.requirement import Rights

if TYPE_CHECKING:
    from ostiary.features.policies.rule import Attribute

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class Nowhere(LookupError):
    """A rule looks at an attribute, and the question is about a type and no particular resource."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What a rule may look at.

    ``resource``  None where the question is about a type
    ``changed``   attributes of the resource as they would be
    ``shown``     demands about proofs that would be met
    ``whole``     what is held is asked of the person, whatever her credential was given
    """

    principal: Principal
    context: PolicyContext
    rights: Rights | None = None
    resource: object = None
    changed: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    shown: tuple[Change, ...] = ()
    whole: bool = False

    @property
    def holder(self) -> Principal:
        """Whose rights are asked: those of the credential, or of its person."""
        return replace(self.principal, scope=None, tenant=None) if self.whole else self.principal

    @property
    def narrowed(self) -> bool:
        """Whether the person may hold what the credential was not given."""
        return not self.whole and (self.principal.scope is not None or self.principal.tenant is not None)

    def of_person(self) -> "Situation":
        """The same question about what the person holds."""
        return replace(self, whole=True)

    def attribute(self, attribute: "Attribute") -> Any:
        """An attribute of the resource. Raises ``Nowhere`` where there is none to look at."""
        if attribute.name in self.changed:
            return self.changed[attribute.name]
        if self.resource is None:
            raise Nowhere
        attribute.check_is_of(type(self.resource))
        return getattr(self.resource, attribute.name)

    def about(self, resource: object) -> "Situation":
        """The same question about another resource, such as a related one."""
        return replace(self, resource=resource, changed=_NOTHING)
