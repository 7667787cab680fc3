"""``flask ostiary …`` and ``ostiary …``: the operator's commands on a real database."""

import json

import pytest
from click.testing import CliRunner
from flask import Flask

from ostiary import Sessions
from ostiary.cli.main import main
from ostiary.flask import Auth

SAME = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def app():
    app = Flask("shop")
    app.testing = True
    auth = Auth(app, [Sessions()])
    app.add_url_rule("/in", "in", lambda: auth.sign_in("ada").response(), methods=["POST"])
    return app


def run(app, *words):
    return app.test_cli_runner().invoke(args=["ostiary", *words])


def test_the_audit_log_is_shown_and_exported_as_json_lines(app):
    app.test_client().post("/in", headers=SAME)
    assert "sign_in_succeeded" in run(app, "audit").output
    line = json.loads(run(app, "audit", "--json", "--subject", "ada", "--since", "1h").output)
    assert (line["event"], line["subject"], line["methods"]) == ("sign_in_succeeded", "ada", ["app"])
    assert run(app, "audit", "--since", "soon").exit_code == 2


@pytest.mark.asvs("V7.4.5")
def test_an_operator_ends_the_sessions_of_one_and_of_everybody(app):
    client = app.test_client()
    client.post("/in", headers=SAME)
    assert "127.0.0.1" in run(app, "sessions", "list", "ada").output
    assert json.loads(run(app, "sessions", "end", "ada", "--json").output) == {"ended": 1}
    client.post("/in", headers=SAME)
    assert "1 sessions ended" in run(app, "sessions", "end", "--everybody").output
    assert run(app, "sessions", "list", "ada").output == "None.\n"
    assert run(app, "sessions", "end").exit_code == 2


def test_there_are_the_same_commands_as_without_an_application(app):
    assert set(app.cli.commands["ostiary"].commands) == set(main.commands)


def test_check_names_every_problem_of_the_deployment(app):
    app.config["OSTIARY_PUBLIC_URL"] = "shop.example/path"
    done = run(app, "check", "--json")
    assert done.exit_code == 1
    assert [problem["code"] for problem in json.loads(done.output)] == ["not_an_origin"]
    del app.config["OSTIARY_PUBLIC_URL"]
    assert run(app, "check").exit_code == 0


def test_a_given_database_is_upgraded_looked_at_and_pruned(database_url):
    runner = CliRunner()
    url = ["--database", database_url]
    assert runner.invoke(main, [*url, "db", "status"]).exit_code == 1
    assert "Upgraded" in runner.invoke(main, [*url, "db", "upgrade"]).output
    assert "Up to date" in runner.invoke(main, [*url, "db", "upgrade"]).output
    status = json.loads(runner.invoke(main, [*url, "db", "status", "--json"]).output)
    assert (status["current"], status["pending"]) == (status["head"], [])
    removed = json.loads(runner.invoke(main, [*url, "db", "prune", "--json"]).output)
    assert set(removed) >= {"ostiary_audit", "ostiary_ephemeral", "ostiary_outbox", "ostiary_sessions"}
    assert not any(removed.values())
    assert runner.invoke(main, [*url, "audit"]).output == "Nothing.\n"


def test_without_a_database_or_an_application_a_command_says_what_to_do():
    runner = CliRunner()
    assert "OSTIARY_DATABASE_URL" in runner.invoke(main, ["db", "status"]).output
    assert "flask ostiary check" in runner.invoke(main, ["check"]).output
    assert "flask ostiary sessions" in runner.invoke(main, ["sessions", "list", "ada"]).output
