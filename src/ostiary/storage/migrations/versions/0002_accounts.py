"""Accounts: people, their identifiers and passwords, links of one use, remembered browsers, mail that waits."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0002"
down_revision: Final = "0001"

# Ids and canonical identifiers in byte order, on every locale: two that differ in a byte are two.
_ID: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the tables."""
    _accounts()
    _identifiers()
    _upstream_identities()
    _passwords()
    _one_time_tokens()
    _remember_series()
    _outbox()


def _accounts() -> None:
    op.create_table(
        "ostiary_accounts",
        sa.Column("id", _ID, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        # JSON as text: what no listener of the application takes of a registration.
        sa.Column("attributes", sa.Text(), nullable=False, server_default="{}"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ostiary_accounts"),
    )


def _identifiers() -> None:
    op.create_table(
        "ostiary_identifiers",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", _ID, nullable=False),
        sa.Column("account", _ID, nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        # What a name looks like: two names that a person would confuse have the same. NULL where looks do not matter.
        sa.Column("skeleton", _ID),
        sa.Column("verified_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("kind", "value", name="pk_ostiary_identifiers"),
        sa.ForeignKeyConstraint(
            ["account"], ["ostiary_accounts.id"], name="fk_ostiary_identifiers_account", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("kind", "skeleton", name="uq_ostiary_identifiers_kind"),
    )
    op.create_index("ix_ostiary_identifiers_account", "ostiary_identifiers", ["account"])


def _upstream_identities() -> None:
    op.create_table(
        "ostiary_upstream_identities",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", _ID, nullable=False),
        sa.Column("account", _ID, nullable=False),
        sa.Column("linked_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "subject", name="pk_ostiary_upstream_identities"),
        sa.ForeignKeyConstraint(
            ["account"], ["ostiary_accounts.id"], name="fk_ostiary_upstream_identities_account", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_ostiary_upstream_identities_account", "ostiary_upstream_identities", ["account"])


def _passwords() -> None:
    op.create_table(
        "ostiary_passwords",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name="pk_ostiary_passwords"),
    )


def _one_time_tokens() -> None:
    op.create_table(
        "ostiary_one_time_tokens",
        sa.Column("id", _ID, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("binding_hash", sa.LargeBinary()),
        sa.Column("subject", sa.Text()),
        sa.Column("epoch", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("payload", sa.LargeBinary()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ostiary_one_time_tokens"),
    )
    op.create_index("ix_ostiary_one_time_tokens_subject", "ostiary_one_time_tokens", ["subject"])
    op.create_index("ix_ostiary_one_time_tokens_expires_at", "ostiary_one_time_tokens", ["expires_at"])


def _remember_series() -> None:
    op.create_table(
        "ostiary_remember_series",
        sa.Column("id", _ID, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("rotated_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        # The session that the newest generation was exchanged for.
        sa.Column("session", _ID),
        sa.Column("device", sa.Text()),
        sa.Column("network", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_ostiary_remember_series"),
    )
    op.create_index("ix_ostiary_remember_series_subject", "ostiary_remember_series", ["subject"])
    op.create_index("ix_ostiary_remember_series_ends_at", "ostiary_remember_series", ["ends_at"])


def _outbox() -> None:
    op.create_table(
        "ostiary_outbox",
        sa.Column("id", _ID, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False, server_default="0"),
        # When it may be tried next; whoever claims it moves this ahead, so that a crash gives it back.
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ostiary_outbox"),
    )
    op.create_index("ix_ostiary_outbox_due_at", "ostiary_outbox", ["due_at"])
    op.create_index("ix_ostiary_outbox_expires_at", "ostiary_outbox", ["expires_at"])
