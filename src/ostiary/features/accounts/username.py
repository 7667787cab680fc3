"""Usernames: letters of one script, digits, and ``.`` ``_`` ``-`` between them; compared without case, and never lookalikes.

Law: RFC 8265 §3.3, UsernameCaseMapped, in spirit (width and case mapped, one form), with NFKC as RFC 8264 allows
a stricter profile to have; UTS #39 §5.2, single script. Latin, Greek and Cyrillic are taken, since for these the
table of lookalikes is complete; whoever writes another script has an address or a telephone number.
A name holds no ``@`` and begins with no ``+``, so it is never taken for one of those.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from unicodedata import normalize

from ostiary.features.accounts.account import Identifier
from ostiary.features.accounts.confusables import skeleton

LONGEST: Final = 64
# Characters are mapped to at most eighteen (U+FDFA); nothing of use is longer than this before it.
_LONGEST_TYPED: Final = 256

# Letters in modern use, in lower case: the blocks of each script without what only phonetics and philology write.
_SCRIPTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        # Basic Latin, Latin-1 without the division sign, Extended-A; f with hook; the horned and the tonal letters of
        # Vietnamese and Pinyin, the comma-below letters of Romanian, schwa; Extended Additional.
        "latin": r"a-z\u00df-\u00f6\u00f8-\u00ff\u0100-\u0148\u014a-\u017e\u0192\u01a1\u01b0\u01ce-\u01dc\u01e7"
        r"\u0219-\u021b\u0259\u1e00-\u1eff",
        # The modern alphabet with its accents, and the polytonic one.
        "greek": r"\u03ac-\u03ce\u03f3\u1f00-\u1ffc",
        # The Slavic languages, and those that wrote Cyrillic in the Soviet Union; without the i with grave, which looks
        # like the short i.
        "cyrillic": r"\u0430-\u045c\u045e-\u045f\u048b-\u052f",
    }
)
_NAMES: Final[Mapping[str, re.Pattern[str]]] = MappingProxyType(
    {script: re.compile(rf"[{letters}0-9]+(?:[._-][{letters}0-9]+)*") for script, letters in _SCRIPTS.items()}
)


def parse_username(text: str) -> Identifier | None:
    """The name, or None for what cannot be one."""
    if len(text) > _LONGEST_TYPED:
        return None
    typed = normalize("NFKC", text.strip(" "))
    value = normalize("NFKC", typed.casefold())
    script = next((script for script, names in _NAMES.items() if names.fullmatch(value)), None)
    if script is None or len(value) > LONGEST or normalize("NFKC", value.casefold()) != value:
        return None
    # In these the capitals look like Latin ones where the small letters do not: en is an H, eta is one too.
    shown = typed if script == "latin" else value
    return Identifier(kind="username", value=value, shown=shown, skeleton=skeleton(value))
