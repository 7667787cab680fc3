"""The SQL of the ephemeral store: one statement for each atomic verb, the same on SQLite and PostgreSQL.

Each reads and writes in one step. PostgreSQL locks the row and looks at it again before it writes
(READ COMMITTED, manual §13.2.1); SQLite has one writer.
"""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    LargeBinary,
    MetaData,
    Table,
    Text,
    and_,
    bindparam,
    case,
    delete,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.sql.expression import ColumnElement, Executable

from ostiary.storage.database_url import DialectName
from ostiary.storage.tables import ID, NAMING
from ostiary.storage.upsert import upsert

# Not in the shared metadata: on SQLite this table lives in a file of its own.
ephemeral: Final = Table(
    "ostiary_ephemeral",
    MetaData(naming_convention=NAMING),
    Column("key", ID, primary_key=True),
    Column("value", LargeBinary),
    Column("number", BigInteger, nullable=False, server_default="0"),
    Column("expires_at", BigInteger, nullable=False, index=True),
)

_KEY: Final = bindparam("the_key", type_=Text())
_VALUE: Final = bindparam("the_value", type_=LargeBinary())
_NUMBER: Final = bindparam("the_number", type_=BigInteger())
_EXPIRES: Final = bindparam("expires", type_=BigInteger())
_NOW: Final = bindparam("now", type_=BigInteger())
_COST: Final = bindparam("cost", type_=BigInteger())
_BURST: Final = bindparam("burst", type_=BigInteger())
_LIMIT: Final = bindparam("batch", type_=BigInteger())


class Statements:
    """The statements for one dialect. Parameters: ``the_key`` and those named beside each."""

    def __init__(self, dialect: DialectName) -> None:
        greatest = func.max if dialect == "sqlite" else func.greatest
        t = ephemeral.c
        alive = and_(t.key == _KEY, t.expires_at > _NOW)
        whole = upsert(ephemeral, dialect).values(key=_KEY, value=_VALUE, number=0, expires_at=_EXPIRES)
        replaced = {"value": whole.excluded.value, "number": 0, "expires_at": whole.excluded.expires_at}

        # the_value, expires
        self.put: Executable = whole.on_conflict_do_update(index_elements=[t.key], set_=replaced)
        # now
        self.get: Executable = select(t.value).where(alive)
        # now
        self.consume_once: Executable = delete(ephemeral).where(alive).returning(t.value)
        # the_value, expires, now
        self.add: Executable = whole.on_conflict_do_update(
            index_elements=[t.key], set_=replaced, where=t.expires_at <= _NOW
        ).returning(literal(1))
        # the_old, the_value, expires, now
        self.compare_and_set: Executable = (
            update(ephemeral)
            .where(alive, t.value == bindparam("the_old", type_=LargeBinary()))
            .values(value=_VALUE, expires_at=_EXPIRES)
            .returning(literal(1))
        )
        # cost, burst, now
        arrival: ColumnElement[int] = greatest(t.number, _NOW) + _COST
        self.increment_within: Executable = (
            upsert(ephemeral, dialect)
            .values(key=_KEY, number=_NOW + _COST, expires_at=_NOW + _COST)
            .on_conflict_do_update(
                index_elements=[t.key],
                set_={"number": arrival, "expires_at": arrival},
                where=arrival - _NOW <= _BURST,
            )
            .returning(t.number)
        )
        # cost, now
        self.give_back: Executable = (
            update(ephemeral).where(alive).values(number=t.number - _COST, expires_at=t.expires_at - _COST)
        )
        # the number of a limit, whether it is alive or not
        self.number: Executable = select(t.number).where(t.key == _KEY)
        # the_number, expires, now
        begun = upsert(ephemeral, dialect).values(key=_KEY, number=_NUMBER, expires_at=_EXPIRES)
        is_alive = t.expires_at > _NOW
        self.count: Executable = begun.on_conflict_do_update(
            index_elements=[t.key],
            set_={
                "number": _either(is_alive, t.number + begun.excluded.number, begun.excluded.number),
                "expires_at": _either(is_alive, t.expires_at, begun.excluded.expires_at),
            },
        ).returning(t.number)
        self.delete: Executable = delete(ephemeral).where(t.key == _KEY)
        # now, batch
        expired = select(t.key).where(t.expires_at <= _NOW).limit(_LIMIT)
        self.prune: Executable = delete(ephemeral).where(
            t.key.in_(expired.with_for_update(skip_locked=True)), t.expires_at <= _NOW
        )


def _either(condition: ColumnElement[bool], yes: Any, no: Any) -> ColumnElement[Any]:
    return case((condition, yes), else_=no)
