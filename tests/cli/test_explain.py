"""``flask ostiary explain`` and ``flask ostiary policies``: why, for whom, and every rule there is."""

import json

import pytest
from flask import Flask

from ostiary import Accounts, Passwords, Sessions, SignIn
from ostiary.features.policies.context import PolicyContext
from ostiary.flask import Auth
from ostiary.policies import Allow, Deny, all_of, any_of, anyone, owner, proven, where

CHEAP = {"memory_kib": 19_456, "passes": 2, "lanes": 1}


class Article:
    def __init__(self, author_id, notes="-"):
        self.author_id = author_id
        self.notes = notes


class BlogPost(Article):
    pass


@pytest.fixture
def articles():
    return {1: Article("ada"), 2: Article("bob\x1b[31m\nallowed")}


@pytest.fixture
def app(articles):
    app = Flask("magazine")
    app.testing = True
    auth = Auth(app, [Sessions(), SignIn(vouches=("password", "totp"))])
    auth.policy("edit", Article)(any_of(owner("author_id"), where(None, test=lambda article: article.notes == "open")))
    auth.policy("delete", Article)(all_of(owner("author_id"), proven(factors=2, fresh="5m")))
    auth.policy("read", Article, visitors=True)(anyone())
    auth.policy("read", Article, fields=["notes"])(owner("author_id"))

    @auth.policy("*", Article)
    def from_there(principal, article, context):
        """Nothing is done from there."""
        return Deny("Not from there.") if context.network == "203.0.113.9" else Allow()

    @auth.resource(Article)
    def load(id: int):
        return articles.get(id)

    @app.get("/articles/<int:id>")
    @auth.require(can="edit", resource=load, hidden=True)
    def show(resource):
        return {}

    @app.get("/me")
    @auth.require(fresh="5m", via="session")
    def me():
        return {}

    @app.get("/about")
    @auth.public
    def about():
        return {}

    @app.get("/open")
    def forgotten():
        return {}

    return app


def run(app, *words):
    return app.test_cli_runner().invoke(args=["ostiary", *words])


def explain(app, *words):
    answer = run(app, "explain", *words, "--json")
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.output)


def test_an_operator_reads_why(app):
    answer = run(app, "explain", "--subject", "eve", "--action", "edit", "--resource", "article:1")
    assert answer.exit_code == 0
    assert answer.output.splitlines() == [
        "denied",
        "  - policy_denies: edit Article",
        "    - any_of: one of these",
        "      - owner: author_id is 'ada', and the caller is 'eve'",
        "      - where: the application's own condition",
        "  + policy: * Article, by app.<locals>.from_there",
        "    + allow: allowed",
        "would pass if: author_id='eve'",
    ]


def test_what_is_in_a_row_cannot_write_on_the_terminal(app):
    output = run(app, "explain", "--subject", "eve", "--action", "edit", "--resource", "article:2").output
    assert "\x1b" not in output
    assert "\nallowed" not in output


def test_a_program_reads_the_same_decision(app):
    found = explain(app, "--subject", "ada", "--action", "edit", "--resource", "article:1")
    assert (found["allowed"], found["code"], found["subject"]) == (True, "allowed", "ada")
    found = explain(app, "--action", "edit", "--resource", "article:1")
    assert (found["allowed"], found["code"], found["would_pass_if"]) == (False, "not_authenticated", ["sign_in"])


def test_what_she_has_proven_and_what_her_credential_may_is_said_beside_it(app):
    asked = ("--subject", "ada", "--action", "delete", "--resource", "article:1")
    assert explain(app, *asked)["would_pass_if"] == ["factors=2", "fresh=5m"]
    assert explain(app, *asked, "--factor", "password", "--factor", "totp")["allowed"]
    narrowed = explain(app, "--subject", "ada", "--action", "edit", "--resource", "article:1", "--scope", "order:read")
    assert narrowed["would_pass_if"] == ["scope=article:edit"]


def test_where_she_would_be_calling_from_is_said_beside_it(app):
    asked = ("--subject", "ada", "--action", "edit", "--resource", "article:1")
    assert explain(app, *asked)["allowed"]
    assert not explain(app, *asked, "--network", "203.0.113.9")["allowed"]


def test_a_permission_is_asked_without_a_resource(app):
    found = explain(app, "--subject", "ada", "--action", "order:read", "--on", "org:acme", "--tenant", "org:beta")
    assert not found["allowed"]


def test_an_account_is_found_by_what_it_signs_in_with():
    app = Flask("magazine")
    app.testing = True
    auth = Auth(app, [Accounts(), Passwords(**CHEAP), Sessions()])
    auth.policy("edit", Article)(owner("author_id"))
    with app.app_context():
        account = auth.accounts.create(email="ada@example.com", password="correct horse battery staple")
    auth.resource(Article)(lambda number: Article(account.id))
    assert explain(app, "--subject", "ada@example.com", "--action", "edit", "--resource", "article:1")["allowed"]


@pytest.mark.attack("V10")
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--action", "edit", "--resource", "article:x"], 1, "no int"),
        (["--action", "edit", "--resource", "article:9"], 1, "there is no article"),
        (["--action", "edit", "--resource", "blog_post:1"], 1, "no kind of resource that can be found: article"),
        (["--action", "Edit", "--resource", "article:1"], 1, "is no action"),
        (["--action", "edit"], 2, "needs --resource"),
        (["--action", "edit", "--resource", "article:1", "--on", "org:acme"], 2, "a resource knows where it is"),
        (["--action", "order:read", "--on", "acme"], 2, "is no place"),
        (["--subject", "ada", "--action", "order:read", "--tenant", "org:"], 2, "is no place"),
        (["--subject", "ada", "--action", "order:read", "--factor", "magic"], 2, "no kind of proof"),
    ],
)
def test_a_question_that_cannot_be_read_is_refused_with_its_cure(app, words, code, said):
    answer = run(app, "explain", *words)
    assert answer.exit_code == code
    assert said in answer.output
    assert "Traceback" not in answer.output


@pytest.mark.asvs("V8.1.1")
@pytest.mark.asvs("V8.1.2")
@pytest.mark.asvs("V8.1.3")
@pytest.mark.asvs("V8.1.4")
def test_every_rule_there_is_is_one_document(app):
    found = json.loads(run(app, "policies", "--json").output)
    views = {one["address"]: one["demands"] for one in found["functions"]}
    assert views["/articles/<int:id>"] == "can=edit, hidden"
    assert views["/me"] == "fresh=5m, via=session"
    assert (views["/about"], views["/open"]) == ("public", "nothing is demanded")
    rules = {(one["action"], one["type"], tuple(one["fields"] or ())): one for one in found["data"]}
    assert rules[("delete", "Article", ())]["rule"] == "all_of(owner(author_id), proven(factors=2, fresh=5m))"
    assert rules[("delete", "Article", ())]["uses_context"]
    assert rules[("read", "Article", ("notes",))]["rule"] == "owner(author_id)"
    assert rules[("read", "Article", ())]["visitors"]
    restriction = rules[("every action", "Article", ())]
    assert (restriction["rule"], restriction["scope"], restriction["uses_context"]) == (
        "app.<locals>.from_there: Nothing is done from there.",
        None,
        True,
    )
    assert set(found["context"]) == set(PolicyContext.__dataclass_fields__)


def test_the_guard_of_a_blueprint_stands_in_it(app):
    from flask import Blueprint

    auth = app.jinja_env.globals["auth"]
    desk = Blueprint("desk", __name__, url_prefix="/desk")
    auth.protect(desk, fresh="5m")
    desk.get("/")(lambda: {"desk": True})
    app.register_blueprint(desk)
    answer = run(app, "policies", "--json")
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.output)
    assert {one["address"]: one["demands"] for one in found["functions"]}["/desk/"] == "fresh=5m"


def test_people_read_the_same_document(app):
    lines = run(app, "policies").output.splitlines()
    assert "  GET /articles/<int:id>  can=edit, hidden" in lines
    assert "  read Article: anyone()  scope article:read  visitors too" in lines
    assert "  read Article (notes): owner(author_id)  scope article:read" in lines
    assert lines.index("Views") < lines.index("Resources") < lines.index("Fields") < lines.index("Context")


def test_an_application_is_needed():
    from click.testing import CliRunner

    from ostiary.cli.main import main

    for words in (["policies"], ["explain", "--action", "order:read"]):
        answer = CliRunner().invoke(main, ["--database", "sqlite://", *words])
        assert answer.exit_code == 1
        assert "about an application" in answer.output
