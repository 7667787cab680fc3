"""API keys in the application's own views: made in a browser, presented by a program, revoked."""

import pytest
from tests.examples.program import SAME, length, load

from ostiary.testing import AuthKit


@pytest.fixture
def app(monkeypatch):
    return load("api_keys", monkeypatch).app


def test_the_example_is_as_short_as_its_model():
    assert length("api_keys") <= 24


def test_a_person_makes_a_key_and_a_program_uses_it(app):
    with AuthKit(app) as kit:
        ada = kit.account(email="ada@example.com")
        browser = kit.client(ada)
        made = browser.post("/keys", data={"name": "export"})
        assert made.status_code == 201
        program, secret = app.test_client(), made.json["secret"]
        for headers in ({"Authorization": f"Bearer {secret}"}, {"X-API-Key": secret}):
            assert program.get("/orders", headers=headers).json == {"for": ada.id, "via": "api_key"}
        assert browser.get("/orders").json == {"for": ada.id, "via": "session"}
        assert browser.delete(f"/keys/{made.json['id']}").status_code == 204
        assert program.get("/orders", headers={"X-API-Key": secret}).status_code == 401


def test_a_key_cannot_make_keys_and_a_session_only_shortly_after_signing_in(app):
    with AuthKit(app) as kit:
        ada = kit.account()
        assert kit.client(ada, via="api_key").post("/keys", data={"name": "more"}).status_code == 403
        stale = kit.client(ada, age="20m")
        assert stale.post("/keys", data={"name": "more"}).json["code"] == "step_up_needed"


def test_somebody_elses_key_is_not_found(app):
    with AuthKit(app) as kit:
        key = kit.client(kit.account()).post("/keys", data={"name": "hers"}).json
        answer = kit.client(kit.account()).delete(f"/keys/{key['id']}", headers=SAME)
        assert answer.status_code == 404
        assert app.test_client().get("/orders", headers={"X-API-Key": key["secret"]}).status_code == 200


def test_a_key_is_limited(app):
    with AuthKit(app, limits=True) as kit:
        program = kit.client(kit.account(), via="api_key")
        found = [program.get("/orders").status_code for _ in range(601)]
        assert (found[:600], found[600]) == ([200] * 600, 429)
