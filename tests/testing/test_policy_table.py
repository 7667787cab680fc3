"""A table of decisions: right rows pass, wrong ones are all told with their grounds, and a table that tries nothing fails."""

import pytest
from flask import Flask

from ostiary import ConfigurationError, Principal, Sessions
from ostiary.flask import Auth
from ostiary.policies import Deny, anyone, owner
from ostiary.testing import assert_policy_table


class Article:
    def __init__(self, author_id: str, *, locked: bool = False) -> None:
        self.author_id = author_id
        self.locked = locked


ARTICLES = {1: Article("ada"), 2: Article("ada", locked=True)}


@pytest.fixture
def app():
    app = Flask("magazine")
    app.testing = True
    auth = Auth(app, [Sessions()])
    auth.policy("read", Article, visitors=True)(anyone())

    @auth.policy("edit", Article)
    def edit(principal, article):
        if article.locked:
            return Deny("It is being printed.", code="locked")
        return owner("author_id")

    @auth.resource(Article)
    def load(id: int):
        return ARTICLES.get(id)

    return app


HEAD = "who,action,resource,answer,because\n"


def check(app, tmp_path, text, **options):
    table = tmp_path / "policies.csv"
    table.write_text(text)
    assert_policy_table(table, app=app, **options)


def test_a_table_that_agrees_passes(app, tmp_path):
    text = HEAD + (
        "ada,edit,article:1,allow,\n"
        "ada,edit,article:2,deny,locked\n"
        "bob,edit,article:1,deny,policy_denies\n"
        "visitor,edit,article:1,deny,not_authenticated\n"
        "visitor,read,article:1,allow,\n"
        "ada,order:read,,deny,missing_permission\n"
    )
    check(app, tmp_path, text, complete=False)
    with app.app_context():
        assert_policy_table(tmp_path / "policies.csv", complete=False)


def test_names_stand_for_the_principals_and_resources_that_a_test_gives(app, tmp_path):
    text = HEAD + "the narrowed key,edit,hers,deny,insufficient_scope\nthe author,edit,hers,allow,\n"
    who = {"the narrowed key": Principal("ada", scope=frozenset({"article:read"})), "the author": "ada"}
    check(app, tmp_path, text, who=who, resources={"hers": Article("ada")}, complete=False)


def test_every_row_that_differs_is_told_with_its_grounds(app, tmp_path):
    text = (
        HEAD
        + "bob,edit,article:1,allow,\nada,edit,article:1,deny,\nada,edit,article:2,deny,policy_denies\nada,edit,article:9,allow,\n"
    )
    with pytest.raises(AssertionError) as caught:
        check(app, tmp_path, text, complete=False)
    told = str(caught.value)
    assert "4 rows" in told
    assert "line 2: bob edit article:1: allow is wanted" in told
    assert "author_id is 'ada', and the caller is 'bob'" in told
    assert "line 3: ada edit article:1: deny is wanted" in told
    assert "because of policy_denies is wanted, and it is locked" in told
    assert "there is no article '9'" in told


def test_a_side_of_a_policy_that_no_row_tries_is_told(app, tmp_path):
    with pytest.raises(AssertionError) as caught:
        check(app, tmp_path, HEAD + "ada,edit,article:1,allow,\n")
    assert "no row denies edit Article" in str(caught.value)
    assert "no row allows read Article" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has the columns"),
        (HEAD, "no rows"),
        ("who,action,answer,mood\nada,order:read,deny,good\n", "has the columns"),
        (HEAD + "ada,edit,article:1,yes,\n", "answer is allow or deny"),
        (HEAD + "ada,edit,article:1,allow,locked\n", "answer is allow or deny"),
        (HEAD + "ada,edit,article:1,allow,,more\n", "answer is allow or deny"),
        (HEAD + "ada,edit,article:1,allow,\nada,edit,article:1,deny,\n", "the question of line 2 again"),
        (HEAD + "ada,edit,,allow,\n", "an action needs a resource"),
        ("who,action,resource,on,answer\nada,edit,article:1,org:acme,allow\n", "a resource knows where it is"),
    ],
)
def test_a_table_that_cannot_be_read_is_no_table_that_passes(app, tmp_path, text, said):
    with pytest.raises(AssertionError, match=said):
        check(app, tmp_path, text, complete=False)


def test_an_application_without_auth_has_no_policies(tmp_path):
    with pytest.raises(ConfigurationError):
        check(Flask("bare"), tmp_path, HEAD + "ada,edit,article:1,allow,\n")
