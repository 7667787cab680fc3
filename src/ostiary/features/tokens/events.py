"""Events of tokens: what happened to signing keys, and to all tokens. Those of refresh families cross features (``kernel/events.py``)."""

from ostiary.kernel.clock import Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKeyMade(Event):
    """There is a new signing key, made or imported. ``signs_from`` is when it begins to sign, in milliseconds."""

    kid: str
    algorithm: str
    signs_from: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class EverybodysTokensRevoked(Event):
    """Every access token and every refresh token that there was has ended; ``families`` is how many of the latter lived."""

    reason: str
    families: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKeyRetired(Event):
    """A signing key is believed no longer, by whoever asked for that: every token it signed is refused."""

    kid: str
