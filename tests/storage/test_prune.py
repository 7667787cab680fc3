"""Pruning removes what has expired, in batches, and nothing else."""

import pytest
from sqlalchemy import select

from ostiary.features.audit_log.store import audit
from ostiary.features.sessions.store import sessions
from ostiary.kernel.identifiers import new_id
from ostiary.storage.database import Database
from ostiary.storage.ephemeral.sql import SqlEphemeralStore
from ostiary.storage.prune import Expiring, prune


def _session(number: int, ends_at: int) -> dict[str, object]:
    return {
        "id": new_id(number, bytes(10)), "secret_hash": b"", "subject": "ada", "epoch": 0, "started_at": 0, "seen_at": 0,
        "idle_for": 1, "ends_at": ends_at, "factors": "",
    }  # fmt: skip


@pytest.mark.asvs("V14.2.7")
def test_expired_rows_go_in_batches_and_live_ones_stay(database: Database) -> None:
    with database.write() as tx:
        tx.execute(sessions.insert(), [_session(number, ends_at=number) for number in range(1, 8)])
    told: list[tuple[str, int]] = []
    removed = prune(
        database,
        5,
        tables=[Expiring(table=sessions, column="ends_at")],
        batch=2,
        progress=lambda table, so_far: told.append((table, so_far)),
    )
    assert removed == {"ostiary_sessions": 5}
    assert told == [("ostiary_sessions", 2), ("ostiary_sessions", 4), ("ostiary_sessions", 5)]
    with database.read() as connection:
        assert min(connection.execute(select(sessions.c.ends_at)).scalars()) == 6


def test_a_row_may_be_kept_for_a_while_after_its_instant(database: Database) -> None:
    with database.write() as tx:
        rows = [{"id": new_id(at, bytes(10)), "at": at, "event": "x", "detail": "{}"} for at in (10, 20, 30)]
        tx.execute(audit.insert(), rows)
    assert prune(database, 120, tables=[Expiring(table=audit, column="at", keep=100)]) == {"ostiary_audit": 2}


def test_short_lived_state_is_pruned_too(database: Database) -> None:
    store = SqlEphemeralStore(database)
    for number in range(5):
        store.put(f"key {number}", b"", expires_at=10, now=1)
    store.put("alive", b"x", expires_at=11, now=1)
    assert prune(database, 10, tables=[], ephemeral=store, batch=2) == {"ostiary_ephemeral": 5}
    assert store.get("alive", now=10) == b"x"
    store.close()
