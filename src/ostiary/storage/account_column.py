"""Account key: a column of the application's own model that refers to an account, across two migration histories.

The foreign key points at a column of a table that is in no metadata of the application: SQLAlchemy then writes
``REFERENCES ostiary_accounts (id)`` and leaves the table itself to whoever creates it, which is our migration.
"""

from typing import Final

from sqlalchemy import Column, ForeignKey, MetaData, Table
from sqlalchemy.orm import MappedColumn, mapped_column

from ostiary.storage.tables import ID

# A likeness in a metadata of its own: nothing ever creates, drops or compares it.
_ACCOUNTS: Final = Table("ostiary_accounts", MetaData(), Column("id", ID, primary_key=True))


def account_key(primary_key: bool = False, ondelete: str = "CASCADE") -> MappedColumn[str]:  # noqa: FBT001, FBT002 - as API
    """A column that holds the id of an account.

    ``id: Mapped[str] = account_key(primary_key=True)``

    ``ondelete`` is what happens to the row when the account is deleted: ``"CASCADE"``, ``"SET NULL"``, ``"RESTRICT"``.
    Ostiary's tables have to exist before the application's are created (``flask ostiary db upgrade``).
    """
    return mapped_column(ID, ForeignKey(_ACCOUNTS.c.id, ondelete=ondelete), primary_key=primary_key)
