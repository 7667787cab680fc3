"""Row filters: rules as a WHERE clause, ``select(Article).where(auth.visible("read", Article))``.

They hold to SQL's logic, as the rules do of one object: an attribute that is NULL makes a comparison unknown.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace as dataclass_replace
from typing import Any, Final, TypeGuard, cast
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Text, and_, bindparam, false, inspect, literal, not_, null, or_, true
from sqlalchemy import types as sqltypes
from sqlalchemy.orm import Mapper
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import ColumnClause
from sqlalchemy.types import TypeEngine

from ostiary.features.policies.condition import OPERATORS, annotations_of, is_inexact
from ostiary.features.policies.many_values import one_of
from ostiary.features.policies.rule import AllOf, AnyOf, Attribute, Not, Rule
from ostiary.features.policies.rules import (
    NOT_FOLLOWED,
    Compare,
    Holds,
    Owner,
    Related,
    Right,
    Spot,
    Tenant,
    Where,
    asks_credential,
)
from ostiary.features.policies.situation import Situation
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.errors import misconfigured

_BIGGEST: Final = 2**63


@dataclass(frozen=True, slots=True)
class RowFilter:
    """Turns rules into the WHERE clause of one question."""

    entity: Any
    situation: Situation

    def clause(self, rule: Rule) -> ColumnElement[bool]:  # noqa: PLR0911 - one branch for each kind of rule
        """The rule in SQL."""
        match rule:
            case AnyOf():
                return or_(false(), *map(self.clause, rule.rules))
            case AllOf():
                return and_(true(), *map(self.clause, rule.rules))
            case Not():
                return not_(self.clause(rule.rule))
            case Related():
                return self._related(rule)
            case Where():
                return self._adapted(rule.expression)
            case Compare():
                return self._compare(rule)
            case _:
                return self._of_caller(rule)

    def _of_caller(self, rule: Rule) -> ColumnElement[bool]:
        """A rule that compares the row with the caller; one that does not look at the row is the same for all."""
        principal = self.situation.principal
        match rule:
            case Owner() if principal:
                return self._is_one_of(rule.attribute, (principal.subject,))
            case Tenant(unbound=True):
                return self._bound_to_it_or_to_nothing(rule)
            case Tenant() if principal and principal.tenant is not None and principal.tenant[0] == rule.kind:
                return self._is_one_of(rule.attribute, (principal.tenant[1],))
            case Right() if _reads_row(rule.spot):
                return self._held(rule, rule.spot)
            case _:
                # Also one that would look at the row, and has nobody to compare it with.
                return _constant(rule.judge(self.situation).met)

    def _bound_to_it_or_to_nothing(self, rule: Tenant) -> ColumnElement[bool]:
        bound = self.situation.holder.tenant
        if bound is None:
            return true()
        # What would be met if the credential were not bound is unknown, as `Tenant` says of one object.
        here = self._is_one_of(rule.attribute, (bound[1],)) if bound[0] == rule.kind else false()
        return or_(here, _constant(None))

    def _column(self, attribute: Attribute) -> Any:
        attribute.check_is_of(inspect(self.entity).mapper.class_)
        return getattr(self.entity, attribute.name)

    def _held(self, rule: Right, spot: Spot) -> ColumnElement[bool]:
        rights, principal = self.situation.rights, self.situation.holder
        if rights is None or not principal:
            return false()
        given = rule.given_to(principal)
        now = self._at(rule, spot, rule.places(rights, principal, spot.kind), given=given)
        if given and principal.tenant is None:
            return now
        # What only the credential lacks is unknown, as `Right` says of one object.
        person = rule.places(rights, dataclass_replace(principal, tenant=None), spot.kind)
        return or_(now, and_(self._at(rule, spot, person, given=True), _constant(None)))

    def _at(self, rule: Right, spot: Spot, places: list[frozenset[str] | None], *, given: bool) -> ColumnElement[bool]:
        attribute = cast("Attribute", spot.name)
        if not given:
            return self._is_one_of(attribute, ())
        found = [true() if one is None else self._is_one_of(attribute, sorted(one)) for one in places]
        return or_(*found) if isinstance(rule, Holds) and rule.role.mode == "any" else and_(*found)

    def _is_one_of(self, attribute: Attribute, texts: Iterable[str]) -> ColumnElement[bool]:
        """``spells`` for a whole column: unknown where it is NULL, also if there is nothing it could be."""
        column: ColumnElement[Any] = self._column(attribute)
        values = [value for text in texts for value in _stored(column, text)]
        if not values:
            return and_(column.is_(None), _constant(None))
        return is_one_of_values(column, values)

    def _compare(self, rule: Compare) -> ColumnElement[bool]:
        column: ColumnElement[Any] = self._column(rule.attribute)
        value = self._column(rule.value) if isinstance(rule.value, Attribute) else rule.value
        match rule.op:
            case "is":
                return column.is_(value)
            case "is not":
                return column.is_not(value)
            case "in":
                return column.in_(value)
            case "not in":
                return column.not_in(value)
            case _ if value is None:
                # "= NULL" is unknown of every row; SQLAlchemy would write IS NULL.
                return _constant(None)
            case _:
                operator = next(one for one, op in OPERATORS.items() if op == rule.op)
                return cast("ColumnElement[bool]", column.operate(operator, value))

    def _related(self, rule: Related) -> ColumnElement[bool]:
        now = self._exists(rule, self.situation)
        if not self.situation.narrowed or not asks_credential(rule.rule):
            return now
        # What only the credential lacks is unknown, as `Related` says of one object.
        return or_(now, and_(self._exists(rule, self.situation.of_person()), _constant(None)))

    def _exists(self, rule: Related, situation: Situation) -> ColumnElement[bool]:
        relationship = self._column(rule.relationship)
        inner = RowFilter(relationship.property.mapper.class_, situation.about(None)).clause(rule.rule)
        found = relationship.any(inner) if relationship.property.uselist else relationship.has(inner)
        return cast("ColumnElement[bool]", found)

    def _adapted(self, expression: Any) -> ColumnElement[bool]:
        """An expression over the class as one over the alias that is selected."""
        found = inspect(self.entity)
        if not found.is_aliased_class:
            return cast("ColumnElement[bool]", expression)

        def replace(element: Any, **_: Any) -> Any:
            if not isinstance(element, ColumnClause):
                return None
            annotations = annotations_of(element)
            owner, key = annotations.get("parententity"), annotations.get("proxy_key")
            # A column of a base class is the alias's too: left as it is, it would be any row of another table.
            if not (isinstance(owner, Mapper) and found.mapper.isa(owner) and isinstance(key, str)):
                return None
            return getattr(self.entity, key).__clause_element__()

        return cast("ColumnElement[bool]", visitors.replacement_traverse(expression, {}, replace))


def _reads_row(spot: Spot | None) -> TypeGuard[Spot]:
    return spot is not None and isinstance(spot.name, Attribute)


def _constant(met: bool | None) -> ColumnElement[bool]:  # noqa: FBT001 - a truth value of three
    return cast("ColumnElement[bool]", null() if met is None else true() if met else false())


def is_one_of_values(column: ColumnElement[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    """Whether a column is one of these, of which there is at least one, however many they are."""
    kind = column.type
    if isinstance(kind, sqltypes.Integer):
        # Of one width, whatever the column's: a number that it cannot hold is no error, but nobody.
        item: TypeEngine[Any] = BigInteger()
        given: Any = bindparam(None, list(values), type_=item, expanding=True, unique=True)
    else:
        # Text of no width: cut to the column's, a longer name would be another one.
        item, given = kind if isinstance(kind, sqltypes.Uuid) else Text(), values
    if len(values) == 1:
        one = literal(values[0], item) if isinstance(kind, sqltypes.Integer) else values[0]
        return column == one
    return one_of(column.in_(given), column, values, item)


def _stored(column: Any, text: str) -> list[Any]:
    """A text as the column would hold it, in its one canonical spelling; nothing if it could not."""
    kind = column.type
    if is_inexact(kind):
        what = f"{column} is of a type whose equality is not that of text, a whole number or a UUID"
        raise misconfigured("not_comparable", what, "write where(…, test=…) for it")
    if "\0" in text or text != text.encode(errors="replace").decode():
        return []
    match kind:
        case sqltypes.Uuid():
            try:
                found = UUID(text)
            except ValueError:
                return []
            return [found] if str(found) == text else []
        case sqltypes.Integer():
            digits = text.removeprefix("-")
            if not (digits.isascii() and digits.isdecimal()) or len(digits) > 19 or str(int(text)) != text:
                return []
            return [int(text)] if -_BIGGEST <= int(text) < _BIGGEST else []
        case sqltypes.String() if not isinstance(kind, sqltypes.Enum):
            return [text]
        case _:
            what = f"{column} is neither text nor a whole number nor a UUID, so that it names nobody"
            raise misconfigured("not_comparable", what, "write where(…, test=…) for it")


# --- what is found before the first view ---------------------------------------------------------------------


def mapper_of(entity: Any) -> Mapper[Any] | None:
    """The mapper of a class or an alias; None for what is not mapped."""
    found = inspect(entity, raiseerr=False)
    return getattr(found, "mapper", None)


def target_of(type_: Any, name: str) -> type | None:
    """The class that a relationship leads to; None for what is none that can be followed."""
    relationship = inspect(type_).relationships.get(name)
    if relationship is None or relationship.lazy in NOT_FOLLOWED:
        return None
    return cast("type", relationship.mapper.class_)


def check_names_somebody(type_: Any, name: str) -> None:
    """Refuse a column that cannot hold a subject or a place. Raises ``ConfigurationError``."""
    _stored(getattr(type_, name), "1")


def subclasses(mapper: Mapper[Any]) -> list[type]:
    """The mapped classes whose rows a query for this one answers, too."""
    return [one.class_ for one in mapper.self_and_descendants if one is not mapper]


def where_false() -> ColumnElement[bool]:
    """No row."""
    return false()


def where_all(clauses: Iterable[ColumnElement[bool]]) -> ColumnElement[bool]:
    """Every one of them."""
    return and_(true(), *clauses)
