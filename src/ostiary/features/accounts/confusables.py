"""Confusable names: a skeleton that two names share if a person would take one for the other (UTS #39 §4).

Law: Unicode Technical Standard #39, "Unicode Security Mechanisms", version 16: its algorithm ``skeleton``, and
the part of its data (``confusables.txt``) that concerns what a username may hold: the lower case of Latin,
Greek and Cyrillic, and ASCII's digits. A name is of one script (``username.py``), so what is left to be confused are
whole names, such as a Latin "coco" and the same in Cyrillic letters, and lookalikes within a script.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from unicodedata import normalize

# Code points that share a shape, in hexadecimal since nobody could review the letters; the first stands for all of them.
_CLASSES: Final = (
    "0061 03B1 0430",  # a: Latin, Greek alpha, Cyrillic
    "0063 0441",  # c: Latin, Cyrillic es
    "0064 0501",  # d: Latin, Cyrillic komi de
    "0065 0435 04BD",  # e: Latin, Cyrillic ie, Cyrillic Abkhasian che
    "03B5 0454 0511",  # epsilon: Greek, Cyrillic Ukrainian ie, Cyrillic reversed ze
    "0259 04D9",  # schwa: Latin, Cyrillic
    "0066 1E9D",  # f: Latin, Latin long s with high stroke
    "0068 04BB",  # h: Latin, Cyrillic shha
    "0127 045B",  # h with stroke: Latin, Cyrillic tshe
    "006A 03F3 0458",  # j: Latin, Greek yot, Cyrillic je
    "0138 03BA 043A",  # kra: Latin, Greek kappa, Cyrillic ka
    "006F 03BF 03C3 043E 0030",  # o: Latin, Greek omicron and sigma, Cyrillic, the digit 0
    "0070 03C1 0440",  # p: Latin, Greek rho, Cyrillic er
    "0071 051B",  # q: Latin, Cyrillic qa
    "0072 0433",  # r: Latin, Cyrillic ghe
    "0073 0455",  # s: Latin, Cyrillic dze
    "03C4 0442",  # tau: Greek, Cyrillic te
    "0075 03C5",  # u: Latin, Greek upsilon
    "0076 03BD",  # v: Latin, Greek nu
    "0078 0445",  # x: Latin, Cyrillic ha
    "0079 03B3 0443 04AF 1EFF",  # y: Latin, Greek gamma, Cyrillic u and straight u, Latin y with loop
    "03B4 1E9F",  # delta: Greek, Latin
    "03C0 043F",  # pi: Greek, Cyrillic pe
    "03C6 0444",  # phi: Greek, Cyrillic ef
    "04C8 04CA",  # Cyrillic en with hook, en with tail
    "04B7 04CC",  # Cyrillic che with descender, Khakassian che
    "0036 0431",  # the digit 6, Cyrillic be
    # l, the digit 1, i: a capital I is an l in many typefaces, so that i and what looks like it join them: Latin
    # dotless i, Greek iota, Cyrillic Ukrainian i and palochka.
    "006C 0031 0069 0131 03B9 0456 04CF",
    # Accents that only an eye test tells apart.
    "0306 030C",  # breve, caron
    "0303 0342",  # tilde, Greek perispomeni
    "0326 0327",  # comma below, cedilla
)

# A code point that looks like several.
_SEQUENCES: Final = (
    ("006D", "0072 006E"),  # m: rn
    ("0077", "0076 0076"),  # w: vv
    ("051D", "0076 0076"),  # Cyrillic we: vv
    ("00E6", "0061 0065"),  # Latin ae
    ("04D5", "0061 0065"),  # Cyrillic ie with a
    ("0153", "006F 0065"),  # Latin oe
    ("04AB", "0063 0326"),  # Cyrillic es with descender: c with cedilla
    ("04BF", "0065 0328"),  # Cyrillic Abkhasian che with descender: e with ogonek
)


def _characters(code_points: str) -> str:
    return "".join([chr(int(point, 16)) for point in code_points.split()])


def _table() -> Mapping[int, str]:
    table: dict[int, str] = {}
    for members in _CLASSES:
        shape = _characters(members)
        table |= {ord(other): shape[0] for other in shape[1:]}
    return MappingProxyType(table | {int(one, 16): _characters(several) for one, several in _SEQUENCES})


_TABLE: Final = _table()


def skeleton(canonical: str) -> str:
    """What a canonical name looks like. Never shown, and no name: only equal or not (UTS #39 §4)."""
    return normalize("NFD", normalize("NFD", canonical).translate(_TABLE))
