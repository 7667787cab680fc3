"""``flask ostiary api-keys``: the list, a new key, its successor, its end."""

import json

import pytest
from flask import Flask

from ostiary import Accounts, ApiKeys, Passwords, Sessions
from ostiary.flask import Auth

CHEAP = {"memory_kib": 19_456, "passes": 2, "lanes": 1}


@pytest.fixture
def app():
    app = Flask("shop")
    app.testing = True
    auth = Auth(app, [ApiKeys(prefix="acme")])
    app.add_url_rule("/me", "me", auth.require(lambda: {"subject": auth.principal.subject}))
    return app


def run(app, *words):
    return app.test_cli_runner().invoke(args=["ostiary", "api-keys", *words])


def made(app, *words, owner="robot-1"):
    return json.loads(run(app, "create", owner, "--name", "export", "--json", *words).output)


def status(app, secret):
    return app.test_client().get("/me", headers={"X-API-Key": secret}).status_code


def test_a_key_is_printed_alone_on_the_standard_output_this_once(app):
    answer = run(app, "create", "robot-1", "--name", "export", "--scope", "order:read", "--scope", "invoice:*")
    assert answer.exit_code == 0
    secret = answer.stdout.strip()
    assert secret.startswith("acme_test_")
    assert "\n" not in secret
    assert secret not in answer.stderr
    (line,) = run(app, "list", "robot-1").output.splitlines()
    assert "never used  invoice:* order:read  export" in line
    assert secret.partition(".")[2] not in line


def test_a_program_reads_what_it_is(app):
    key = made(app, "--expires", "90d", "--limit", "5/minute")
    assert (key["subject"], key["limit"], key["scope"]) == ("robot-1", "5/minute", None)
    assert status(app, key["secret"]) == 200
    listed = json.loads(run(app, "list", "robot-1", "--json").output)
    assert (listed["id"], listed["used_from"]) == (key["id"], "127.0.0.1")
    assert "secret" not in listed


def test_a_key_is_replaced_and_both_are_good_for_a_while(app):
    old = made(app)
    new = json.loads(run(app, "rotate", old["id"], "--json").output)
    assert (status(app, old["secret"]), status(app, new["secret"])) == (200, 200)
    assert run(app, "rotate", old["id"]).output == "Error: This key has a successor already.\n"
    newest = json.loads(run(app, "rotate", new["id"], "--overlap", "0", "--json").output)
    assert (status(app, new["secret"]), status(app, newest["secret"])) == (401, 200)


def test_a_key_is_revoked_and_its_successor_is_named(app):
    old = made(app)
    new = json.loads(run(app, "rotate", old["id"], "--json").output)
    assert run(app, "revoke", old["id"]).output == f"Revoked: export. Its successor {new['id']} goes on.\n"
    assert (status(app, old["secret"]), status(app, new["secret"])) == (401, 200)
    facts = json.loads(run(app, "revoke", new["id"], "--json").output)
    assert facts == {"id": new["id"], "revoked": True, "successor": None}
    assert run(app, "list", "robot-1").output == "None.\n"
    entry = json.loads(app.test_cli_runner().invoke(args=["ostiary", "audit", "--json", "--limit", "1"]).output)
    assert (entry["event"], entry["reason"]) == ("api_key_revoked", "revoked_by_operator")


@pytest.mark.parametrize(
    "words",
    [
        ["create", "robot-1", "--name", ""], ["create", "robot-1", "--name", "x", "--scope", "Order"],
        ["create", "robot-1", "--name", "x", "--expires", "9999d"], ["create", "robot-1", "--name", "x", "--limit", "many"],
        ["revoke", "01MCC5RM00EWA9225KV23V9H8W"], ["rotate", "x"], ["revoke", "\x1b[2J"],
    ],
)  # fmt: skip
def test_what_cannot_be_is_a_sentence_and_exit_code_1(app, words):
    answer = run(app, *words)
    assert answer.exit_code == 1
    assert answer.output.startswith("Error: ")
    assert "\x1b" not in answer.output
    assert answer.output.count("\n") == 1


@pytest.mark.parametrize("words", [["create", "robot-1"], ["list"], ["rotate"], ["revoke"]])
def test_what_is_missing_is_exit_code_2(app, words):
    assert run(app, *words).exit_code == 2


def test_an_account_is_named_by_what_it_signs_in_with_and_anything_else_is_a_subject():
    app = Flask("shop")
    app.testing = True
    auth = Auth(app, [Accounts(), Passwords(**CHEAP), Sessions(), ApiKeys()])
    with app.app_context():
        ada = auth.accounts.create(email="ada@shop.example")
    assert made(app, owner="ada@shop.example")["subject"] == ada.id
    assert made(app, owner=ada.id)["subject"] == ada.id
    assert made(app, owner="nightly-export")["subject"] == "nightly-export"
    assert len(run(app, "list", "ada@shop.example").output.splitlines()) == 2
    with app.app_context():
        auth.accounts.suspend(ada, reason="stolen")
    answer = run(app, "create", "ada@shop.example", "--name", "x")
    assert (answer.exit_code, answer.output) == (
        1,
        "Error: This account cannot have keys now. (the account is suspended)\n",
    )


def test_without_the_feature_the_cure_is_named():
    app = Flask("shop")
    app.testing = True
    Auth(app, [Sessions()])
    answer = run(app, "list", "ada")
    assert answer.exit_code == 1
    assert "add ApiKeys()" in answer.output
