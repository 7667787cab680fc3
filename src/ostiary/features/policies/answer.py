"""What a policy answers: ``Allow`` or ``Deny``, each with its reason."""

import re
from typing import Final

from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.decision import Change

_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)

POLICY_DENIES: Final = "policy_denies"
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

    def __post_init__(self) -> None:
        # It stands in an answer, and programs switch on it.
        if _CODE.fullmatch(self.code) is None:
            message = f"code={self.code!r} is no code: one word in lower case, with underscores"
            raise ValueError(message)

    def __bool__(self) -> bool:
        return False
