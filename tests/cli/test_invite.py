"""``flask ostiary accounts invite`` and ``withdraw``."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.cli.conftest import CHEAP, Office

from ostiary import Accounts, Passwords, Sessions


@pytest.fixture
def club(sqlite_url, tmp_path):
    made = Office(sqlite_url, tmp_path, [Accounts(registration="invited"), Passwords(**CHEAP), Sessions()])
    yield made
    made.close()


def test_somebody_is_invited_and_makes_her_account(club):
    done = club.run("accounts", "invite", "ada@shop.example", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["to"] == "ada@shop.example"
    token = parse_qs(urlsplit(club.mailbox.last("ada@shop.example").link).query)["token"][0]
    assert token not in done.output
    body = {"token": token, "password": "correct horse battery staple"}
    assert club.browser().post("/auth/accept-invitation", json=body).status_code == 201
    assert club.run("accounts", "find", "ada@shop.example").exit_code == 0


def test_an_invitation_is_taken_back(club):
    told = club.run("accounts", "invite", "ada@shop.example").output
    assert told.startswith("An invitation is on its way to ada@shop.example.")
    id = told.split()[-1]
    assert club.run("accounts", "withdraw", id).output == "Withdrawn.\n"
    again = club.run("accounts", "withdraw", id, "--json")
    assert (again.exit_code, json.loads(again.output)) == (1, {"withdrawn": False})


@pytest.mark.parametrize(("address", "told"), [("bob", "not an email address"), ("\x1b[2J@x", "not an email address")])
def test_what_is_no_address_is_told_and_nobody_is_written_to(club, address, told):
    done = club.run("accounts", "invite", address)
    assert done.exit_code == 1
    assert told in done.stderr
    assert "\x1b" not in done.stderr
    assert not club.mailbox.sent


def test_whoever_has_an_account_is_not_invited(club):
    with club.app.app_context():
        club.auth.accounts.create(email="ada@shop.example")
    done = club.run("accounts", "invite", "ada@shop.example")
    assert (done.exit_code, "has an account already" in done.stderr) == (1, True)
