"""Three-valued logic, as SQL has it: true, false, and unknown wherever something is NULL; and what is equal to what."""

import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

Truth: TypeAlias = bool | None
"""True, False, or unknown: so that a rule says of an object what it says of a row."""

Op: TypeAlias = Literal["==", "!=", "<", "<=", ">", ">=", "is", "is not", "in", "not in"]

_COMPARISONS: Final[Mapping[Op, Callable[[Any, Any], Any]]] = MappingProxyType(
    {
        "==": operator.eq,
        "!=": operator.ne,
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
    }
)


def spells(value: object, text: str) -> Truth:
    """Whether an attribute, a text, a whole number or a UUID, is what a text spells, in its one canonical spelling.

    ``"007"`` is not 7: whoever can choose her subject must not become somebody else by a leading zero.
    """
    if value is None:
        return None
    spelled = spelling(value)
    # What no database can hold is in no row.
    return spelled == text and "\0" not in text and _encodable(text)


def spelling(value: object) -> str:
    """The one canonical spelling of what may name somebody, or a place. Raises ``TypeError`` for anything else."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, UUID) or (isinstance(value, int) and not isinstance(value, bool)):
        return str(value)
    message = f"a {type(value).__name__} names nobody: text, whole numbers and UUIDs do"
    raise TypeError(message)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def both(truths: "list[Truth]") -> Truth:
    """True if all are; False if one is; else unknown."""
    if False in truths:
        return False
    return None if None in truths else True


def either(truths: "list[Truth]") -> Truth:
    """True if one is; False if all are; else unknown."""
    if True in truths:
        return True
    return None if None in truths else False


def negate(truth: Truth) -> Truth:
    """The opposite; of what is unknown, unknown."""
    return None if truth is None else not truth


def compare(have: Any, op: Op, want: Any) -> Truth:
    """The comparison that SQL would make."""
    if op in ("is", "is not"):
        return (have is want) is (op == "is")
    if op in ("in", "not in"):
        found = either([compare(have, "==", one) for one in want])
        return found if op == "in" else negate(found)
    if have is None or want is None:
        return None
    return bool(_COMPARISONS[op](have, want))
