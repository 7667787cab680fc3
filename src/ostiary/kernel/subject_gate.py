"""The subject gate: whether a subject may sign in at all, asked once her proofs are good."""

from typing import Protocol


class SubjectGate(Protocol):
    """Who knows the state of subjects; found by this type among the resources."""

    def why_not(self, subject: str) -> str | None:
        """A stable word for why the subject may not sign in (``"suspended"``), or None when she may."""
        ...
