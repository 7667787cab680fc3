"""Who holds roles: a subject, or a group of subjects; an organisation is a group that is also a place."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, TypeAlias

from ostiary.features.roles.definitions import LONGEST_NAME
from ostiary.kernel.clock import Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.duration import LONGEST, Duration, milliseconds
from ostiary.kernel.errors import AuthError, FieldError, ValidationFailed
from ostiary.kernel.principal import On, encode_place, is_place
from ostiary.kernel.subject import Identified, subject_of

HolderKind: TypeAlias = Literal["subject", "group"]
Until: TypeAlias = datetime | Duration
"""An aware instant, or how long from now: ``"30d"``."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# What RFC 3339 can write, and `datetime` can hold.
_FIRST_SECOND: Final = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // timedelta(seconds=1)
_LAST_SECOND: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(seconds=1)

_WORD: Final = re.compile(r"[a-z][a-z0-9_-]*", re.ASCII)


class UnusableName(ValidationFailed, ValueError):
    """A text that names no group and no subject. In a request it is what somebody entered, and she is told so (422)."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group as the holder of a role: ``Group("sales")``, or an organisation, ``Group(("org", "acme"))``.

    A group has members; whatever it holds, each of them holds. Groups have no groups. Raises ``UnusableName`` for what
    can be neither.
    """

    name: str | On

    def __post_init__(self) -> None:
        word = isinstance(self.name, str) and len(self.name) <= LONGEST_NAME and _WORD.fullmatch(self.name)
        if not (word or is_place(self.name)):
            text = "This names no group: a group is a word in lower case, or for an organisation its place."
            raise UnusableName(FieldError("group", "unusable", text))

    @property
    def text(self) -> str:
        """The name as one word, ``"sales"`` or ``"org:acme"``."""
        return self.name if isinstance(self.name, str) else f"{self.name[0]}:{self.name[1]}"

    @property
    def place(self) -> On | None:
        """The place an organisation is."""
        return None if isinstance(self.name, str) else self.name


def parse_group(text: str) -> Group:
    """The group of ``"sales"`` or ``"org:acme"``. Raises ``UnusableName`` for what can be neither."""
    kind, colon, name = text.partition(":")
    return Group((kind, name) if colon else text)


def places_of(groups: Iterable[str]) -> list[On]:
    """The places that organisations among these groups are, by their text."""
    return [place for name in groups if (place := parse_group(name).place) is not None]


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds: as the database names it."""

    kind: HolderKind
    name: str

    @property
    def subject(self) -> str | None:
        """The subject, if it is one."""
        return self.name if self.kind == "subject" else None

    @property
    def group(self) -> str | None:
        """The group, if it is one."""
        return self.name if self.kind == "group" else None


Who: TypeAlias = str | Identified | Group


def subject_named(who: str | Identified) -> str:
    """The subject that is meant: as text, or an account. Raises ``UnusableName`` for a text that can be none."""
    try:
        subject = subject_of(who)
        # Half a character (a lone surrogate) is no text to a database.
        subject.encode()
    except ValueError:
        text = "A subject is text of 1 to 255 characters."
        raise UnusableName(FieldError("subject", "unusable", text)) from None
    return subject


def holder_of(who: Who) -> Holder:
    """The holder somebody is: a subject as text, an account, or a group."""
    if isinstance(who, Group):
        return Holder("group", who.text)
    return Holder("subject", subject_named(who))


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A role that somebody was given: where (``on`` None is everywhere), until when, when and by whom.

    Instants are milliseconds UTC. ``group`` is the group that holds it, where the holder is one.
    """

    subject: str | None
    group: str | None
    role: str
    on: On | None
    until: Millis | None
    given_at: Millis
    given_by: str | None

    def as_json(self) -> dict[str, Any]:
        """The facts for a JSON answer, instants in RFC 3339."""
        return {
            "subject": self.subject,
            "group": self.group,
            "role": self.role,
            "on": encode_place(self.on),
            "until": _moment(self.until),
            "given_at": _moment(self.given_at),
            "given_by": self.given_by,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """Somebody's being in a group: since when, in milliseconds UTC, and who put her there."""

    subject: str
    added_at: Millis
    added_by: str | None

    def as_json(self) -> dict[str, Any]:
        """The facts for a JSON answer, the instant in RFC 3339."""
        return {"subject": self.subject, "added_at": _moment(self.added_at), "added_by": self.added_by}


class NoSuchGroup(AuthError, LookupError):
    """There is no group of this name."""

    code = "no_such_group"
    status = 404
    public_message = "There is no such group."


class PlaceInUse(AuthError):
    """Somebody holds a role on a place that is to become an organisation: she would hold it in an organisation of others."""

    code = "place_in_use"
    status = 409
    public_message = "Roles are still held under this name. Take them away first, or choose another name."


class BeyondOwnRights(AuthError):
    """Somebody would give what she does not hold herself, there and for as long."""

    code = "beyond_own_rights"
    status = 403
    public_message = "You cannot give, or take away, more than you hold yourself."


def place_text(on: On | None) -> str:
    """A place as a column: the empty text is everywhere. Raises ``ValidationFailed`` for what is no place."""
    if on is None:
        return ""
    if not is_place(on):
        text = 'A place is a kind and a name: ("org", "acme").'
        raise ValidationFailed(FieldError("on", "unusable", text))
    return f"{on[0]}:{on[1]}"


def end_of(until: Until | None, now: Millis) -> Millis | None:
    """When it ends. Raises ``ValidationFailed`` for what is no instant, is past, or is more than a century from now."""
    if until is None:
        return None
    if isinstance(until, datetime):
        if until.tzinfo is None:
            text = "An instant needs a time zone: datetime(…, tzinfo=UTC)."
            raise ValidationFailed(FieldError("until", "naive", text))
        ends_at = int(until.timestamp() * 1000)
    else:
        try:
            ends_at = now + milliseconds(until)
        except ValueError:
            text = 'Say until when: an instant, or how long from now, "30d".'
            raise ValidationFailed(FieldError("until", "unusable", text)) from None
    if ends_at <= now:
        raise ValidationFailed(FieldError("until", "past", "It would have ended already."))
    if ends_at - now > LONGEST // timedelta(milliseconds=1):
        text = "That is more than a century from now: leave it out for good."
        raise ValidationFailed(FieldError("until", "too_late", text))
    return ends_at


def _moment(at: Millis | None) -> str | None:
    if at is None:
        return None
    # A list that somebody else's row could break would show nobody anything.
    seconds = min(max(at // 1000, _FIRST_SECOND), _LAST_SECOND)
    return (_EPOCH + timedelta(seconds=seconds)).isoformat(timespec="seconds")
