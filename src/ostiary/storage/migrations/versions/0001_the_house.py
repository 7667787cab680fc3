"""The house: subjects, sessions, the audit log, and short-lived state."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0001"
down_revision: Final = None

# Ids in byte order, on every locale.
_ID: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the tables."""
    _subjects()
    _sessions()
    _audit()
    _ephemeral()


def _subjects() -> None:
    op.create_table(
        "ostiary_subjects",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("rights", sa.BigInteger(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("subject", name="pk_ostiary_subjects"),
    )


def _sessions() -> None:
    op.create_table(
        "ostiary_sessions",
        sa.Column("id", _ID, nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("idle_for", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("factors", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text()),
        sa.Column("tenant", sa.Text()),
        sa.Column("device", sa.Text()),
        sa.Column("network", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_ostiary_sessions"),
    )
    op.create_index("ix_ostiary_sessions_subject", "ostiary_sessions", ["subject"])
    # seen_at has none, ever: on PostgreSQL an update of an indexed column cannot stay on its page (HOT).
    op.create_index("ix_ostiary_sessions_ends_at", "ostiary_sessions", ["ends_at"])


def _audit() -> None:
    op.create_table(
        "ostiary_audit",
        sa.Column("id", _ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text()),
        sa.Column("actor", sa.Text()),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ostiary_audit"),
        # Partitioned from the first day: a table cannot become it later. Ids begin with their time.
        postgresql_partition_by="RANGE (id)",
    )
    op.create_index("ix_ostiary_audit_subject_id", "ostiary_audit", ["subject", "id"])
    if op.get_bind().dialect.name == "postgresql":
        # A row always finds a place, also when nobody made the partitions of this month.
        op.execute("CREATE TABLE ostiary_audit_default PARTITION OF ostiary_audit DEFAULT")


def _ephemeral() -> None:
    op.create_table(
        "ostiary_ephemeral",
        sa.Column("key", _ID, nullable=False),
        sa.Column("value", sa.LargeBinary()),
        sa.Column("number", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_ostiary_ephemeral"),
        # What may be lost need not go through the log.
        prefixes=["UNLOGGED"] if op.get_bind().dialect.name == "postgresql" else [],
    )
    op.create_index("ix_ostiary_ephemeral_expires_at", "ostiary_ephemeral", ["expires_at"])
