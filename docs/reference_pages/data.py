"""The data inventory: every column there is, how sensitive it is, and what protects it."""

from types import MappingProxyType
from typing import Final

from reference_pages.source import page, table

LEVELS: Final = MappingProxyType(
    {
        "operational": (
            "no secret, and nothing of a person: ids, instants, counters, states",
            "the database's own access control",
        ),
        "personal": (
            "about a person: who she is, how she is reached, where and when she was here",
            "as above; shown to herself and to operators, never in a URL; goes with its row, see how long each lives",
        ),
        "verifier": (
            "proves a secret and is none",
            (
                "SHA-256 of 256 random bits, or Argon2id of what a person chose; never shown, logged or exported; compared in "
                "constant time"
            ),
        ),
        "sealed": (
            "has to be read back, and is nobody's business",
            "AES-256-GCM under a key that is not in the database, bound to its row",
        ),
    }
)
"""The levels: what belongs there, and what protects it."""

COLUMNS: Final = MappingProxyType(
    {
        "ostiary_accounts": {
            "operational": ("id", "state", "created_at"),
            "personal": ("reason", "attributes"),
        },
        "ostiary_api_keys": {
            "operational": ("id", "epoch", "scope", "allowance", "created_at", "expires_at", "used_at", "successor"),
            "personal": ("subject", "name", "tenant", "of_member", "used_from"),
            "verifier": ("secret_hash",),
        },
        "ostiary_audit": {"operational": ("id", "at", "event"), "personal": ("subject", "actor", "detail")},
        "ostiary_ephemeral": {"operational": ("key", "number", "expires_at"), "personal": ("value",)},
        "ostiary_group_members": {
            "operational": ("group_name", "added_at"),
            "personal": ("subject", "added_by"),
        },
        "ostiary_groups": {"operational": ("name", "made_at"), "personal": ("made_by",)},
        "ostiary_identifiers": {
            "operational": ("kind", "account", "verified_at"),
            "personal": ("value", "shown", "skeleton"),
        },
        "ostiary_one_time_tokens": {
            "operational": ("id", "purpose", "epoch", "created_at", "expires_at"),
            "personal": ("subject",),
            "verifier": ("secret_hash", "binding_hash"),
            "sealed": ("payload",),
        },
        "ostiary_outbox": {
            "operational": ("id", "attempts", "due_at", "created_at", "expires_at"),
            "sealed": ("sealed",),
        },
        "ostiary_passwords": {"operational": ("changed_at",), "personal": ("subject",), "verifier": ("hash",)},
        "ostiary_refresh_families": {
            "operational": (
                "id",
                "client",
                "epoch",
                "generation",
                "started_at",
                "rotated_at",
                "idle_for",
                "ends_at",
                "session",
                "factors",
                "scope",
                "audience",
                "access_for",
            ),
            "personal": ("subject", "claims", "tenant", "device", "network"),
            "verifier": ("salt",),
        },
        "ostiary_remember_series": {
            "operational": ("id", "epoch", "generation", "started_at", "rotated_at", "ends_at", "session"),
            "personal": ("subject", "device", "network"),
            "verifier": ("salt",),
        },
        "ostiary_revocations": {
            "operational": ("number", "kind", "value", "made_at", "expires_at"),
            "personal": ("key",),
        },
        "ostiary_role_assignments": {
            "operational": ("holder_kind", "role", "ends_at", "given_at"),
            "personal": ("holder", "place", "given_by"),
        },
        "ostiary_role_grants": {"operational": ("role", "entry")},
        "ostiary_roles": {"operational": ("name", "changed_at"), "personal": ("changed_by",)},
        "ostiary_sessions": {
            "operational": ("id", "epoch", "started_at", "seen_at", "idle_for", "ends_at", "factors"),
            "personal": ("subject", "actor", "tenant", "device", "network"),
            "verifier": ("secret_hash",),
        },
        "ostiary_signing_keys": {
            "operational": (
                "kid",
                "algorithm",
                "public",
                "created_at",
                "signs_from",
                "signs_until",
                "verifies_until",
            ),
            "sealed": ("sealed",),
        },
        "ostiary_subjects": {"operational": ("epoch", "rights"), "personal": ("subject",)},
        "ostiary_upstream_identities": {"operational": ("account", "linked_at"), "personal": ("issuer", "subject")},
    }
)
"""Every column of ours, by its table and its level. A test compares it with a database that was just made."""


def data_inventory() -> str:
    """The page."""
    rows = [
        (f"`{name}`", *(", ".join(f"`{column}`" for column in levels.get(level, ())) for level in LEVELS))
        for name, levels in COLUMNS.items()
    ]
    return page(
        "# Data inventory\n",
        "Every column there is, how sensitive it is (ASVS 5.0 V14.1.1), and what protects it (V14.1.2).\n",
        table(["level", "what", "protected by"], [(level, *words) for level, words in LEVELS.items()]),
        "## Columns\n",
        table(["table", *LEVELS], rows),
        "What a key of `ostiary_ephemeral` is made of is a keyed digest: names and addresses of people cannot be read from it.\n"
        "Its values are sign-ins that are half finished, and live for minutes.\n\n"
        "No password, token, cookie, code or key stands in any column in the plain.\n",
    )
