"""Cedar, by cedarpy: one question, with more and more policies."""

from collections.abc import Callable, Iterator

import cedarpy

from benchmarks.case import Case
from benchmarks.workplace import Workplace

PACKAGE = "cedarpy"


def _question(policies: str) -> Callable[[], object]:
    request = {"principal": 'User::"ada"', "action": 'Action::"read"', "resource": 'Thing::"order"', "context": {}}
    entities = [
        {"uid": {"type": "User", "id": "ada"}, "attrs": {}, "parents": [{"type": "Role", "id": "teller"}]},
        {"uid": {"type": "Role", "id": "teller"}, "attrs": {}, "parents": []},
        {"uid": {"type": "Thing", "id": "order"}, "attrs": {}, "parents": []},
    ]

    def ask() -> None:
        assert cedarpy.is_authorized(request, policies, entities).allowed

    return ask


def cases(place: Workplace, *, quick: bool) -> Iterator[Case]:  # noqa: ARG001 - as every peer
    """The question with 10 policies and more, of which the last is the one that allows."""
    for many in (10, 1_000) if quick else (10, 1_000, 10_000):
        written = [
            f'permit(principal in Role::"role{number}", action == Action::"read", resource == Thing::"thing{number}");'
            for number in range(many - 1)
        ]
        written.append('permit(principal in Role::"teller", action == Action::"read", resource == Thing::"order");')
        yield Case(
            group="role or permission check",
            name=f"cedarpy, {many:,} policies",
            run=_question("\n".join(written)),
        )
