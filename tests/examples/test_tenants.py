"""Organisations: a role counts where it was given, nobody gives more than she has, and what is hidden is not there."""

import pytest
from tests.examples.program import length, load

from ostiary.testing import AuthKit

ACME, OTHER = ("org", "acme"), ("org", "other")


@pytest.fixture
def program(monkeypatch):
    return load("tenants", monkeypatch)


@pytest.fixture
def kit(program):
    with AuthKit(program.app) as made:
        yield made


def test_the_example_is_as_short_as_its_model():
    assert length("tenants") <= 18


@pytest.mark.asvs("V8.2.2")
def test_an_article_is_edited_where_one_is_an_editor_and_is_not_there_for_anybody_else(kit):
    editor = kit.client(roles=["editor"], on=ACME)
    assert editor.put("/acme/articles/7").json == {"org": "acme", "id": 7}
    answer = editor.put("/other/articles/7")
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")
    assert kit.client(kit.account()).put("/acme/articles/7").status_code == 404
    assert kit.client(roles=["editor"]).put("/other/articles/7").status_code == 200, "held everywhere"


def test_an_owner_adds_editors_to_her_own_organisation(kit, program):
    bob = kit.account()
    owner = kit.client(roles=["owner"], on=ACME)
    assert owner.post("/acme/members", data={"account": bob.id}).status_code == 204
    assert kit.client(bob).put("/acme/articles/7").status_code == 200
    assert owner.post("/other/members", data={"account": bob.id}).status_code == 403
    with program.app.app_context():
        assert program.auth.roles.of(bob, OTHER) == frozenset()


def test_an_editor_adds_nobody(kit):
    bob, editor = kit.account(), kit.client(roles=["editor"], on=ACME)
    assert editor.post("/acme/members", data={"account": bob.id}).status_code == 403
    assert kit.client(bob).put("/acme/articles/7").status_code == 404


@pytest.mark.attack("V3")
@pytest.mark.asvs("V8.2.2")
def test_of_two_organisations_each_sees_its_own(kit):
    """Every role of one organisation at every address of the other."""
    for role in ("owner", "editor"):
        for own, foreign in (("acme", "other"), ("other", "acme")):
            client = kit.client(roles=[role], on=("org", own))
            assert client.put(f"/{own}/articles/1").status_code == 200
            assert client.put(f"/{foreign}/articles/1").status_code == 404
            assert client.post(f"/{foreign}/members", data={"account": "x"}).status_code == 403
