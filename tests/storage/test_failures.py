"""Database failures: what is away is a 503, and what went wrong is logged and shown to nobody."""

import logging
import sqlite3

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError
from tests.shop import FrozenClock, open_shop

from ostiary.features.sessions import store
from ostiary.storage.database import Database
from ostiary.storage.failures import as_unavailable

CANARY = "canary-Mozilla/5.0"


def _row(id: str) -> dict[str, object]:
    return {
        "id": id, "secret_hash": b"\0" * 32, "subject": "ada", "epoch": 0, "started_at": 1, "seen_at": 1, "idle_for": 1,
        "ends_at": 1, "factors": "", "device": CANARY, "network": None,
    }  # fmt: skip


@pytest.mark.attack("I12")
def test_an_error_of_the_database_does_not_repeat_the_row(database: Database) -> None:
    with database.write() as tx:
        store.insert(tx, _row("a"))
    with pytest.raises(IntegrityError) as caught, database.write() as tx:
        store.insert(tx, _row("a"))
    assert CANARY not in str(caught.value)


@pytest.mark.asvs("V16.3.4")
@pytest.mark.asvs("V16.5.1")
@pytest.mark.attack("I12")
def test_what_went_wrong_is_in_the_log_and_not_in_the_answer(
    database_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with open_shop(database_url, clock=FrozenClock()) as shop:
        monkeypatch.setattr("ostiary.features.sessions.start.new_id", lambda *_: "01MCC5RM00E5DB0KA02HXQNTEW")
        assert shop.browser().sign_in().status_code == 200
        with caplog.at_level(logging.ERROR):
            answer = shop.browser().sign_in(headers={"User-Agent": CANARY})
        assert answer.status_code == 500
        for word in ("ostiary_sessions", "IntegrityError", "UNIQUE", "unique", CANARY, "01MCC5RM"):
            assert word not in answer.text
        logged = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert len(logged) == 1
        assert "IntegrityError" in caplog.text
        assert CANARY not in caplog.text


def test_a_database_that_is_busy_or_gone_is_unavailable() -> None:
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    found = as_unavailable(OperationalError("SELECT 1", {"secret": CANARY}, error))
    assert found is not None
    assert (found.status, CANARY in str(found)) == (503, False)


def test_a_wrong_statement_is_not() -> None:
    error = sqlite3.OperationalError("no such table")
    error.sqlite_errorcode = sqlite3.SQLITE_ERROR
    assert as_unavailable(OperationalError("SELECT 1", {}, error)) is None
    assert as_unavailable(ValueError()) is None
