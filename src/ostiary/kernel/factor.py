"""Factors: what somebody proved, and when; multi-factor, step-up and freshness are one rule over them.

A factor's *kind* is how it was proven; its *category* is what the proof rests on: something she
knows, has or is (NIST SP 800-63B-4). Two kinds of one category are one factor: a password and a
PIN are both known.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import Enum
from types import MappingProxyType
from typing import Final

from ostiary.kernel.clock import Millis, moment
from ostiary.kernel.dataclass import dataclass


class Category(Enum):
    """What a proof rests on."""

    KNOWS = "knows"
    HAS = "has"
    IS = "is"


CATEGORIES: Final[Mapping[str, frozenset[Category]]] = MappingProxyType(
    {
        "password": frozenset({Category.KNOWS}),
        "pin": frozenset({Category.KNOWS}),
        # What the application checked by itself, without saying how. Counted as known, the weakest
        # reading, so that "app" and "password" together are never mistaken for two factors.
        "app": frozenset({Category.KNOWS}),
        "email": frozenset({Category.HAS}),
        "sms": frozenset({Category.HAS}),
        "totp": frozenset({Category.HAS}),
        "recovery_code": frozenset({Category.HAS}),
        "social": frozenset({Category.HAS}),
        "passkey": frozenset({Category.HAS}),
        # A passkey whose authenticator verified its user (PIN or biometrics) is two factors in one.
        "verified_passkey": frozenset({Category.HAS, Category.IS}),
        # A remembered browser proves nothing anew.
        "remember": frozenset(),
    }
)
"""Each kind of proof, and the categories it counts for."""

PHISHING_RESISTANT: Final = frozenset({"passkey", "verified_passkey"})
"""The kinds that cannot be relayed by a look-alike site. One-time codes never belong here (SP 800-63B-4 §3.2.5)."""

# What a person copies from one place to another can be relayed, and what proves nothing anew resists nothing.
NEVER_RESISTANT: Final = frozenset({"password", "pin", "email", "sms", "totp", "recovery_code", "remember"})

# Milliseconds of 1973 and of 5138; a smaller number is seconds, a larger one microseconds, given by mistake.
_EARLIEST = 100_000_000_000
_LATEST = 100_000_000_000_000
_RESISTANT_MARK = "!"
# One spelling of each: int() would also read "1_000", "+1" and the digits of other scripts.
_WRITTEN: Final = re.compile(rf"([a-z_]+)@([1-9][0-9]{{11,13}})({_RESISTANT_MARK}?)", re.ASCII)


def _is_instant(at: object) -> bool:
    return isinstance(at, int) and _EARLIEST <= at < _LATEST


@dataclass(frozen=True, slots=True)
class Factor:
    """One proof: its kind (a key of ``CATEGORIES``), its time, and whether it resists phishing.

    ``at`` is in milliseconds since the Unix epoch, UTC; ``proven_at`` is the same as a datetime.
    Raises ``ValueError`` for an unknown kind, a time in seconds, in microseconds or with a fraction, and for a code or
    a password that is said to resist phishing.
    """

    kind: str
    at: Millis
    phishing_resistant: bool

    def __init__(self, kind: str, *, at: Millis, phishing_resistant: bool | None = None) -> None:
        if kind not in CATEGORIES:
            message = f"{kind!r} is not a kind of proof; the kinds are {', '.join(sorted(CATEGORIES))}"
            raise ValueError(message)
        if not _is_instant(at):
            message = f"at={at!r} is not a whole number of milliseconds since the Unix epoch"
            raise ValueError(message)
        if phishing_resistant and kind in NEVER_RESISTANT:
            # SP 800-63B-4 §3.2.5: manual entry of an authenticator output is not phishing-resistant.
            message = f"a proof by {kind} does not resist phishing: what a person types can be relayed"
            raise ValueError(message)
        object.__setattr__(self, "kind", kind)
        object.__setattr__(self, "at", at)
        resistant = kind in PHISHING_RESISTANT if phishing_resistant is None else phishing_resistant
        object.__setattr__(self, "phishing_resistant", resistant)

    @property
    def proven_at(self) -> datetime:
        """When it was proven, as an aware datetime in UTC."""
        return moment(self.at)

    @property
    def categories(self) -> frozenset[Category]:
        """What the proof rests on."""
        return CATEGORIES[self.kind]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A proof that somebody is the subject: what a sign-in method gives, and ``auth.sign_in`` takes.

    ``epoch`` is the subject's epoch as it was *before* the proof began, so that a password change or
    suspension in between is never outrun; None if the application vouches without us. ``guessed`` is
    what the guess was counted against.
    """

    subject: str
    factor: Factor
    epoch: int | None = None
    guessed: str | None = None


@dataclass(frozen=True, slots=True)
class ProvableKinds:
    """The kinds of proof somebody can give in one application: by its features, or because it vouches for them."""

    kinds: frozenset[str]


def count_factors(factors: Iterable[Factor]) -> int:
    """How many factors these proofs are: the number of different categories."""
    categories: set[Category] = set()
    for factor in factors:
        categories |= factor.categories
    return len(categories)


def merge_factors(earlier: Iterable[Factor], later: Iterable[Factor]) -> tuple[Factor, ...]:
    """The newest proof of each kind, oldest first."""
    newest: dict[str, Factor] = {}
    for factor in (*earlier, *later):
        known = newest.get(factor.kind)
        if known is None or factor.at >= known.at:
            newest[factor.kind] = factor
    return tuple(sorted(newest.values(), key=lambda factor: (factor.at, factor.kind)))


def encode_factors(factors: Iterable[Factor]) -> str:
    """The factors as one line of text for a column: ``"password@1700000000000 passkey@1700000001000!"``."""
    return " ".join(
        f"{factor.kind}@{factor.at}{_RESISTANT_MARK if factor.phishing_resistant else ''}" for factor in factors
    )


def decode_factors(text: str) -> tuple[Factor, ...]:
    """The factors of a column. Raises ``ValueError`` for anything ``encode_factors`` did not write."""
    if not text:
        return ()
    factors: list[Factor] = []
    for word in text.split(" "):
        match = _WRITTEN.fullmatch(word)
        if match is None:
            message = "not factors as they are written"
            raise ValueError(message)
        kind, at, mark = match.groups()
        factors.append(Factor(kind, at=int(at), phishing_resistant=mark != ""))
    return tuple(factors)
