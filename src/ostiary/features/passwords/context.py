"""Context words: a person's own names and addresses, and the names of the site, which no password is made of.

Law: NIST SP 800-63B-4 §3.1.1.2 and ASVS 5.0 V6.1.2, V6.2.11. The whole password is judged: take these words out of it, in
whatever case and with signs for letters, and what is left must still be a password of eight characters.
"""

import re
from collections.abc import Iterable
from typing import Final

from ostiary.features.passwords.guessable import IsCommon, is_guessable, letters_and_digits, plain
from ostiary.features.passwords.most_common import fold

# The least that is a password at all (ASVS 5.0 V6.2.1).
_LEAST_LEFT: Final = 8
# A part of two letters ("de", "my") is in too many words to be anybody's name.
_SHORTEST: Final = 3
# A name has a bounded number of parts; a stranger who registers may send more.
_MOST_WORDS: Final = 64
_LONGEST: Final = 320
_SPLIT: Final = re.compile(r"[\W_]+")


def context_words(context: Iterable[str]) -> tuple[str, ...]:
    """The words in names, addresses and hosts, folded, the longest first: each of them whole, and its parts."""
    found: set[str] = set()
    for text in context:
        folded = fold(text[:_LONGEST])
        found.update((letters_and_digits(folded), *_SPLIT.split(folded)))
    return tuple(sorted((word for word in found if len(word) >= _SHORTEST), key=lambda word: (-len(word), word)))[
        :_MOST_WORDS
    ]


def is_made_of(folded: str, words: Iterable[str], *, is_common: IsCommon) -> bool:
    """Whether a folded password is made of these words, and of no password beside them."""
    kept = tuple(words)
    readings = {letters_and_digits(folded), letters_and_digits(plain(folded))}
    return any(_is_nothing_without(reading, kept, is_common) for reading in readings)


def _is_nothing_without(reading: str, words: tuple[str, ...], is_common: IsCommon) -> bool:
    rest = reading
    for word in words:
        rest = rest.replace(word, "").replace(plain(word), "")
    if rest == reading:
        return False
    return len(rest) < _LEAST_LEFT or is_guessable(rest, least=_LEAST_LEFT, is_common=is_common)
