"""Decisions that explain themselves: allowed or not, because of what, and what would change it."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Reason:
    """One ground of a decision: a stable code for programs, a sentence for staff and logs."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to "may this caller do this?". True in an ``if`` when allowed.

    ``because`` holds the grounds, the decisive one first; ``would_pass_if`` what the caller could do
    for another answer, in the words of ``auth.require``: ``"fresh=5m"``, ``"factors=2"``.
    """

    allowed: bool
    because: tuple[Reason, ...] = ()
    would_pass_if: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.allowed

    @property
    def code(self) -> str:
        """The code of the decisive ground."""
        return self.because[0].code if self.because else "allowed"


ALLOWED: Final = Decision(allowed=True)
"""The one decision that needs no explanation, made once: guards answer it on nearly every request."""


def denied(code: str, text: str, *would_pass_if: str) -> Decision:
    """A refusal with one ground."""
    return Decision(allowed=False, because=(Reason(code, text),), would_pass_if=would_pass_if)
