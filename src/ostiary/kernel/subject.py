"""A subject: who a credential, a key or a role belongs to, as text; an account is known by its id."""

from typing import Final, Protocol

_LONGEST_SUBJECT: Final = 255


class Identified(Protocol):
    """Somebody who is known by an id: an account."""

    @property
    def id(self) -> str:
        """The id, which is the subject."""
        ...


def subject_of(owner: str | Identified) -> str:
    """The subject an owner is. Raises ``TypeError`` for a number, with the cure, and ``ValueError`` for an impossible text."""
    subject: object = owner if isinstance(owner, str) else getattr(owner, "id", owner)
    if not isinstance(subject, str):
        message = f"an owner is a subject as text or an account, not {type(owner).__name__}: write str(…)"
        raise TypeError(message)
    if not (0 < len(subject) <= _LONGEST_SUBJECT and "\x00" not in subject):
        message = f"a subject is text of 1 to {_LONGEST_SUBJECT} characters"
        raise ValueError(message)
    return subject
