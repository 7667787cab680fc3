"""Telephone numbers: ITU-T E.164, a plus sign and at most fifteen digits with the country's code in front.

A number without its country is refused and not guessed: guessed wrong, it is somebody else's telephone.
"""

import re
from typing import Final

from ostiary.features.accounts.account import Identifier

# What people put between the digits.
_BETWEEN: Final = str.maketrans("", "", " -().\u00a0")
# E.164 §6.2.1: at most 15 digits, and no country's code begins with 0. No subscriber has fewer than 8.
_NUMBER: Final = re.compile(r"\+[1-9][0-9]{7,14}", re.ASCII)
_LONGEST: Final = 40


def parse_phone(text: str) -> Identifier | None:
    """The number, or None for anything else."""
    if len(text) > _LONGEST:
        return None
    number = text.translate(_BETWEEN)
    return Identifier(kind="phone", value=number, shown=number) if _NUMBER.fullmatch(number) else None
