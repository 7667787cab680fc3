"""The principal: who is calling, however the call was authenticated.

A browser session, a JSON Web Token, an API key, a job: each becomes the same frozen value. What the
principal may do is what the subject may do, narrowed by what its credential was given: a credential
never adds a right.
"""

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.factor import Factor

On: TypeAlias = tuple[str, str]
"""A place where a role holds: ``("org", "acme")``."""

PrincipalKind: TypeAlias = Literal["anonymous", "person", "program", "job"]

UNKNOWN_RIGHTS: Final = -1
"""The rights version of a principal that does not know it: what the subject may do is read, and not remembered."""

_NO_CLAIMS: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Credential:
    """What the caller presented: its kind (``"session"``, ``"bearer"``, ``"api_key"``) and its public id."""

    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling. Falsy when nobody is signed in, so that ``if auth.principal:`` reads as it should.

    ``subject``         always text; empty for the anonymous principal
    ``kind``            person, program, job or anonymous
    ``actors``          who acts for the subject, the nearest first (impersonation, delegation)
    ``credential``      what was presented; None for the anonymous and for jobs
    ``factors``         what was proven, each with its time
    ``scope``           the permissions the credential is narrowed to; None is unrestricted
    ``tenant``          the place the credential is bound to
    ``claims``          further facts the credential carries
    ``rights_version``  grows whenever what the subject may do changes; ``UNKNOWN_RIGHTS`` where nobody keeps it up to date
    """

    subject: str
    kind: PrincipalKind = field(default="person", kw_only=True)
    actors: tuple[str, ...] = field(default=(), kw_only=True)
    credential: Credential | None = field(default=None, kw_only=True)
    factors: tuple[Factor, ...] = field(default=(), kw_only=True)
    scope: frozenset[str] | None = field(default=None, kw_only=True)
    tenant: On | None = field(default=None, kw_only=True)
    claims: Mapping[str, Any] = field(default_factory=lambda: _NO_CLAIMS, kw_only=True, hash=False)
    rights_version: int = field(default=UNKNOWN_RIGHTS, kw_only=True)

    def __bool__(self) -> bool:
        return self.kind != "anonymous" and self.subject != ""


ANONYMOUS: Final = Principal("", kind="anonymous", scope=frozenset())
"""Nobody. Holds no permission whatever it is asked for."""


# A place is a column, a part of an address, and a word in a log.
_LONGEST_PLACE: Final = 255


def is_place(place: object) -> bool:
    """Whether this is a place: a kind without a colon and a name, both of them visible text."""
    match place:
        case (str() as kind, str() as name):
            text = f"{kind}:{name}"
            return bool(kind and name) and ":" not in kind and text.isprintable() and len(text) <= _LONGEST_PLACE
        case _:
            return False


def encode_place(place: On | None) -> str | None:
    """A place as one column: ``"org:acme"``."""
    return None if place is None else f"{place[0]}:{place[1]}"


def decode_place(text: str | None) -> On | None:
    """The place of a column that ``encode_place`` wrote."""
    if text is None:
        return None
    kind, _, name = text.partition(":")
    return kind, name
