"""Many values in one parameter: ``column IN (…)`` for whoever holds something at forty thousand places.

A database takes so many parameters and no more (SQLite 32,766 as it is shipped, PostgreSQL 65,535), and how many places
somebody holds something at is not the application's to bound. On SQLite the values travel as JSON, on PostgreSQL as an
array; elsewhere each is a parameter of its own, as in every ``IN``.
"""

import json
from collections.abc import Sequence
from typing import Any, Final, cast

from sqlalchemy import ARRAY, Boolean, ColumnElement, Dialect, Text, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

FEW: Final = 500
"""How many values are written as parameters. With few of them a database plans better, knowing how many there are."""


class _Many(TypeDecorator[Sequence[Any]]):
    """A list of values of one type, as one value."""

    impl = Text
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """An array, or text."""
        return ARRAY(self.item) if dialect.name == "postgresql" else Text()

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> Any:
        """The values, each as the column holds it."""
        if dialect.name == "postgresql" or value is None:
            return value
        stored = self.item.dialect_impl(dialect).bind_processor(dialect)
        return json.dumps([one if stored is None else stored(one) for one in value], ensure_ascii=False)


class _OneOfMany(FunctionElement[bool]):
    """Whether a column is one of many values. Its clauses: the column, the values in one parameter, and the same as ``IN``."""

    name = "one_of_many"
    type = Boolean()
    inherit_cache = True


def one_of(
    each: ColumnElement[bool], column: ColumnElement[Any], values: Sequence[Any], item: TypeEngine[Any]
) -> ColumnElement[bool]:
    """``each``, a column ``IN`` these values, with as few parameters as the database takes.

    ``item`` is the type of one value in the one parameter. No value is None; unknown where the column is, as ``IN`` is.
    """
    if len(values) <= FEW:
        return each
    together = bindparam(None, list(values), type_=_Many(item), unique=True)
    # What is compiled is kept for other values. So both forms stand in the element, and none is made while it is compiled.
    return cast("ColumnElement[bool]", _OneOfMany(column, together, each))


@compiles(_OneOfMany)
def _as_in(element: _OneOfMany, compiler: Any, **options: Any) -> str:
    _, _, each = element.clauses
    return f"({compiler.process(each, **options)})"


@compiles(_OneOfMany, "sqlite")
def _as_json(element: _OneOfMany, compiler: Any, **options: Any) -> str:
    column, together, _ = element.clauses
    values = compiler.process(together, **options)
    among = f"(SELECT value FROM json_each({values}))"  # noqa: S608 - the name of a parameter
    return f"({compiler.process(column, **options)} IN {among})"


@compiles(_OneOfMany, "postgresql")
def _as_array(element: _OneOfMany, compiler: Any, **options: Any) -> str:
    column, together, _ = element.clauses
    return f"({compiler.process(column, **options)} = ANY ({compiler.process(together, **options)}))"
