"""Promised roles: given to somebody who has yet to come, in the name of whoever may give them when she does."""

from collections.abc import Iterable
from typing import Self

from ostiary.kernel.errors import AuthError


class PromiseBroken(AuthError):
    """Whoever promised these roles may give them no more."""

    code = "promise_broken"
    status = 410
    public_message = "This is no longer good."


class PromisedRoles(tuple[str, ...]):  # noqa: SLOT001 - it has two attributes more than a tuple, which has no room for slots
    """The names of roles, with who promised them (``None``: the application) and by what: ``"invitation 01M…"``."""

    promised_by: str | None
    by: str

    @classmethod
    def of(cls, names: Iterable[str], *, promised_by: str | None, by: str) -> Self:
        """The roles of a promise."""
        made = cls(names)
        made.promised_by = promised_by
        made.by = by
        return made
