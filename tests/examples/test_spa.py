"""The single-page application: the program as it is, and what its script calls; in a browser it is ``tests/browser/test_spa.py``."""

import pytest
from tests.examples.program import PASSWORD, length, load

from ostiary.testing import AuthKit


@pytest.fixture
def kit(monkeypatch):
    with AuthKit(load("spa", monkeypatch).app) as made:
        yield made


def test_the_example_is_as_short_as_its_model():
    assert length("spa") <= 16


def test_the_page_its_script_and_ours_are_served(kit):
    client = kit.client()
    for path, kind in (
        ("/", "text/html"),
        ("/app.js", "text/javascript"),
        ("/auth/static/ostiary.js", "text/javascript"),
    ):
        with client.get(path) as answer:
            assert (answer.status_code, answer.mimetype) == (200, kind), path


def test_our_script_stays_small():
    from pathlib import Path

    import ostiary

    assert (Path(ostiary.__file__).parent / "ui" / "static" / "ostiary.js").stat().st_size < 6 * 1024


def test_somebody_signs_in_by_cookies_writes_a_note_and_signs_out(kit):
    kit.account(email="ada@example.com")
    client = kit.client()
    assert client.post("/api/notes", json={"text": "x"}).status_code == 401
    signed_in = client.post("/auth/sign-in", json={"identifier": "ada@example.com", "password": PASSWORD})
    assert "access_token" not in signed_in.text
    assert client.post("/api/notes", json={"text": "x"}).status_code == 201
    kit.clock.advance("10m")
    assert client.post("/api/notes", json={"text": "x"}).json["code"] == "token_expired"
    assert client.post("/auth/token/refresh", json={}).status_code == 200
    assert client.post("/api/notes", json={"text": "x"}).status_code == 201
    assert client.post("/auth/sign-out").status_code == 204
    assert client.get("/auth/session").json["principal"] is None
