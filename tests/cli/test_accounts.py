"""``flask ostiary accounts``: found, shown, suspended, restored, closed, signed out, sent a link, on a real database."""

import json
import re

import pytest
from click.testing import CliRunner

from ostiary import Sessions
from ostiary.cli.main import main


@pytest.fixture
def ada(office):
    return office.create(email="Ada@shop.example", username="ada")


def facts(done):
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


# Finding


@pytest.mark.parametrize("text", ["ada@SHOP.example", "ADA", "id"])
def test_an_account_is_found_by_anything_it_is_known_by(office, ada, text):
    done = office.run("accounts", "find", ada.id if text == "id" else text)
    assert (done.exit_code, done.output) == (0, f"{ada.id}  active      Ada@shop.example  ada\n")
    assert facts(office.run("accounts", "find", text if text != "id" else ada.id, "--json"))["id"] == ada.id


@pytest.mark.parametrize("text", ["bob", "bob@shop.example", "+4420794609580", "0" * 26, "' OR 1=1", "", "\x1b[2J"])
def test_nobody_is_exit_code_one(office, ada, text):
    done = office.run("accounts", "find", text)
    assert (done.exit_code, done.output) == (1, "None.\n")
    assert office.run("accounts", "find", text, "--json").output == ""
    shown = office.run("accounts", "show", text)
    assert (shown.exit_code, "There is no account" in shown.stderr, "\x1b" in shown.stderr) == (1, True, False)


@pytest.mark.attack("T13")
def test_a_stranger_who_calls_herself_by_somebodys_id_is_not_taken_for_her(office, ada):
    eve = office.create(username=ada.id)
    assert [line.split()[0] for line in office.run("accounts", "find", ada.id).output.splitlines()] == [ada.id, eve.id]
    assert facts(office.run("accounts", "show", ada.id, "--json"))["id"] == ada.id
    assert facts(office.run("accounts", "suspend", ada.id, "--reason", "x", "--json"))["id"] == ada.id


# Showing


def test_the_page_of_an_account_says_what_an_operator_asks_first(office, ada):
    office.sign_in(ada.id)
    office.run("accounts", "suspend", ada.id, "--reason", "card stolen")
    lines = office.run("accounts", "show", "ada").output.splitlines()
    assert lines[0] == f"{ada.id}  suspended"
    assert re.fullmatch(r"  email         Ada@shop.example  verified \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", lines[1])
    assert lines[2] == "  username      ada"
    assert [line.split()[:2] for line in lines[4:8]] == [
        ["display_name", "Ada"],
        ["age", "-"],
        ["password", "no"],
        ["sessions", "0"],
    ]
    assert lines[9] == "Lately:"
    assert "account_suspended" in lines[10]
    assert "reason='card stolen'" in lines[10]


def test_programs_get_one_document(office, ada):
    office.sign_in(ada.id)
    shown = facts(office.run("accounts", "show", "ada", "--json"))
    assert (shown["state"], shown["verified"], shown["password"]) == ("active", True, False)
    assert (shown["sessions"], shown["remembered"]) == (1, 1)
    assert [one["kind"] for one in shown["identifiers"]] == ["email", "username"]
    assert {"registered", "sign_in_succeeded"} <= {entry["event"] for entry in shown["events"]}


@pytest.mark.attack("T13")
def test_what_a_stranger_wrote_reaches_the_terminal_spelled_out(office):
    with office.app.app_context():
        account = office.auth.accounts.create(email="zoe@shop.example", fields={"display_name": "Zo\u200eevil"})
    office.sign_in(account.id, "\x1b[2Jevil\x9b")
    for words in (["show", account.id], ["find", account.id], ["sessions", account.id]):
        output = office.run("accounts", *words).output
        assert not {"\x1b", "\x9b", "\u200e"} & set(output)
    assert r"Zo\u200eevil" in office.run("accounts", "show", account.id).output
    assert r"\x1b[2Jevil" in office.run("accounts", "sessions", account.id).output


# States


def test_a_suspended_account_is_signed_out_at_once_and_restored_as_it_was(office, ada):
    browser = office.sign_in(ada.id)
    assert browser.get("/auth/sessions").status_code == 200
    done = office.run("accounts", "suspend", "ada", "--reason", "card stolen")
    assert (done.exit_code, done.output) == (0, f"Suspended: {ada.id}  suspended   Ada@shop.example  ada\n")
    assert browser.get("/auth/sessions").status_code == 401
    assert office.run("accounts", "restore", "ada").output.startswith(f"Restored: {ada.id}  active")
    audit = office.run("audit", "--subject", ada.id).output
    assert "account_suspended" in audit
    assert "account_restored" in audit


def test_what_the_state_forbids_is_refused_with_the_reason(office, ada):
    done = office.run("accounts", "restore", "ada")
    assert (done.exit_code, "restore of an account that is active" in done.stderr) == (1, True)
    assert office.run("accounts", "close", "ada", "--yes").exit_code == 0
    done = office.run("accounts", "suspend", "ada", "--reason", "x")
    assert (done.exit_code, "an account that is closed" in done.stderr) == (1, True)


@pytest.mark.parametrize("reason", ["", "two\nlines", "x" * 501, "\x1b[2J"])
def test_a_reason_is_one_printable_line(office, ada, reason):
    done = office.run("accounts", "suspend", "ada", "--reason", reason)
    assert (done.exit_code, done.stderr.startswith("Error: reason: Give a reason")) == (1, True)
    assert office.run("accounts", "suspend", "ada").exit_code == 2


def test_closing_without_a_terminal_has_to_be_meant(office, ada):
    done = office.run("accounts", "close", "ada")
    assert (done.exit_code, "--yes" in done.stderr) == (2, True)
    assert facts(office.run("accounts", "show", "ada", "--json"))["state"] == "active"
    assert facts(office.run("accounts", "close", "ada", "--yes", "--json"))["state"] == "closed"
    assert "account_closed" in office.run("audit").output


# Sessions


@pytest.mark.asvs("V7.4.5")
def test_the_browsers_of_an_account_are_listed_and_ended(office, ada):
    browser = office.sign_in(ada.id, "Firefox")
    assert office.run("accounts", "sessions", "ada").output.endswith("Firefox\n")
    assert json.loads(office.run("accounts", "sessions", "ada", "--json").output)["device"] == "Firefox"
    assert office.run("accounts", "sessions", "ada", "--end").output == "1 sessions ended.\n"
    assert browser.get("/auth/sessions").status_code == 401
    assert office.run("accounts", "sessions", "ada").output == "None.\n"
    assert "reason='ended_by_operator'" in office.run("audit", "--event", "credentials_revoked").output


# The reset link


@pytest.mark.asvs("V6.4.6")
def test_an_operator_starts_a_reset_and_never_sees_the_link(office, ada):
    done = office.run("accounts", "send-reset", "ada")
    assert (done.exit_code, done.output) == (0, "A link is on its way to Ada@shop.example.\n")
    assert office.mailbox.last().to == "Ada@shop.example"
    assert office.mailbox.last().link not in done.output
    assert facts(office.run("accounts", "send-reset", "ada", "--json")) == {"id": ada.id, "to": "Ada@shop.example"}


def test_no_link_goes_to_an_account_that_may_not_have_one(office, ada):
    office.create(username="bob")
    office.create(email="eve@shop.example", username="eve", verified=False)
    done = office.run("accounts", "send-reset", "bob")
    assert (done.exit_code, "no email address that is verified" in done.stderr) == (1, True)
    office.run("accounts", "suspend", "ada", "--reason", "x")
    done = office.run("accounts", "send-reset", "ada")
    assert (done.exit_code, "restore it first" in done.stderr) == (1, True)
    assert list(office.mailbox) == []


def test_a_link_needs_the_address_of_the_site_before_anything_is_done(office_on, sqlite_url):
    office = office_on(sqlite_url, PUBLIC_URL=None)
    office.create(email="ada@shop.example")
    done = office.run("accounts", "send-reset", "ada@shop.example")
    assert (done.exit_code, "set OSTIARY_PUBLIC_URL" in done.stderr) == (1, True)


# Where there is less


def test_on_both_databases(office_on, database_url):
    office = office_on(database_url)
    done = office.run("accounts", "create", "--email", "ada@shop.example", "--field", "display_name=Ada", "--send-link")
    assert done.exit_code == 0, done.output
    assert office.run("accounts", "suspend", "ada@shop.example", "--reason", "x").exit_code == 0
    shown = facts(office.run("accounts", "show", "ada@shop.example", "--json"))
    assert (shown["state"], shown["events"][0]["event"]) == ("suspended", "account_suspended")
    assert facts(office.run("keys", "status", "--json"))["sealed"]["one_time_tokens"]["newest"] == 1


@pytest.mark.parametrize(
    "words",
    [
        ["find", "ada"],
        ["show", "ada"],
        ["create", "--email", "a@b.example", "--send-link"],
        ["suspend", "ada", "--reason", "x"],
        ["close", "ada", "--yes"],
        ["send-reset", "ada"],
    ],
)
def test_without_accounts_or_without_an_application_the_cure_is_named(office_on, sqlite_url, words):
    done = office_on(sqlite_url, [Sessions()]).run("accounts", *words)
    assert (done.exit_code, "add Accounts()" in done.stderr) == (1, True)
    done = CliRunner().invoke(main, ["--database", sqlite_url, "accounts", *words])
    assert done.exit_code == 1
    assert f"flask ostiary accounts {words[0]}" in done.stderr
    assert f"ostiary --app MODULE:APP accounts {words[0]}" in done.stderr


@pytest.mark.parametrize("words", [["find", "ada"], ["show", "ada"], ["restore", "ada"], ["sessions", "ada"]])
def test_a_database_that_is_away_is_a_sentence(office_on, words):
    done = office_on("postgresql://ada:hunter2@127.0.0.1:1/shop").run("accounts", *words)
    assert done.exit_code == 1
    assert "OSTIARY_DATABASE_URL" in done.stderr
    assert "hunter2" not in done.output
    assert isinstance(done.exception, SystemExit)


def test_a_schema_that_is_not_there_names_the_command(office_on, sqlite_url):
    office = office_on(sqlite_url)
    office.database._migrates_itself = False
    done = office.run("accounts", "find", "ada")
    assert (done.exit_code, "ostiary db upgrade" in done.stderr) == (1, True)
