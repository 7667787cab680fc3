"""Permissions: ``resource:action`` in one vocabulary for what roles grant and what scopes narrow.

A segment may be ``*``. ``order:*`` covers ``order:read``; a lone ``*`` covers everything.
"""

import re
from collections.abc import Iterable
from typing import Final

_PERMISSION = re.compile(r"[a-z0-9_.-]+(?::[a-z0-9_.-]+)+", re.ASCII)
_PATTERN = re.compile(r"\*|(?:[a-z0-9_.-]+|\*)(?::(?:[a-z0-9_.-]+|\*))+", re.ASCII)

# Two to the number of segments is how many patterns cover a permission.
_FEW: Final = 6


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
    """Whether one of the granted patterns covers the permission.

    Of a set it is asked for the few patterns that could: however many it holds, the answer takes as long.
    """
    if isinstance(patterns, frozenset | set) and (colons := permission.count(":")) < _FEW:
        if permission in patterns or "*" in patterns:
            return True
        if colons == 1:
            # As nearly every permission is written.
            resource, _, action = permission.partition(":")
            return f"{resource}:*" in patterns or f"*:{action}" in patterns or "*:*" in patterns
        return not patterns.isdisjoint(_covering(permission.split(":")))
    return any(covers(pattern, permission) for pattern in patterns)


def all_covered(patterns: Iterable[str], wanted: Iterable[str]) -> bool:
    """Whether the granted patterns cover each of the wanted, which may be patterns themselves."""
    granted = frozenset(patterns)
    return all(any_covers(granted, one) for one in wanted)


def _covering(segments: list[str]) -> list[str]:
    """Every pattern that covers the permission of these segments."""
    found = ["*"]
    heads = [""]
    last = len(segments) - 1
    for place, segment in enumerate(segments):
        heads = [f"{head}{part}" for head in heads for part in (segment, "*")]
        if place == last:
            return found + heads
        # A trailing star covers all that follows. At the first place that is the lone star.
        found += [head for head in heads if place and head.endswith("*")]
        heads = [f"{head}:" for head in heads]
    return found
