"""``ostiary audit``: the newest first, by subject, by event, by time; for people and as JSON lines."""

import json

import pytest
from click.testing import CliRunner

from ostiary.cli.main import main
from ostiary.features.audit_log.record import AuditRecorder
from ostiary.kernel.client import NO_CLIENT
from ostiary.kernel.clock import DAY, HOUR, SystemClock
from ostiary.kernel.events import SignedOut, SignInFailed, SignInSucceeded
from ostiary.storage import schema
from ostiary.storage.database import Database


@pytest.fixture
def filled(sqlite_url):
    database = Database.from_url(sqlite_url)
    schema.upgrade(database)
    now, record = SystemClock().now(), AuditRecorder(lambda: NO_CLIENT).record
    with database.write() as tx:
        record(SignInFailed(at=now - 2 * DAY, method="password", reason="wrong_proof", subject="ada"), tx)
        record(SignInSucceeded(at=now - HOUR, subject="ada", methods=("password",), device="<b>\n\x1b[31m"), tx)
        record(SignedOut(at=now, subject="bob\n\x1b[2J\u202e", session="s"), tx)
    database.close()
    return sqlite_url


def run(url, *words):
    return CliRunner().invoke(main, ["--database", url, "audit", *words])


@pytest.mark.parametrize(
    ("words", "events"),
    [
        ([], ["signed_out", "sign_in_succeeded", "sign_in_failed"]),
        (["--subject", "ada"], ["sign_in_succeeded", "sign_in_failed"]),
        (["--event", "sign_in_failed"], ["sign_in_failed"]),
        (["--since", "1d"], ["signed_out", "sign_in_succeeded"]),
        (["--limit", "1"], ["signed_out"]),
        (["--subject", "ada", "--since", "1d"], ["sign_in_succeeded"]),
        (["--subject", "' OR '1'='1"], []),
    ],
)
def test_entries_are_chosen_and_shown_the_newest_first(filled, words, events):
    lines = [json.loads(line) for line in run(filled, "--json", *words).output.splitlines()]
    assert [line["event"] for line in lines] == events
    shown = run(filled, *words).output
    assert shown == "Nothing.\n" if not events else shown.count("\n") == len(events)


@pytest.mark.attack("T13")
@pytest.mark.asvs("V16.4.1")
def test_what_a_stranger_sent_cannot_forge_a_line_or_colour_a_terminal(filled):
    for words in ([], ["--json"]):
        output = run(filled, *words).output
        assert "\x1b" not in output
        assert output.count("\n") == 3


@pytest.mark.parametrize("words", [["--since", "soon"], ["--since", "0"], ["--limit", "0"], ["--limit", "many"]])
def test_what_cannot_be_read_is_a_usage_error(filled, words):
    done = run(filled, *words)
    assert done.exit_code == 2
    assert "Traceback" not in done.output


def test_a_database_that_was_never_upgraded_names_the_command(sqlite_url):
    done = run(sqlite_url)
    assert done.exit_code == 1
    assert "ostiary db upgrade" in done.output + str(done.exception)
