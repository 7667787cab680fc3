"""The migration history: what the newest schema is called, and which tables it has.

Said here as well as in ``versions/``, so that a process whose schema is up to date never imports Alembic.
"""

from typing import Final

VERSION_TABLE: Final = "ostiary_alembic_version"

HEAD: Final = "0005"
"""The newest revision in ``versions/``."""

TABLES: Final = frozenset(
    {
        "ostiary_accounts",
        "ostiary_api_keys",
        "ostiary_audit",
        "ostiary_ephemeral",
        "ostiary_group_members",
        "ostiary_groups",
        "ostiary_identifiers",
        "ostiary_one_time_tokens",
        "ostiary_outbox",
        "ostiary_passwords",
        "ostiary_refresh_families",
        "ostiary_remember_series",
        "ostiary_revocations",
        "ostiary_role_assignments",
        "ostiary_role_grants",
        "ostiary_roles",
        "ostiary_sessions",
        "ostiary_signing_keys",
        "ostiary_subjects",
        "ostiary_upstream_identities",
    }
)
"""The tables there are at ``HEAD``, on both databases."""
