"""A newspaper: who reads, edits and deletes which article, which of its fields, and why."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.examples.program import ROOT, length, load

from ostiary import Factor, Principal
from ostiary.testing import AuthKit, assert_policy_table

TABLE = ROOT / "examples" / "policies" / "policies.csv"


@pytest.fixture
def paper(monkeypatch, database_url):
    monkeypatch.setenv("FLASK_SQLALCHEMY_DATABASE_URI", database_url.replace("postgresql://", "postgresql+psycopg://"))
    return load("policies", monkeypatch)


@pytest.fixture
def kit(paper):
    with AuthKit(paper.app) as kit:
        yield kit


@pytest.fixture
def people(paper, kit):
    """Ada writes, Eve edits the desk for sport, Bob has a share, Mallory has nothing; and three articles of Ada's."""
    found = {name: kit.account(email=f"{name}@example.com").id for name in ("ada", "bob", "eve", "zoe", "mallory")}
    with paper.app.app_context():
        paper.db.create_all()
        paper.auth.roles.assign(found["eve"], "editor", on=("desk", "sport"))
        paper.auth.roles.assign(found["zoe"], "editor", on=("desk", "arts"))
        shared = {"author_id": found["ada"], "desk": "sport", "notes": "check the score"}
        yesterday = date.today() - timedelta(days=1)
        paper.db.session.add_all(
            [
                paper.Article(id=1, title="Final", published_on=yesterday, **shared),
                paper.Article(id=2, title="Draft", shares=[paper.Share(subject=found["bob"])], **shared),
                paper.Article(id=3, title="Front page", printing=True, **shared),
            ]
        )
        paper.db.session.commit()
    yield found
    with paper.app.app_context():
        paper.db.session.remove()
        paper.db.drop_all()
        paper.db.engine.dispose()


def test_the_list_holds_what_each_may_read(kit, people):
    def listed(who):
        return kit.client(who and people[who]).get("/articles").text.splitlines()

    assert listed(None) == ["Final"]
    assert listed("mallory") == ["Final"]
    assert listed("zoe") == ["Final"]
    assert listed("bob") == ["Final", "Draft"]
    assert listed("eve") == ["Final (edit)", "Draft (edit)", "Front page"]
    assert listed("ada") == ["Final (edit)", "Draft (edit)", "Front page"]


def test_each_reads_and_writes_the_fields_that_are_hers(kit, people):
    assert kit.client().get("/articles/1").json == {"title": "Final"}
    assert kit.client(people["mallory"]).get("/articles/1").json == {"title": "Final"}
    assert kit.client(people["mallory"]).get("/articles/2").status_code == 404
    ada = kit.client(people["ada"])
    assert ada.get("/articles/2").json == {"notes": "check the score", "title": "Draft"}
    assert ada.patch("/articles/2", json={"title": "Second draft"}).json["title"] == "Second draft"
    refused = ada.patch("/articles/2", json={"title": "Third", "author_id": people["bob"]})
    assert (refused.status_code, refused.json["fields"]) == (403, ["author_id"])
    refused = ada.patch("/articles/3", json={"title": "x"})
    assert (refused.status_code, refused.json["code"]) == (404, "not_found")


def test_deleting_wants_a_recent_sign_in_of_whoever_may_delete(kit, people):
    stale = kit.client(people["ada"], age="1h")
    assert stale.delete("/articles/2").json["code"] == "step_up_needed"
    assert kit.client(people["mallory"]).delete("/articles/2").status_code == 404
    assert kit.client(people["eve"]).delete("/articles/2").status_code == 204


def test_a_key_for_reading_edits_nothing(kit, people):
    key = kit.client(people["ada"], via="api_key", scope=["article:read"])
    assert key.get("/articles/2").json["title"] == "Draft"
    assert key.patch("/articles/2", json={"title": "x"}).status_code == 404


def test_an_operator_is_told_why(paper, kit, people):
    words = ["explain", "--subject", "mallory@example.com", "--action", "read", "--resource", "article:2", "--json"]
    answer = paper.app.test_cli_runner().invoke(args=["ostiary", *words])
    found = json.loads(answer.output)
    assert not found["allowed"]
    assert "permission=article:edit on desk:sport" in found["would_pass_if"]


def test_the_table_is_what_was_agreed_on(paper, kit, people):
    now = kit.clock.now()
    ada = people["ada"]
    with paper.app.app_context():
        assert_policy_table(
            TABLE,
            who={
                "the author": ada,
                "the author who has just signed in": Principal(ada, factors=(Factor("password", at=now),)),
                "the author's key for reading": Principal(ada, kind="program", scope=frozenset({"article:read"})),
                "a friend": people["bob"],
                "a stranger": people["mallory"],
                "the desk's editor": people["eve"],
                "another desk's editor": people["zoe"],
            },
            resources={
                name: paper.db.session.get(paper.Article, id)
                for name, id in (("published", 1), ("draft", 2), ("printing", 3))
            },
        )


def test_the_table_stands_beside_the_program():
    assert Path(TABLE).is_file()
    assert length("policies") <= 75
