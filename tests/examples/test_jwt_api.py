"""The JWT API: the program as it is, signed in to by its own view and by ours, on the ways its users come from."""

import pytest
from tests.examples.program import PASSWORD, length, load

from ostiary.testing import AuthKit


@pytest.fixture
def kit(monkeypatch):
    with AuthKit(load("jwt_api", monkeypatch).app) as made:
        yield made


def test_the_example_is_as_short_as_its_model():
    assert length("jwt_api") <= 18


@pytest.mark.parametrize("address", ["/login", "/auth/token"])
def test_a_password_gives_a_token_and_the_token_opens_the_view(kit, address):
    client = kit.client()
    answer = client.post(address, json={"identifier": "user1", "password": PASSWORD})
    assert (answer.status_code, answer.json["token_type"]) == (200, "Bearer")
    assert "refresh_token" not in answer.json
    headers = {"Authorization": f"Bearer {answer.json['access_token']}"}
    assert client.get("/protected", headers=headers).json == {"logged_in_as": "user1"}
    kit.clock.advance("15m")
    assert client.get("/protected", headers=headers).json["code"] == "token_expired"


def test_without_a_token_or_a_right_password_nobody_comes_in(kit):
    client = kit.client()
    refused = client.get("/protected")
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, 'Bearer realm="api"')
    for name in ("user1", "nobody"):
        assert client.post("/login", json={"identifier": name, "password": "wrong"}).status_code == 401


def test_a_program_under_test_needs_no_password(kit):
    assert kit.client("user1").get("/protected").json == {"logged_in_as": "user1"}
