"""Guessable passwords: repetitions, sequences, keyboard walks, a common word with something appended.

Law: NIST SP 800-63B-4 §3.1.1.2: the *whole* password is judged, never a word inside it, so that
a phrase of four words is taken, and one word four times is not. Each rule can be said to a person:

- it is one of the most common passwords, however it is written (``P@ssw0rd``);
- it repeats something that would itself be refused, or would be too short;
- three of four characters follow from the one or two before them: the same, the next in the alphabet, a neighbour on
  the keyboard;
- it is a common password with at most ten other signs before and after it each, or with a sequence.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

IsCommon: TypeAlias = Callable[[str], bool]

# Ten: a date in full, "31.12.2027". A longer tail that is no sequence is as good as another password.
_LONGEST_DECORATION: Final = 10
# A word of three letters or less is in too many passwords to say anything.
_SHORTEST_WORD: Final = 4

_LEET: Final = str.maketrans("0134578@$!|+", "oleastbasilt")

# Rows from the digits down, aligned as the keys lie: a key touches two above it and two below.
_KEYBOARDS: Final = (
    ("1234567890-=", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./"),
    ("1234567890ß", "qwertzuiopü+", "asdfghjklöä", "yxcvbnm,.-"),
    ("1234567890°+", "azertyuiop^$", "qsdfghjklmù", "wxcvbn,;:!"),
    ("1234567890-=", "йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю."),
)


def _neighbours() -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for rows in _KEYBOARDS:
        for depth, row in enumerate(rows):
            below = rows[depth + 1] if depth + 1 < len(rows) else ""
            for place, key in enumerate(row):
                for other in (row[place + 1 : place + 2], below[place : place + 1], below[max(place - 1, 0) : place]):
                    if other:
                        found.setdefault(key, set()).add(other)
                        found.setdefault(other, set()).add(key)
    return MappingProxyType({key: frozenset(others) for key, others in found.items()})


_NEIGHBOURS: Final = _neighbours()


def is_guessable(folded: str, *, least: int, is_common: IsCommon) -> bool:
    """Whether a folded password follows from a rule; ``least`` is the length below which nothing is a password."""
    if is_common(folded):
        return True
    unit = repeated_unit(folded)
    if len(unit) < len(folded):
        return len(unit) < least or is_guessable(unit, least=least, is_common=is_common)
    return _is_predictable(folded) or any(
        len(word) >= _SHORTEST_WORD and (is_common(word) or is_common(repeated_unit(word)))
        for word in _without_decoration(folded)
    )


def repeated_unit(text: str) -> str:
    """The shortest text that, written again and again and perhaps cut, gives this one; itself if there is none.

    By the prefix function of Knuth, Morris and Pratt: one pass, whatever the text.
    """
    borders = [0] * len(text)
    for end in range(1, len(text)):
        border = borders[end - 1]
        while border and text[end] != text[border]:
            border = borders[border - 1]
        borders[end] = border + (text[end] == text[border])
    period = len(text) - borders[-1] if text else 0
    return text[:period] if 2 * period <= len(text) else text


def plain(text: str) -> str:
    """Letters for the digits and signs that are written in their place: ``p@ssw0rd`` is ``password``."""
    return text.translate(_LEET)


def letters_and_digits(text: str) -> str:
    """The text without spaces and punctuation."""
    return "".join(sign for sign in text if sign.isalnum())


def _is_predictable(text: str) -> bool:
    surprises = sum(
        not any(_follows(text[place - back], sign) for back in (1, 2) if back <= place)
        for place, sign in enumerate(text)
    )
    return surprises * 4 <= len(text)


def _follows(before: str, sign: str) -> bool:
    if sign == before or sign in _NEIGHBOURS.get(before, ""):
        return True
    return before.isalnum() and sign.isalnum() and abs(ord(sign) - ord(before)) == 1


def _without_decoration(text: str) -> Iterator[str]:
    """What may be the word in it: without what stands around it, and with letters for the signs in their place."""
    for start in (0, _first_letter(text)):
        end = _after_last_letter(text)
        if start < end and _is_decoration(text[:start]) and _is_decoration(text[end:]):
            yield letters_and_digits(text[start:end])
            yield letters_and_digits(plain(text[start:end]))
    yield letters_and_digits(plain(text))


def _is_decoration(text: str) -> bool:
    return len(text) <= _LONGEST_DECORATION or _is_predictable(text) or len(repeated_unit(text)) < len(text)


def _first_letter(text: str) -> int:
    return next((place for place, sign in enumerate(text) if sign.isalpha()), len(text))


def _after_last_letter(text: str) -> int:
    return next((place + 1 for place in range(len(text) - 1, -1, -1) if text[place].isalpha()), 0)
