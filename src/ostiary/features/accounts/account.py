"""An account: a subject with the identifiers people know it by, a state, and what else it said of itself."""

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any, Final, Literal, TypeAlias

from ostiary.features.accounts.states import AccountState
from ostiary.kernel.clock import Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.errors import AuthError

Kind: TypeAlias = Literal["email", "username", "phone"]

KINDS: Final[tuple[Kind, ...]] = ("email", "username", "phone")

# What a message can be sent to, and so what can be verified. A username is neither.
ADDRESSES: Final = frozenset({"email", "phone"})


class NoSuchAccount(AuthError, LookupError):
    """There is no account of this id."""

    code = "no_such_account"
    status = 404
    public_message = "There is no such account."


class IdentifierTaken(AuthError):
    """An identifier, or one that looks like it, belongs to another account. ``kind`` says which sort it is.

    Told to a stranger, it tells who has an account: pages for everybody answer the same either way.
    """

    code = "identifier_taken"
    status = 409
    public_message = "This is taken already."

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(detail=kind, members={"kind": kind})


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """What an account is known by. ``value`` is compared; ``shown`` is for people, and for the envelope of a mail."""

    kind: Kind
    value: str
    shown: str
    verified_at: Millis | None = None
    skeleton: str | None = field(default=None, repr=False, compare=False)

    @property
    def mailbox(self) -> str:
        """What limits count it under: an address without its ``+tag``, which most providers deliver to one mailbox."""
        if self.kind != "email":
            return self.value
        local, _, domain = self.value.rpartition("@")
        # A local part may begin with a plus; then there is nothing before it.
        return f"{local.partition('+')[0] or local}@{domain}"

    def claimed(self, verified_at: Millis | None) -> "Identifier":
        """The same, verified at an instant or not at all. There is nothing to verify about a username."""
        return replace(self, verified_at=verified_at if self.kind in ADDRESSES else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account as it was when it was read. ``id`` is the subject of its principal; times are milliseconds UTC.

    ``attributes`` holds the fields of the registration that no hook of the application took.
    """

    id: str
    state: AccountState
    identifiers: tuple[Identifier, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    created_at: Millis

    @property
    def email(self) -> str | None:
        """The address to write to, or None."""
        return self._shown("email")

    @property
    def username(self) -> str | None:
        """The username as its owner writes it, or None."""
        return self._shown("username")

    @property
    def phone(self) -> str | None:
        """The telephone number in E.164, or None."""
        return self._shown("phone")

    @property
    def verified(self) -> bool:
        """Whether an address of hers was verified, or she has none that could be."""
        return is_verified(self.identifiers)

    def _shown(self, kind: Kind) -> str | None:
        # Of several the one that was verified first: one that is only being added is nobody's yet.
        found = [one for one in self.identifiers if one.kind == kind]
        if not found:
            return None
        return min(found, key=lambda one: (one.verified_at is None, one.verified_at or 0)).shown


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """An account that may be made: everything checked, and the slow work of its parts done. Made by ``parse``.

    ``verified`` are the kinds of its identifiers that were shown to be its owner's.
    """

    identifiers: tuple[Identifier, ...]
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    verified: frozenset[Kind] = frozenset()
    parts: Mapping[str, object] = field(default_factory=dict[str, object], repr=False)


def is_verified(identifiers: tuple[Identifier, ...]) -> bool:
    """Whether one of the addresses among them was verified, or none is there that could be."""
    addresses = [one for one in identifiers if one.kind in ADDRESSES]
    return not addresses or any(one.verified_at is not None for one in addresses)
