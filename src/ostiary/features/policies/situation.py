"""The situation a rule is judged in: who asks, about what, when; and as it would be if something changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, TypeAlias
from uuid import UUID

from ostiary.features.policies.context import PolicyContext
from ostiary.kernel.principal import Principal
from ostiary.kernel.requirement import Rights

Truth: TypeAlias = bool | None
"""True, False, or unknown: the logic of SQL, so that a rule says of an object what it says of a row."""

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class Nowhere(LookupError):
    """A rule looks at an attribute, and the question is about a type and no particular resource."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What a rule may look at.

    ``resource``  None where the question is about a type
    ``changed``   attributes of the resource as they would be
    """

    principal: Principal
    context: PolicyContext
    rights: Rights | None = None
    resource: object = None
    changed: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)

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


def spells(value: object, text: str) -> Truth:
    """Whether an attribute, a text, a whole number or a UUID, is what a text spells, in its one canonical spelling.

    ``"007"`` is not 7: whoever can choose her subject must not become somebody else by a leading zero.
    """
    if value is None:
        return None
    if "\0" in text or not _encodable(text):
        # No database can hold it, so no row equals it.
        return False
    if isinstance(value, str):
        return str.__eq__(value, text)
    if isinstance(value, UUID) or (isinstance(value, int) and not isinstance(value, bool)):
        return str(value) == text
    message = f"a {type(value).__name__} is compared with a name; compare text, whole numbers or UUIDs"
    raise TypeError(message)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def both(truths: "list[Truth]") -> Truth:
    """True if all are; False if one is; else unknown."""
    if False in truths:
        return False
    return None if None in truths else True


def either(truths: "list[Truth]") -> Truth:
    """True if one is; False if all are; else unknown."""
    if True in truths:
        return True
    return None if None in truths else False
