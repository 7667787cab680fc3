"""Accounts with roles: what everybody may do who is signed in, and what an administrator may."""

import pytest
from tests.examples.program import PASSWORD, length, load

from ostiary.testing import AuthKit


@pytest.fixture
def program(monkeypatch):
    return load("accounts_roles", monkeypatch)


def test_the_example_is_as_short_as_its_model():
    assert length("accounts_roles") <= 12


def test_the_seeded_administrator_signs_in_and_reads(program):
    app = program.app
    with AuthKit(app) as kit:
        for _ in range(2):
            assert app.test_cli_runner().invoke(args=["seed"]).exit_code == 0
        browser = kit.client()
        body = {"identifier": "user@example.com", "password": PASSWORD}
        assert browser.get("/protected").status_code == 401
        assert browser.post("/auth/sign-in", json=body).status_code == 200
        assert browser.get("/protected").text == "Signed in as user@example.com"
        with app.app_context():
            admin = program.auth.accounts.find(email="user@example.com")
            assert program.auth.roles.of(admin) == {"admin", "reader"}
            assert program.auth.roles.permissions_of(admin) == {"user:*", "report:read"}


def test_everybody_who_is_signed_in_reads_and_nobody_else(program):
    with AuthKit(program.app) as kit:
        assert kit.client(kit.account()).get("/protected").status_code == 200
        assert kit.client().get("/protected").status_code == 401
