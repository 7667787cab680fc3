"""Tokens: signing keys, families of refresh tokens, the log of what was revoked, keys of programs."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0003"
down_revision: Final = "0002"

_ID: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
# SQLite counts by itself only in a column that is INTEGER to the letter.
_NUMBER: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables."""
    _signing_keys()
    _refresh_families()
    _revocations()
    _api_keys()


def _signing_keys() -> None:
    op.create_table(
        "ostiary_signing_keys",
        # The thumbprint of RFC 7638.
        sa.Column("kid", _ID, nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("public", sa.Text(), nullable=False),
        # NULL where only the public half was imported.
        sa.Column("sealed", sa.LargeBinary()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("signs_from", sa.BigInteger(), nullable=False),
        sa.Column("signs_until", sa.BigInteger()),
        sa.Column("verifies_until", sa.BigInteger()),
        sa.PrimaryKeyConstraint("kid", name="pk_ostiary_signing_keys"),
    )


def _refresh_families() -> None:
    op.create_table(
        "ostiary_refresh_families",
        sa.Column("id", _ID, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("client", sa.Text()),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("rotated_at", sa.BigInteger(), nullable=False),
        sa.Column("idle_for", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        # The session beside it, which ends with it.
        sa.Column("session", _ID),
        sa.Column("factors", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text()),
        # The place its access tokens are bound to.
        sa.Column("tenant", sa.Text()),
        sa.Column("audience", sa.Text()),
        # How long its access tokens live; NULL as long as the settings say.
        sa.Column("access_for", sa.BigInteger()),
        sa.Column("claims", sa.Text()),
        sa.Column("device", sa.Text()),
        sa.Column("network", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_ostiary_refresh_families"),
    )
    op.create_index("ix_ostiary_refresh_families_subject", "ostiary_refresh_families", ["subject"])
    op.create_index("ix_ostiary_refresh_families_session", "ostiary_refresh_families", ["session"])
    op.create_index("ix_ostiary_refresh_families_ends_at", "ostiary_refresh_families", ["ends_at"])


def _revocations() -> None:
    op.create_table(
        "ostiary_revocations",
        # Followers ask for what came after the last they know, and a little before: numbers are drawn in another order
        # than transactions commit.
        sa.Column("number", _NUMBER, nullable=False, autoincrement=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_ostiary_revocations"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_ostiary_revocations_expires_at", "ostiary_revocations", ["expires_at"])


def _api_keys() -> None:
    op.create_table(
        "ostiary_api_keys",
        sa.Column("id", _ID, nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text()),
        sa.Column("tenant", sa.Text()),
        sa.Column("allowance", sa.Text()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        # No key lives for ever.
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("used_from", sa.Text()),
        sa.Column("successor", _ID),
        sa.PrimaryKeyConstraint("id", name="pk_ostiary_api_keys"),
    )
    op.create_index("ix_ostiary_api_keys_subject", "ostiary_api_keys", ["subject"])
    op.create_index("ix_ostiary_api_keys_expires_at", "ostiary_api_keys", ["expires_at"])
