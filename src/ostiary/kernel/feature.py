"""Features as values: a constructor that is its settings, frozen, and aware of which of them were given.

``@feature`` makes a class a frozen, slotted, keyword-only dataclass. What is not given in code is
read from the configuration (``kernel/settings.py``) into a *new* value for each application; the one
a module shares never changes.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, field
from typing import Any, ClassVar, TypeVar, dataclass_transform

from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.errors import Problem
from ostiary.kernel.resources import Resources

T = TypeVar("T", bound="Feature")


class Feature:
    """Something an application can switch on.

    ``name`` is the stem that its folder, its settings and its attribute of ``auth`` share; ``requires``
    names the features that come with it.
    """

    __slots__ = ("given",)

    name: ClassVar[str]
    requires: ClassVar[tuple[str, ...]] = ()

    given: frozenset[str]
    """The settings that were written in code, and win over every configuration."""

    def required(self) -> tuple[str, ...]:
        """The features that must be on, which may depend on settings."""
        return type(self).requires

    def stores(self) -> bool:
        """Whether it needs a database."""
        return False

    def problems(self) -> Iterable[Problem]:
        """What is wrong with these settings, each with its cure. Asked once they are resolved."""
        return ()

    def deployment_problems(self) -> Iterable[Problem]:
        """What is missing for production, each with its cure. Not asked on a developer's machine."""
        return ()

    def proofs(self) -> frozenset[str]:
        """The kinds of proof (keys of ``kernel.factor.CATEGORIES``) a person can give through this feature."""
        return frozenset()

    def credential_kinds(self) -> frozenset[str]:
        """The kinds of credential a caller can present through this feature."""
        return frozenset()

    def routes(self, on: Mapping[str, "Feature"]) -> tuple[object, ...]:  # noqa: ARG002 - as every feature
        """The addresses it answers (``web.route.Route``), known before anything is built.

        ``on`` holds every feature that is on, resolved, by its name: some pages make sense only beside others.
        """
        return ()

    def mails(self) -> frozenset[str]:
        """The templates of the mails it sends, below ``ostiary/email``: ``"passwords/changed"``."""
        return frozenset()

    def expiring(self) -> tuple[object, ...]:
        """The tables whose rows may go when they are old (``storage.prune.Expiring``)."""
        return ()

    def contribute(self, resources: Resources) -> object:
        """Build what it adds to an application: actions, readers, routes, listeners. No I/O."""
        message = f"{self.name} contributes nothing to {resources!r}"
        raise LookupError(message)


def setting(
    default: Any = MISSING,  # as dataclasses.field
    *,
    about: str,
    factory: Callable[[], Any] | None = None,
    kw_only: bool = True,
    secret: bool = False,
) -> Any:  # a field specifier takes the type of its field
    """One setting: its default, and what it is, in which unit, and where the default comes from.

    ``kw_only=False``, said literally, is what type checkers know a positional argument by (PEP 681).
    """
    metadata = {"about": about, "secret": secret}
    if factory is not None:
        return field(default_factory=factory, kw_only=kw_only, repr=not secret, metadata=metadata)
    return field(default=default, kw_only=kw_only, repr=not secret, metadata=metadata)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(setting,))
def feature(cls: type[T]) -> type[T]:
    """Make a class a feature: a frozen value that remembers which settings were given."""
    made = dataclass(frozen=True, slots=True, kw_only=True)(cls)
    construct = made.__init__
    signature = inspect.signature(construct)

    def __init__(self: T, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - the dataclass's own arguments
        unknown = [name for name in kwargs if name not in signature.parameters]
        if unknown:
            raise TypeError(_no_such_setting(cls.__name__, unknown[0], signature.parameters))
        given = frozenset(signature.bind(self, *args, **kwargs).arguments) - {"self"}
        object.__setattr__(self, "given", given)
        construct(self, *args, **kwargs)

    __init__.__signature__ = signature  # type: ignore[attr-defined] # what editors and docs show
    __init__.__doc__ = construct.__doc__
    made.__init__ = __init__  # type: ignore[assignment]
    return made


def _no_such_setting(feature_name: str, name: str, known: Iterable[str]) -> str:
    """What a developer is told who has mistyped a setting."""
    from difflib import get_close_matches  # only for whoever mistypes

    settings = [one for one in known if one != "self"]
    near = get_close_matches(name, settings, n=1)
    cure = (
        f"did you mean {near[0]}?" if near else f"its settings are {', '.join(settings)}" if settings else "it has none"
    )
    return f"{feature_name}() has no setting {name!r}: {cure}"
