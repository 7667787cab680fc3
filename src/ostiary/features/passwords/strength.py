"""The strength of a password as zxcvbn estimates it: a hint for whoever types, and never a gate.

Its work grows with the square of the length, so it sees the first 72 characters only.
"""

from collections.abc import Iterable
from typing import Final

from ostiary.features.passwords.context import context_words
from ostiary.kernel.dataclass import dataclass

_LONGEST: Final = 72


@dataclass(frozen=True, slots=True, kw_only=True)
class Strength:
    """``score`` from 0 (guessed at once) to 4 (very unguessable), and what would better it, in English."""

    score: int
    warning: str
    suggestions: tuple[str, ...]


def estimate_strength(password: str, context: Iterable[str] = ()) -> Strength:
    """How many guesses a password would take, as a score and a hint."""
    if not password:
        return Strength(score=0, warning="", suggestions=())
    from zxcvbn import zxcvbn  # type: ignore[import-untyped] # its word lists take 30 MB: only where somebody asks

    found = zxcvbn(password[:_LONGEST], user_inputs=list(context_words(context)))
    feedback = found["feedback"]
    return Strength(score=found["score"], warning=feedback["warning"] or "", suggestions=tuple(feedback["suggestions"]))
