"""Table definitions: the shared metadata and the few column types that both databases store alike.

Only TEXT, BIGINT (milliseconds since the epoch, or a count) and bytes. Dates, UUIDs and JSON differ
between drivers, and the guard reads raw rows. The migrations create the tables; what features declare
here is for building statements.
"""

from typing import Any, Final

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, Text
from sqlalchemy.types import TypeEngine

# Names of constraints and indexes are the same on both databases, so that migrations can drop them.
NAMING: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

metadata: Final = MetaData(naming_convention=NAMING)

TEXT: Final = Text()
BIGINT: Final = BigInteger()
BYTES: Final = LargeBinary()

# Byte order, so that the text of an id sorts as its time on every locale. SQLite's BINARY is its default.
ID: Final[TypeEngine[str]] = Text().with_variant(Text(collation="C"), "postgresql")


def id_column(name: str, **options: Any) -> Column[str]:
    """A column for a 26-character identifier; ``options`` are those of ``sqlalchemy.Column``."""
    return Column(name, ID, **options)
