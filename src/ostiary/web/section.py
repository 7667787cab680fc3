"""Sections of the account page: what each feature shows a person of herself, and the facts behind it."""

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from ostiary.kernel.dataclass import dataclass
from ostiary.web.route import Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section: its name among the facts, its template below ``ostiary/``, and its facts for a caller.

    ``facts`` is ready for JSON; the template finds it under the section's name. Sections stand in the order of their
    ``place``, whichever features are on.
    """

    name: str
    template: str
    place: int
    facts: Callable[[Call], Mapping[str, Any]]


@dataclass(slots=True)
class Sections:
    """The sections of one application. Filled while it starts."""

    sections: list[Section] = field(default_factory=list[Section])

    def in_order(self) -> list[Section]:
        """The sections as they stand on the page."""
        return sorted(self.sections, key=lambda section: section.place)
