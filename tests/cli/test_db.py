"""``ostiary db``: upgrade, status, prune, on a real database."""

import json

import pytest
from click.testing import CliRunner

from ostiary.cli.main import main
from ostiary.features.audit_log.store import audit
from ostiary.features.sessions.store import sessions
from ostiary.kernel.clock import DAY, SystemClock
from ostiary.storage.database import Database


def run(url, *words):
    return CliRunner().invoke(main, ["--database", url, "db", *words])


def session(id: str, *, ends_at: int) -> dict[str, object]:
    times = {"started_at": 1, "seen_at": 1, "idle_for": DAY, "ends_at": ends_at}
    return {"id": id * 26, "secret_hash": b"x", "subject": "ada", "epoch": 0, "factors": "", **times}


def test_upgrade_makes_the_tables_and_says_from_what_to_what(database_url):
    done = run(database_url, "upgrade")
    assert (done.exit_code, done.output.startswith("Upgraded from nothing to ")) == (0, True)
    again = run(database_url, "upgrade")
    assert (again.exit_code, again.output.startswith("Up to date: ")) == (0, True)


def test_status_says_where_the_schema_stands_and_fails_while_an_upgrade_is_due(database_url):
    before = run(database_url, "status")
    assert (before.exit_code, "ostiary db upgrade" in before.output) == (1, True)
    assert json.loads(run(database_url, "status", "--json").output)["current"] is None
    run(database_url, "upgrade")
    after = run(database_url, "status")
    assert (after.exit_code, "upgrade" in after.output) == (0, False)
    facts = json.loads(run(database_url, "status", "--json").output)
    assert (facts["current"], facts["pending"]) == (facts["head"], [])


@pytest.mark.parametrize("as_json", [True, False])
def test_prune_removes_what_has_ended_and_nothing_else(database_url, as_json):
    run(database_url, "upgrade")
    now = SystemClock().now()
    database = Database.from_url(database_url)
    with database.write() as tx:
        tx.execute(sessions.insert(), [session("a", ends_at=now - 1), session("b", ends_at=now + DAY)])
        for id, at in (("c", 1), ("d", now)):
            tx.execute(audit.insert().values(id=id * 26, at=at, event="x", subject=None, detail="{}"))
    done = run(database_url, "prune", *(["--json"] if as_json else []))
    assert done.exit_code == 0
    if as_json:
        assert json.loads(done.output)["ostiary_sessions"] == 1
    else:
        assert "ostiary_sessions: 1 rows removed" in done.output
    with database.read() as connection:
        assert [row.id[0] for row in connection.execute(sessions.select())] == ["b"]
        assert [row.id[0] for row in connection.execute(audit.select())] == ["d"]
    database.close()
