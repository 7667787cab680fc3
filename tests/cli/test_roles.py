"""``flask ostiary roles`` and ``groups``: who holds what, giving and taking, roles of the database, drift."""

import json

import pytest
from flask import Flask

from ostiary import Accounts, Roles, Sessions
from ostiary.flask import Auth
from ostiary.storage.database import Database

ROLES = {"owner": ["editor", "member:*"], "editor": ["article:*"], "reader": ["article:read"]}


def _office(url, *features, roles=None):
    app = Flask("shop")
    app.testing = True
    Auth(
        app,
        [Roles(ROLES if roles is None else roles, default=["reader"] if roles is None else []), *features],
        database=Database.from_url(url, migrates_itself=True),
    )
    return app


@pytest.fixture
def app(database_url):
    app = _office(database_url)
    yield app
    app.extensions["ostiary"].runtime.database.close()


def run(app, *words):
    return app.test_cli_runner().invoke(args=["ostiary", *words])


def lines(app, *words):
    answer = run(app, *words)
    return [json.loads(line) for line in answer.stdout.splitlines()]


def test_every_role_is_listed_with_where_it_comes_from(app):
    run(app, "roles", "define", "auditor", "reader", "audit:read")
    found = {role["name"]: role for role in lines(app, "roles", "list", "--json")}
    assert {name: role["origin"] for name, role in found.items()} == {
        "auditor": "database",
        "editor": "code",
        "owner": "code",
        "reader": "code",
    }
    shown = run(app, "roles", "list").output.splitlines()
    assert "database  audit:read reader" in shown[0]
    assert shown[3].endswith("everybody's")


def test_a_role_is_given_seen_and_taken(app):
    assert run(app, "roles", "grant", "robot-1", "editor", "--on", "org:acme", "--until", "90d").output == (
        "Given: editor on org:acme, robot-1.\n"
    )
    again = run(app, "roles", "grant", "robot-1", "editor", "--on", "org:acme", "--until", "90d", "--json")
    assert json.loads(again.output) == {"who": "robot-1", "role": "editor", "on": "org:acme", "changed": True}, "later"
    assert run(app, "roles", "who", "editor", "--on", "org:acme").output == "robot-1\n"
    assert run(app, "roles", "who", "editor").output == "Nobody.\n"
    (what,) = lines(app, "roles", "what", "robot-1", "--on", "org:acme", "--json")
    assert (what["roles"], what["permissions"]) == (["editor", "reader"], ["article:*", "article:read"])
    assert (what["given"][0]["role"], what["given"][0]["by"]) == ("editor", "operator")
    assert (
        run(app, "roles", "revoke", "robot-1", "editor", "--on", "org:acme").output
        == "Taken: editor on org:acme, robot-1.\n"
    )
    answer = run(app, "roles", "revoke", "robot-1", "editor", "--on", "org:acme")
    assert (answer.exit_code, answer.output) == (1, "Not given so: editor on org:acme, robot-1.\n")


def test_what_somebody_holds_is_told_with_where_it_comes_from(app):
    run(app, "groups", "create", "sales")
    run(app, "groups", "add", "sales", "ada")
    run(app, "roles", "grant", "--group", "sales", "editor")
    run(app, "roles", "grant", "ada", "owner", "--on", "org:acme")
    assert run(app, "roles", "what", "ada").output.splitlines() == [
        "given      owner on org:acme",
        "in group   sales",
        "holds everywhere: editor reader",
        "may everywhere: article:* article:read",
    ]
    assert "member:*" in run(app, "roles", "what", "ada", "--on", "org:acme").output
    (what,) = lines(app, "roles", "what", "--group", "sales", "--json")
    assert what["roles"] == ["editor"]


def test_an_organisation_is_made_where_nobody_holds_anything_and_takes_with_it_what_was_given_there(app):
    run(app, "roles", "grant", "ada", "owner", "--on", "org:acme")
    answer = run(app, "groups", "create", "org:acme")
    assert answer.exit_code == 1
    assert "somebody holds owner on org:acme" in answer.output
    run(app, "roles", "revoke", "ada", "owner", "--on", "org:acme")
    assert run(app, "groups", "create", "org:acme").exit_code == 0
    run(app, "roles", "grant", "ada", "owner", "--on", "org:acme")
    assert run(app, "groups", "delete", "org:acme").exit_code == 0
    assert "given" not in run(app, "roles", "what", "ada").output


def test_what_is_refused_is_a_sentence_and_no_traceback(app):
    for words, said in [
        (("roles", "grant", "ada", "editr"), "There is no role 'editr'. Did you mean 'editor'?"),
        (("roles", "grant", "ada", "editor", "--until", "soon"), "until:"),
        (("roles", "grant", "--group", "nobody", "editor"), "There is no such group."),
        (("roles", "define", "editor", "*"), "only there"),
        (("roles", "define", "auditor", "raeder"), "There is no role 'raeder' to inherit."),
        (("groups", "add", "nobody", "ada"), "There is no such group."),
        (("groups", "show", "nobody"), "There is no group nobody."),
        (("groups", "delete", "nobody"), "There is no such group."),
    ]:
        answer = run(app, *words)
        assert answer.exit_code == 1, words
        assert said in answer.output
    for words in [("roles", "grant", "ada", "editor", "--on", "acme"), ("groups", "create", "Sales Team")]:
        assert run(app, *words).exit_code == 2


def test_roles_of_the_database_are_defined_and_removed(app):
    assert (
        run(app, "roles", "define", "auditor", "audit:read", "reader").output
        == "Defined: auditor grants audit:read reader.\n"
    )
    run(app, "roles", "grant", "ada", "auditor")
    assert run(app, "roles", "undefine", "auditor").exit_code == 1
    run(app, "roles", "revoke", "ada", "auditor")
    assert run(app, "roles", "undefine", "auditor").output == "Removed: auditor.\n"
    assert run(app, "roles", "undefine", "auditor").exit_code == 1


def test_groups_are_made_filled_and_removed(app):
    assert run(app, "groups", "list").output == "None.\n"
    assert run(app, "groups", "create", "org:acme").output == "Made: org:acme.\n"
    assert run(app, "groups", "create", "org:acme").output == "It is there already: org:acme.\n"
    assert run(app, "groups", "show", "org:acme").output == "Nobody.\n"
    assert run(app, "groups", "add", "org:acme", "ada").output == "Added: ada.\n"
    assert lines(app, "groups", "list", "--json") == [{"name": "org:acme", "members": 1}]
    assert run(app, "groups", "show", "org:acme").output == "ada  by operator\n"
    (shown,) = lines(app, "groups", "show", "org:acme", "--json")
    assert (shown["subject"], shown["added_by"]) == ("ada", "operator")
    assert run(app, "groups", "remove", "org:acme", "ada").output == "Removed: ada.\n"
    assert run(app, "groups", "remove", "org:acme", "ada").exit_code == 1
    assert run(app, "groups", "delete", "org:acme").output == "Removed: org:acme.\n"


def test_a_name_that_a_stranger_chose_writes_no_line_of_its_own(app):
    run(app, "roles", "grant", "a\x1b[2Jb\nc", "editor")
    assert run(app, "roles", "who", "editor").output == "a\\x1b[2Jb\\nc\n"


def test_an_account_is_named_by_what_it_signs_in_with_and_a_mistyped_one_gets_nothing(database_url):
    app = _office(database_url, Accounts(), Sessions())
    with app.app_context():
        actions = app.extensions["ostiary"].runtime
        from ostiary.features.accounts import AccountActions

        ada = actions.action("accounts", AccountActions).create(email="ada@example.com")
    assert run(app, "roles", "grant", "ada@example.com", "editor").exit_code == 0
    assert run(app, "roles", "who", "editor").output == f"{ada.id}  ada@example.com\n"
    refused = run(app, "roles", "grant", "adda@example.com", "editor")
    assert (refused.exit_code, "There is no account adda@example.com" in refused.output) == (1, True)
    assert run(app, "roles", "grant", "nightly-export", "editor", "--subject").exit_code == 0
    assert run(app, "groups", "create", "sales").exit_code == 0
    assert run(app, "groups", "add", "sales", "nobody").exit_code == 1
    assert run(app, "groups", "add", "sales", "ada@example.com").exit_code == 0
    actions.database.close()


def test_drift_is_shown_and_is_advice_of_check(database_url):
    before = _office(database_url)
    run(before, "roles", "grant", "ada", "editor")
    assert run(before, "roles", "diff").output == "Code and database agree.\n"
    after = _office(database_url, roles={"reader": []})
    answer = run(after, "roles", "diff")
    assert answer.exit_code == 1
    assert "[role_of_nobody] the role 'editor' was given 1 times" in answer.output
    (found,) = lines(after, "roles", "diff", "--json")
    assert (found["code"], found["role"]) == ("role_of_nobody", "editor")
    checked = run(after, "check")
    assert (checked.exit_code, "advice [role_of_nobody]" in checked.output) == (0, True)
    assert run(after, "check", "--strict").exit_code == 1
    assert "role_of_nobody" not in run(before, "check").output
    before.extensions["ostiary"].runtime.database.close()
    after.extensions["ostiary"].runtime.database.close()


def test_check_tells_of_guards_that_let_nobody_through(database_url):
    app = Flask("shop")
    app.testing = True
    auth = Auth(app, [Sessions(), Roles(ROLES)], database=Database.from_url(database_url, migrates_itself=True))
    for number, guard in enumerate(
        [auth.require("article:read"), auth.require("artikle:read"), auth.require(role="editr")]
    ):
        app.add_url_rule(f"/{number}", f"view{number}", guard(lambda: ""))
    output = run(app, "check").output
    assert "advice [asks_for_no_permission] a guard asks for the permission 'artikle:read'" in output
    assert "did you mean 'editor'?" in output
    assert output.count("[asks_for_no") == 2
    run(app, "roles", "define", "editr", "artikle:read")
    assert "[asks_for_no" not in run(app, "check").output
    app.extensions["ostiary"].runtime.database.close()


def test_check_makes_no_database_in_order_to_look_for_drift(tmp_path):
    file = tmp_path / "not-there.sqlite3"
    app = _office(f"sqlite:///{file}")
    assert run(app, "check").exit_code == 0
    assert not file.exists()


def test_without_roles_the_commands_say_what_to_add(sqlite_url):
    app = Flask("shop")
    app.testing = True
    Auth(app, [Sessions()], database=sqlite_url)
    answer = run(app, "roles", "list")
    assert answer.exit_code == 1
    assert "add Roles()" in answer.output
