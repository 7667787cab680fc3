"""The most common passwords: the list that ships with Ostiary, and whether a password is on it.

Law: ASVS 5.0 V6.2.4: at least the 3,000 most used passwords that the policy would otherwise take. For each
least length from 8 to 17 the list has at least 3,000 of that length and more. Its source and licence stand
in ``most_common.NOTICE.txt``.
"""

from functools import cache
from importlib.resources import files
from unicodedata import normalize


def fold(text: str) -> str:
    """Text as it is compared with lists of words: compatibility forms and case make no difference."""
    return normalize("NFKC", text).casefold()


@cache
def most_common() -> frozenset[str]:
    """The whole list, folded; read from the package at first use (about 2 MB of memory)."""
    text = files("ostiary.features.passwords").joinpath("most_common.txt").read_text("utf-8")
    return frozenset(text.splitlines())


def is_most_common(folded: str) -> bool:
    """Whether a folded text is on the list."""
    return folded in most_common()
