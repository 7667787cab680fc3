"""What a feature is given when an application starts: the things it needs, found by their type.

The composition root fills it; a feature asks for ``resources[Database]`` or for the actions of a
feature it requires. So a feature names what it depends on, and no layer names one above it.
"""

from collections.abc import Iterator
from typing import TypeVar, cast

T = TypeVar("T")


class Resources:
    """Objects by their class: one of each."""

    __slots__ = ("__weakref__", "_found")

    def __init__(self) -> None:
        self._found: dict[type, object] = {}

    def add(self, resource: object, *, as_type: type | None = None) -> None:
        """Put a resource in, under its own class or a protocol it fulfils."""
        kind = as_type or type(resource)
        if kind in self._found:
            message = f"there is already a {kind.__name__}"
            raise ValueError(message)
        self._found[kind] = resource

    def __getitem__(self, kind: type[T]) -> T:
        try:
            return cast("T", self._found[kind])
        except KeyError:
            message = f"no {kind.__name__} here: the feature does not say that it requires it"
            raise LookupError(message) from None

    def find(self, kind: type[T]) -> T | None:
        """The resource, or None when this application has none."""
        return cast("T | None", self._found.get(kind))

    def __contains__(self, kind: type) -> bool:
        return kind in self._found

    def __iter__(self) -> Iterator[object]:
        return iter(self._found.values())
