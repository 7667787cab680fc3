"""The migration history: what the newest schema is called, and which tables it has.

Said here as well as in ``versions/``, so that a process whose schema is up to date never imports Alembic.
"""

from typing import Final

VERSION_TABLE: Final = "ostiary_alembic_version"

HEAD: Final = "0001"
"""The newest revision in ``versions/``."""

TABLES: Final = frozenset({"ostiary_subjects", "ostiary_sessions", "ostiary_audit", "ostiary_ephemeral"})
"""The tables there are at ``HEAD``, on both databases."""
