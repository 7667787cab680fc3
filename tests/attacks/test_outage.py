"""Outages: wherever the database goes away in a flow, the answer is 503, nothing is half done, and it can be done again."""

import sqlite3
from contextlib import contextmanager

import pytest
from sqlalchemy import event, select
from sqlalchemy.engine import Engine
from tests.features.passwords.people import ADA, BETTER, GOOD, PAGE, open_people

from ostiary import Accounts
from ostiary.features.accounts.store import accounts, identifiers
from ostiary.features.one_time_tokens.store import one_time_tokens
from ostiary.features.passwords.store import passwords
from ostiary.features.rate_limits import RateLimits
from ostiary.storage.failures import unavailable_on_failure
from ostiary.storage.guard_reads import GuardReads
from ostiary.storage.outbox import outbox
from ostiary.storage.subjects import subjects


class _Away(sqlite3.OperationalError):
    """What SQLite raises when its file cannot be read any more; taken for an outage on every database."""

    sqlite_errorcode = sqlite3.SQLITE_IOERR


@contextmanager
def away_from(number, monkeypatch):
    """Statements and commits are counted, the guard's reads too; from the given number on, the database is away."""
    count = 0

    def one_more(*_):
        nonlocal count
        count += 1
        if count >= number:
            raise _Away

    original = GuardReads.fetch_one

    def fetch_one(reads, read, parameters):
        with unavailable_on_failure():
            one_more()
        return original(reads, read, parameters)

    points = ("before_cursor_execute", "commit")
    with monkeypatch.context() as patched:
        patched.setattr(GuardReads, "fetch_one", fetch_one)
        for point in points:
            event.listen(Engine, point, one_more)
        try:
            yield
        finally:
            for point in points:
                event.remove(Engine, point, one_more)


def kept(people):
    """Everything that a flow could leave behind."""
    with people.database.read() as connection:
        return [
            sorted(tuple(map(str, row)) for row in connection.execute(select(table)))
            for table in (accounts, identifiers, passwords, one_time_tokens, subjects, outbox)
        ]


def sweep(people, monkeypatch, act, *, expected):
    """Let the database go away at every point of an act in turn, until one act comes through."""
    for number in range(1, 200):
        before, letters = kept(people), len(people.mailbox.sent)
        with away_from(number, monkeypatch):
            answer = act()
        if answer.status_code == expected:
            return
        assert answer.status_code == 503, (number, answer.status_code, answer.data)
        assert kept(people) == before, f"something is half done when the database goes away at {number}"
        assert len(people.mailbox.sent) == letters
    pytest.fail("it never came through")


@pytest.fixture(params=[False, True], ids=["confirmed", "unverified"])
def people(database_url, request):
    # Every attempt of a sweep would use up the limits.
    further = (RateLimits(enabled=False),)
    config = {"OSTIARY_MAIL_URL": "memory:"}
    settings = Accounts(unverified_may_sign_in=request.param)
    with open_people(database_url, accounts=settings, further=further, config=config) as made:
        made.app.testing = False
        made.accounts.create(email="bob@example.com", password=GOOD)
        made.browser().get("/auth/sign-in")
        yield made


@pytest.mark.asvs("V16.5.3")
@pytest.mark.asvs("V2.3.3")
@pytest.mark.parametrize("address", [ADA, "bob@example.com"])
def test_a_registration_that_fails_leaves_nothing_and_mails_nobody(people, monkeypatch, address):
    browser = people.browser()
    sweep(people, monkeypatch, lambda: people.register(browser, address), expected=202)


@pytest.mark.asvs("V16.5.3")
@pytest.mark.asvs("V2.3.3")
def test_a_confirmation_that_fails_leaves_the_link_good(people, monkeypatch):
    browser = people.browser()
    people.register(browser)
    sweep(people, monkeypatch, lambda: people.confirm(browser), expected=200)
    assert people.sign_in(browser).status_code == 200


@pytest.mark.asvs("V16.5.3")
@pytest.mark.parametrize("address", ["bob@example.com", "nobody@example.com"])
def test_a_question_for_a_link_that_fails_mails_nobody(people, monkeypatch, address):
    browser = people.browser()
    ask = lambda: browser.post("/auth/forgot-password", json={"identifier": address})  # noqa: E731 - one line
    sweep(people, monkeypatch, ask, expected=202)


@pytest.mark.asvs("V16.5.3")
@pytest.mark.asvs("V2.3.3")
def test_a_reset_that_fails_leaves_the_old_password_and_the_link(people, monkeypatch):
    people.browser().post("/auth/forgot-password", json={"identifier": "bob@example.com"})
    body = {"token": people.token("bob@example.com"), "password": BETTER}
    sweep(people, monkeypatch, lambda: people.browser().post("/auth/reset-password", json=body), expected=200)
    assert people.sign_in(people.browser(), "bob@example.com", BETTER).status_code == 200


@pytest.mark.asvs("V16.5.3")
@pytest.mark.asvs("V2.3.3")
def test_a_change_of_password_that_fails_leaves_the_old_one_and_one_that_is_done_says_so(people, monkeypatch):
    browser = people.browser()
    people.sign_in(browser, "bob@example.com")
    body = {"current": GOOD, "password": BETTER}
    sweep(people, monkeypatch, lambda: browser.post("/auth/change-password", json=body), expected=200)
    assert browser.get("/").status_code == 200, (
        "this browser is signed in, whether or not a new session could be started"
    )
    assert people.sign_in(people.browser(), "bob@example.com", BETTER).status_code == 200


@pytest.mark.asvs("V16.5.3")
@pytest.mark.parametrize(
    "path",
    [
        "/auth/register",
        "/auth/verify-address?token=x",
        "/auth/reset-password?token=x",
        "/auth/account",
        "/auth/sign-in",
    ],
)
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_page_without_a_database_is_a_503_or_needs_none(people, monkeypatch, path, number):
    browser = people.browser()
    people.sign_in(browser, "bob@example.com")
    token = f"{'0' * 26}.{'a' * 43}"
    with away_from(number, monkeypatch):
        answer = browser.get(path.replace("=x", f"={token}"), headers=PAGE)
    assert answer.status_code in (200, 303, 410, 503)
