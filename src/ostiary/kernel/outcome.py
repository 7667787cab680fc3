"""Outcomes of a sign-in: signed in, another factor needed, enrolment needed, refused.

``SignedIn`` is what starts a session or issues tokens, and only ``features/sign_in`` constructs it
(an architecture test holds that). None of them can be tested for truth: ``if outcome:`` would let
"another factor needed" in.
"""

from typing import NoReturn, TypeAlias

from ostiary.kernel.clock import Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.factor import Factor


class _NoTruth:
    __slots__ = ()

    def __bool__(self) -> NoReturn:
        message = f"a {type(self).__name__} is neither true nor false: compare its type"
        raise TypeError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn(_NoTruth):
    """Everything that policy asks for is proven.

    ``epoch`` is the subject's epoch before the first proof: what is started from this value dies with it.
    """

    subject: str
    factors: tuple[Factor, ...]
    epoch: int
    at: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorNeeded(_NoTruth):
    """Something is proven, and policy wants another factor; ``methods`` are the kinds she could prove."""

    subject: str
    factors: tuple[Factor, ...]
    epoch: int
    methods: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentNeeded(_NoTruth):
    """Policy wants another factor, and she has none; ``methods`` are the kinds she could enrol."""

    subject: str
    factors: tuple[Factor, ...]
    epoch: int
    methods: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(_NoTruth):
    """Nothing is started. ``code`` is stable; ``detail`` is for logs."""

    code: str
    detail: str


Outcome: TypeAlias = SignedIn | FactorNeeded | EnrolmentNeeded | Refused
