"""Conditions of SQLAlchemy as rules: ``where(Article.public.is_(True))``, so that they can be asked of an object.

Only what SQL and Python answer alike is understood. The rest is refused with its cure instead of being guessed at: the
order of text, a collation, a time with a zone, a type of the application's own, a function.
"""

import datetime as dt
import enum
from collections.abc import Iterable, Mapping
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlalchemy import types as sqltypes
from sqlalchemy.orm import Mapper
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import (
    AsBoolean,
    BinaryExpression,
    BindParameter,
    BooleanClauseList,
    ColumnClause,
    False_,
    Grouping,
    Null,
    True_,
    UnaryExpression,
)

from ostiary.features.policies.rule import AllOf, AnyOf, Anyone, Attribute, Nobody, Not, Rule
from ostiary.features.policies.rules import Compare
from ostiary.features.policies.three_valued import Op
from ostiary.kernel.errors import ConfigurationError, misconfigured

OPERATORS: Final[Mapping[Any, Op]] = MappingProxyType(
    {
        operators.eq: "==",
        operators.ne: "!=",
        operators.lt: "<",
        operators.le: "<=",
        operators.gt: ">",
        operators.ge: ">=",
        operators.is_: "is",
        operators.is_not: "is not",
        operators.in_op: "in",
        operators.not_in_op: "not in",
    }
)
"""What SQLAlchemy calls the comparisons that are understood."""

_ORDERED: Final = frozenset({"<", "<=", ">", ">="})
_SETS: Final = frozenset({"in", "not in"})
# Types whose equality is not that of Python: padded, or blind to case.
_INEXACT: Final = frozenset({"CHAR", "NCHAR", "CITEXT"})
_EXACT: Final = (
    sqltypes.Boolean,
    sqltypes.Integer,
    sqltypes.String,
    sqltypes.Date,
    sqltypes.DateTime,
    sqltypes.Uuid,
)
_BIGGEST: Final = 2**63


def read_condition(condition: Any) -> Rule:
    """A condition as a rule that can be asked of an object. Raises ``ConfigurationError`` for one that cannot."""
    element = condition.__clause_element__() if hasattr(condition, "__clause_element__") else condition
    if _is(element, True_):
        return Anyone()
    if _is(element, False_):
        return Nobody()
    if _is(element, Grouping):
        return read_condition(element.element)
    if _is(element, BooleanClauseList, AsBoolean, UnaryExpression):
        return _read_logic(element)
    if _is(element, BinaryExpression) and element.operator in OPERATORS:
        return _read_comparison(element)
    if _is(element, ColumnClause) and _is(element.type, sqltypes.Boolean):
        return Compare(attribute_of_column(element), "==", value=True)
    raise _not_understood(condition)


def attribute_of_column(column: Any) -> Attribute:
    """The attribute of a mapped class that a column stands for. Raises ``ConfigurationError`` for a column of a table."""
    annotations = annotations_of(column)
    mapper, key = annotations.get("parententity"), annotations.get("proxy_key")
    if not _is(mapper, Mapper) or not isinstance(key, str):
        what = f"where(…) compares the column {column.name!r}, which is taken from no mapped class"
        raise misconfigured("no_mapped_attribute", what, "write Article.public, not a column of a table")
    return Attribute(key, mapper.class_)


annotations_of: Final = attrgetter("_annotations")
"""Where SQLAlchemy keeps which attribute of which class a column is."""

_variants_of: Final = attrgetter("_variant_mapping")


def is_inexact(kind: Any) -> bool:
    """Whether this type's equality is not that of Python: padded, blind to case, or of the application's own.

    On any database: what ``with_variant`` names for one of them is what is compared there.
    """
    variants = tuple(_variants_of(kind).values())
    return any(map(_is_inexact, (kind, *variants))) or any(_family_of(one) != _family_of(kind) for one in variants)


def _is_inexact(kind: Any) -> bool:
    # A UUID as text is read in one spelling and, where the database knows no UUIDs, compared in the one it was written in.
    named = _is(kind, sqltypes.TypeDecorator) or kind.__visit_name__ in _INEXACT or _is_uuid_as_text(kind)
    return bool(named or getattr(kind, "collation", None))


def _is_uuid_as_text(kind: Any) -> bool:
    return _is(kind, sqltypes.Uuid) and not kind.as_uuid


def _family_of(kind: Any) -> tuple[type | None, bool]:
    """What a type's values are in Python, and whether they have a time zone: of one family, they are compared alike."""
    families = (sqltypes.Enum, *_EXACT)
    return next((one for one in families if _is(kind, one)), None), bool(getattr(kind, "timezone", False))


def _is(element: Any, *kinds: type[Any]) -> bool:
    """``isinstance`` for elements whose type parameters nobody knows."""
    return isinstance(element, kinds)


def _read_logic(element: Any) -> Rule:
    if _is(element, BooleanClauseList) and element.operator in (operators.and_, operators.or_):
        parts = tuple(read_condition(clause) for clause in element.clauses)
        return AllOf(parts) if element.operator is operators.and_ else AnyOf(parts)
    if element.operator in (operators.inv, operators.is_false):
        return Not(read_condition(element.element))
    if element.operator is operators.is_true:
        return read_condition(element.element)
    raise _not_understood(element)


def _read_comparison(element: Any) -> Rule:
    op = OPERATORS[element.operator]
    column, right = element.left, element.right
    if not _is(column, ColumnClause):
        raise _not_understood(element)
    attribute = attribute_of_column(column)
    if _is(right, ColumnClause):
        if op not in ("==", "!=") or type(column.type) is not type(right.type):
            raise _not_understood(element)
        for one in (column, right):
            _check_comparable(one, op, element)
        return Compare(attribute, op, attribute_of_column(right))
    value = _value_of(right, element)
    if op in ("is", "is not"):
        if not (value is None or (isinstance(value, bool) and _is(column.type, sqltypes.Boolean))):
            raise _not_understood(element)
        return Compare(attribute, op, value)
    values: Iterable[Any] = value if op in _SETS else (value,)
    _check_comparable(column, op, element)
    for one in values:
        if one is not None and not _is_value_of(column.type, one):
            raise _not_understood(element)
    return Compare(attribute, op, tuple(values) if op in _SETS else value)


def _value_of(right: Any, element: Any) -> Any:
    if _is(right, Null):
        return None
    if _is(right, True_, False_):
        return _is(right, True_)
    if _is(right, BindParameter) and right.callable is None and not right.required:
        return list(right.value) if _is(right.value, list, tuple, set, frozenset) else right.value
    raise _not_understood(element)


def _check_comparable(column: Any, op: Op, element: Any) -> None:
    """Refuse a type of which Python and the database would not say the same."""
    kind = column.type
    if not _is(kind, *_EXACT) or is_inexact(kind) or getattr(kind, "timezone", False):
        raise _not_understood(element)
    if op in _ORDERED and not _is(kind, sqltypes.Integer, sqltypes.Date, sqltypes.DateTime):
        # The order of text is the database's own: its collation.
        raise _not_understood(element)


def _is_value_of(kind: Any, value: Any) -> bool:  # noqa: PLR0911 - one branch for each type
    """Whether a value is of the column's type: SQLite would convert another, PostgreSQL refuse it, Python call it different."""
    if _is(kind, sqltypes.Enum):
        return isinstance(value, str if kind.enum_class is None else kind.enum_class)
    if _is(kind, sqltypes.String):
        return isinstance(value, str) and not isinstance(value, enum.Enum) and "\0" not in value
    if _is(kind, sqltypes.Boolean):
        return isinstance(value, bool)
    if _is(kind, sqltypes.Integer):
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _BIGGEST
    if _is(kind, sqltypes.DateTime):
        return isinstance(value, dt.datetime) and value.tzinfo is None
    if _is(kind, sqltypes.Date):
        return isinstance(value, dt.date) and not isinstance(value, dt.datetime)
    return isinstance(value, UUID)


def _not_understood(condition: Any) -> ConfigurationError:
    what = f"where({condition}) cannot be asked of an object as the database would answer it"
    cure = "say the same in Python: where(…, test=lambda article: …)"
    return misconfigured("condition_not_understood", what, cure)
