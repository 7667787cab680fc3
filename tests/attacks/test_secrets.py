"""Secrets: what a whole journey leaves in logs, events, rows, answers and representations. None of them holds a secret."""

import logging
import sqlite3

import pytest
from sqlalchemy import inspect, text
from tests.features.passwords.people import ADA, BETTER, GOOD, PAGE, open_people

from ostiary import RememberMe

WRONG = "a wrong password that she typed"


@pytest.fixture
def people(database_url):
    with open_people(database_url, further=(RememberMe(),)) as made:
        yield made


def journey(people):
    """Register, confirm, sign in remembered, forget, reset, change, sign out; the answer is every secret on the way."""
    browser, secrets, answers = people.browser(), {GOOD, BETTER, WRONG}, []

    def note(answer):
        answers.append(answer)
        for stem in ("session", "registration", "reset", "remember", "csrf", "device"):
            value = browser.cookie(f"ostiary_{stem}")
            if value:
                # What identifies a row (before the dot) is no secret.
                secrets.add(value.rpartition(".")[2])
        return answer

    note(people.register(browser))
    token = people.token()
    secrets.add(token.rpartition(".")[2])
    note(browser.get(people.mailbox.last(ADA).link, headers=PAGE))
    note(people.confirm(browser, token, password=WRONG))
    note(browser.post("/auth/sign-in", json={"identifier": ADA, "password": WRONG}))
    note(browser.post("/auth/sign-in", data={"identifier": ADA, "password": GOOD, "remember": "on"}, headers=PAGE))
    note(browser.post("/auth/forgot-password", json={"identifier": ADA}))
    token = people.token()
    secrets.add(token.rpartition(".")[2])
    note(browser.get(people.mailbox.last(ADA).link, headers=PAGE))
    note(browser.post("/auth/reset-password", data={"password": "short"}, headers=PAGE))
    note(browser.post("/auth/reset-password", data={"password": BETTER}, headers=PAGE))
    note(browser.post("/auth/reset-password", json={"token": token, "password": BETTER}))
    note(browser.post("/auth/sign-in", json={"identifier": ADA, "password": BETTER, "remember": True}))
    browser.delete_cookie("ostiary_session")
    note(browser.get("/"))
    note(browser.post("/auth/change-password", json={"current": WRONG, "password": GOOD}))
    note(browser.post("/auth/change-password", json={"current": BETTER, "password": GOOD}))
    note(browser.get("/auth/account", headers=PAGE))
    note(browser.post("/auth/sign-out", json={}))
    assert [answer.status_code for answer in answers] == [
        *(202, 200, 200, 401, 303, 202, 303, 422, 303, 410, 200, 200, 422, 200, 200, 204),
    ]
    return secrets, answers


@pytest.mark.attack("J14")
@pytest.mark.asvs("V16.2.5")
def test_no_log_and_no_event_of_a_whole_journey_holds_a_secret(people, caplog):
    with caplog.at_level(logging.DEBUG):
        secrets, _ = journey(people)
    said = caplog.text + "".join(map(repr, people.events))
    said += repr([(record.args, record.exc_info) for record in caplog.records])
    found = {secret for secret in secrets if secret in said}
    assert not found


@pytest.mark.asvs("V11.4.2")
def test_no_row_of_a_whole_journey_holds_a_secret(people):
    secrets, _ = journey(people)
    # Once more, so that links are on their way.
    browser = people.browser()
    people.register(browser, "bob@example.com", "the password that bob has chosen")
    browser.post("/auth/forgot-password", json={"identifier": ADA})
    secrets |= {people.token("bob@example.com").rpartition(".")[2], people.token().rpartition(".")[2]}
    secrets |= {"the password that bob has chosen", "bob@example.com"}
    with people.database.read() as connection:
        names = inspect(connection).get_table_names()
        rows = [row for name in names for row in connection.execute(text(f'SELECT * FROM "{name}"'))]
    dump = "".join(str(bytes(value) if isinstance(value, memoryview) else value) for row in rows for value in row)
    assert len(names) > 8
    assert not {secret for secret in secrets if secret in dump}


def test_no_file_of_the_database_holds_one_either(sqlite_url):
    """What was deleted may stay on the pages of a file, and in its log."""
    with open_people(sqlite_url, further=(RememberMe(),)) as people:
        secrets, _ = journey(people)
        file = people.database.file
        content = b"".join(part.read_bytes() for part in file.parent.iterdir() if part.name.startswith(file.name))
        assert sqlite3.connect(file).execute("SELECT count(*) FROM ostiary_audit").fetchone()[0] > 0
    assert not {secret for secret in secrets if secret.encode() in content}


def test_no_page_and_no_document_repeats_a_password_or_a_token_of_a_cookie(people):
    secrets, answers = journey(people)
    # The token of a confirmation is in the form behind its link, and a CSRF token is masked: neither is a cookie.
    for answer in answers:
        assert not {secret for secret in (GOOD, BETTER, WRONG) if secret in answer.text}
    cookies = {secret for secret in secrets if len(secret) == 43}
    account = next(answer for answer in answers if "Your account" in answer.text)
    assert not {secret for secret in cookies if secret in account.text}
