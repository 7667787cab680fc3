"""``flask ostiary tokens``: who holds a refresh token, and ending one, all of a subject, or everybody's."""

import json

import pytest
from flask import Flask
from tests.shop import PASSWORD
from tests.token_shop import Program, open_token_shop

from ostiary import Sessions
from ostiary.flask import Auth


@pytest.fixture
def shop(sqlite_url):
    with open_token_shop(sqlite_url) as made:
        yield made


def run(shop, *words):
    return shop.app.test_cli_runner().invoke(args=["ostiary", "tokens", *words])


def test_the_list_shows_who_holds_one_and_no_secret(shop):
    assert run(shop, "list", "ada").output == "None.\n"
    program = shop.program()
    id = program.refresh_token.partition(".")[0]
    (line,) = run(shop, "list", "ada").output.splitlines()
    assert line.startswith(f"{id}  renewed ")
    assert "  everything  " in line
    facts = json.loads(run(shop, "list", "ada", "--json").output)
    assert (facts["id"], facts["subject"], facts["scope"]) == (id, "ada", None)
    assert program.refresh_token.rpartition(".")[2] not in line + json.dumps(facts)


def test_one_is_ended_by_its_id(shop):
    one, other = shop.program(), shop.program()
    id = one.refresh_token.partition(".")[0]
    assert run(shop, "revoke", id).output == "1 refresh tokens ended, with their access tokens.\n"
    assert (one.who, other.who) == ("401", "ada")
    answer = run(shop, "revoke", id)
    assert (answer.exit_code, answer.output.count("\n")) == (1, 1)
    assert id in answer.output


@pytest.mark.parametrize(("words", "ended", "left"), [(("--all-of", "ada"), 2, "bob"), (("--everybody",), 3, "401")])
def test_all_of_a_subject_or_everybodys_are_ended(shop, words, ended, left):
    ada, second = shop.program(), shop.program()
    bob = Program(shop, shop.token(identifier="bob", password=PASSWORD))
    assert json.loads(run(shop, "revoke", *words, "--json").output) == {"ended": ended}
    assert (ada.who, second.who, bob.who) == ("401", "401", left)


@pytest.mark.parametrize(
    "words", [[], ["x", "--everybody"], ["x", "--all-of", "ada"], ["--all-of", "a", "--everybody"]]
)
def test_one_thing_is_named_at_a_time(shop, words):
    assert run(shop, "revoke", *words).exit_code == 2


def test_what_was_typed_cannot_speak_to_the_terminal(shop):
    answer = run(shop, "revoke", "\x1b[2J")
    assert answer.exit_code == 1
    assert "\x1b" not in answer.output


def test_without_the_feature_the_cure_is_named():
    app = Flask("shop")
    app.testing = True
    Auth(app, [Sessions()])
    answer = app.test_cli_runner().invoke(args=["ostiary", "tokens", "list", "ada"])
    assert answer.exit_code == 1
    assert "add Tokens()" in answer.output
