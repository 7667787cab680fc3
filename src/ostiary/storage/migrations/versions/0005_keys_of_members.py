"""API keys of members: whether a key's owner belonged to the place it is bound to when it was made."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0005"
down_revision: Final = "0004"


def upgrade() -> None:
    """Add the column. Keys that are there already stay bound as they were, whoever leaves."""
    op.add_column("ostiary_api_keys", sa.Column("of_member", sa.BigInteger(), nullable=False, server_default="0"))
