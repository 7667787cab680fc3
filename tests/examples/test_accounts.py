"""Accounts in a dozen lines: registered by mail or seeded by a command, and signed in."""

import pytest
from tests.examples.program import PAGE, PASSWORD, confirm, length, load

from ostiary.testing import AuthKit


@pytest.fixture
def app(monkeypatch):
    return load("accounts", monkeypatch).app


def test_the_example_is_as_short_as_its_model():
    assert length("accounts") <= 12


def test_somebody_registers_confirms_her_address_and_signs_in(app):
    with AuthKit(app) as kit:
        browser = kit.client()
        answer = browser.get("/protected", headers=PAGE)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/auth/sign-in?next=%2Fprotected")
        form = {"identifier": "ada@example.com", "password": PASSWORD}
        assert browser.post("/auth/register", data=form, headers=PAGE).status_code == 202
        # Nobody signs in before the address is confirmed.
        assert browser.post("/auth/sign-in", data=form, headers=PAGE).status_code == 401
        confirmed = confirm(kit, browser, "ada@example.com")
        assert confirmed.headers["Location"] == "/auth/sign-in?why=confirmed"
        answer = browser.post("/auth/sign-in?next=%2Fprotected", data=form, headers=PAGE)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/protected")
        assert browser.get("/protected").text == "Signed in as ada@example.com"


def test_the_seed_can_be_run_at_every_start(app):
    with AuthKit(app) as kit:
        for _ in range(2):
            assert app.test_cli_runner().invoke(args=["seed"]).exit_code == 0
        body = {"identifier": "user@example.com", "password": PASSWORD}
        assert kit.client().post("/auth/sign-in", json=body).status_code == 200
        assert kit.client("user@example.com").get("/protected").text == "Signed in as user@example.com"


def test_a_program_gets_401_and_never_a_page(app):
    with AuthKit(app) as kit:
        answer = kit.client().get("/protected")
        assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
