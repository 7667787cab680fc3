"""Permissions: ``resource:action`` in one vocabulary for what roles grant and what scopes narrow.

A segment may be ``*``. ``order:*`` covers ``order:read``; a lone ``*`` covers everything.
"""

import re
from collections.abc import Iterable

_PERMISSION = re.compile(r"[a-z0-9_.-]+(?::[a-z0-9_.-]+)+", re.ASCII)
_PATTERN = re.compile(r"\*|(?:[a-z0-9_.-]+|\*)(?::(?:[a-z0-9_.-]+|\*))+", re.ASCII)


def is_permission(text: str) -> bool:
    """Whether the text names one permission: lower-case segments joined by colons, no star."""
    return _PERMISSION.fullmatch(text) is not None


def is_permission_pattern(text: str) -> bool:
    """Whether the text can be granted: a permission, possibly with ``*`` segments."""
    return _PATTERN.fullmatch(text) is not None


def covers(pattern: str, permission: str) -> bool:
    """Whether a granted pattern covers a permission. A trailing ``*`` covers all that follows."""
    if pattern in ("*", permission):
        return True
    wanted = permission.split(":")
    granted = pattern.split(":")
    if len(granted) > len(wanted) or (len(granted) < len(wanted) and granted[-1] != "*"):
        return False
    return all(have in ("*", want) for have, want in zip(granted, wanted, strict=False))


def any_covers(patterns: Iterable[str], permission: str) -> bool:
    """Whether one of the granted patterns covers the permission."""
    return any(covers(pattern, permission) for pattern in patterns)
