"""What a policy answers: ``Allow`` or ``Deny``, each with its reason."""

from dataclasses import dataclass

from ostiary.kernel.decision import Change

POLICY_DENIES = "policy_denies"
"""The code of a denial that names none of its own."""


@dataclass(frozen=True, slots=True)
class Allow:
    """The policy lets the caller through."""

    reason: str = "allowed"


@dataclass(frozen=True, slots=True)
class Deny:
    """The policy refuses, whatever others say.

    ``reason``         for staff and logs; with ``public``, also for the person who is refused
    ``code``           stable, for programs
    ``would_pass_if``  what would have to change; it is believed, not tried
    """

    reason: str = "denied"
    public: bool = False
    code: str = POLICY_DENIES
    would_pass_if: tuple[Change, ...] = ()

    def __bool__(self) -> bool:
        return False
