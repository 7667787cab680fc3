"""Roles: what is defined in the database, who holds which of them where, groups and their members; where tokens act."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0004"
down_revision: Final = "0003"

# Compared byte by byte: "Admin" is not "admin", on no locale.
_NAME: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the tables, and the column of the place that a family's access tokens are bound to."""
    op.add_column("ostiary_refresh_families", sa.Column("tenant", sa.Text()))
    _definitions()
    _groups()
    _assignments()


def _definitions() -> None:
    op.create_table(
        "ostiary_roles",
        sa.Column("name", _NAME, nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.Text()),
        sa.PrimaryKeyConstraint("name", name="pk_ostiary_roles"),
    )
    op.create_table(
        "ostiary_role_grants",
        sa.Column("role", _NAME, nullable=False),
        # A permission, or the name of a role that is inherited: the one has a colon or a star, the other never.
        sa.Column("entry", _NAME, nullable=False),
        sa.PrimaryKeyConstraint("role", "entry", name="pk_ostiary_role_grants"),
    )
    op.create_index("ix_ostiary_role_grants_entry", "ostiary_role_grants", ["entry"])


def _groups() -> None:
    op.create_table(
        "ostiary_groups",
        # A word, or for an organisation its place: "org:acme".
        sa.Column("name", _NAME, nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.Text()),
        sa.PrimaryKeyConstraint("name", name="pk_ostiary_groups"),
    )
    op.create_table(
        "ostiary_group_members",
        sa.Column("group_name", _NAME, nullable=False),
        sa.Column("subject", _NAME, nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("added_by", sa.Text()),
        sa.PrimaryKeyConstraint("group_name", "subject", name="pk_ostiary_group_members"),
    )
    op.create_index("ix_ostiary_group_members_subject", "ostiary_group_members", ["subject"])


def _assignments() -> None:
    op.create_table(
        "ostiary_role_assignments",
        # "subject" or "group".
        sa.Column("holder_kind", sa.Text(), nullable=False),
        sa.Column("holder", _NAME, nullable=False),
        sa.Column("role", _NAME, nullable=False),
        # "org:acme"; the empty text is everywhere. NULL would be no part of a primary key.
        sa.Column("place", _NAME, nullable=False),
        sa.Column("ends_at", sa.BigInteger()),
        sa.Column("given_at", sa.BigInteger(), nullable=False),
        sa.Column("given_by", sa.Text()),
        sa.PrimaryKeyConstraint("holder_kind", "holder", "role", "place", name="pk_ostiary_role_assignments"),
    )
    # Who holds this role, here or anywhere; and who holds anything here.
    op.create_index("ix_ostiary_role_assignments_role", "ostiary_role_assignments", ["role", "place", "holder"])
    op.create_index("ix_ostiary_role_assignments_place", "ostiary_role_assignments", ["place"])
    op.create_index("ix_ostiary_role_assignments_ends_at", "ostiary_role_assignments", ["ends_at"])
