"""Seals: under which key the sealed values of a column stand, counted without reading the values."""

from typing import Any

from sqlalchemy import Column, Connection, LargeBinary, func, select


def count_by_seal(connection: Connection, column: Column[Any], *, length: int) -> dict[bytes, int]:
    """How many values begin with which ``length`` bytes, where ``KeyRing.seal`` says which key it was. One statement."""
    seal = func.substr(column, 1, length, type_=LargeBinary())
    query = select(seal, func.count()).where(column.is_not(None)).group_by(seal)
    return {bytes(found): count for found, count in connection.execute(query)}
