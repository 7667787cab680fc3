"""Tokens for who is calling carry no more than the credential that says so: nothing was proven anew."""

import pytest
from flask import request
from tests.token_shop import open_token_shop

from ostiary import ApiKeys, Roles

ROLES = Roles({"clerk": ["order:*", "token:get"]})


@pytest.fixture
def shop(database_url):
    with open_token_shop(database_url, ApiKeys(), ROLES) as made:
        auth = made.auth

        @made.app.post("/mine")
        @auth.require("token:get")
        def mine():
            return auth.tokens.issue(auth.principal.subject, scope=request.json.get("scope")).response()

        @made.app.delete("/orders")
        @auth.require("order:delete")
        def delete():
            return "", 204

        @made.app.get("/orders")
        @auth.require("order:read")
        def read():
            return {"orders": []}

        with made.app.app_context():
            auth.roles.assign("ada", "clerk")
        yield made


def key(shop, *scope, tenant=None):
    with shop.app.app_context():
        made = shop.auth.api_keys.create("ada", name="k", scope=list(scope) or None, tenant=tenant)
    return {"Authorization": f"Bearer {made.secret}"}


def tokens(shop, headers, **body):
    return shop.app.test_client().post("/mine", json=body, headers=headers)


@pytest.mark.attack("V12")
def test_a_narrowed_key_gets_narrowed_tokens(shop):
    answer = tokens(shop, key(shop, "token:get", "order:read"))
    bearer = {"Authorization": f"Bearer {answer.json['access_token']}"}
    client = shop.app.test_client()
    assert client.get("/orders", headers=bearer).status_code == 200
    assert client.delete("/orders", headers=bearer).status_code == 403
    assert client.get("/account", headers=bearer).status_code == 403, "a guard that names no permission"
    refreshed = client.post("/auth/token/refresh", json={"refresh_token": answer.json["refresh_token"]}).json
    bearer = {"Authorization": f"Bearer {refreshed['access_token']}"}
    assert client.delete("/orders", headers=bearer).status_code == 403


@pytest.mark.attack("V12")
def test_a_wish_for_more_than_the_key_has_gives_what_it_has_or_is_refused(shop):
    narrow = key(shop, "token:get", "order:read")
    assert tokens(shop, narrow, scope=["order:delete"]).status_code == 403
    answer = tokens(shop, narrow, scope=["order:delete", "order:read"])
    bearer = {"Authorization": f"Bearer {answer.json['access_token']}"}
    assert shop.app.test_client().delete("/orders", headers=bearer).status_code == 403
    whole = tokens(shop, key(shop), scope=["order:delete"]).json["access_token"]
    assert shop.app.test_client().delete("/orders", headers={"Authorization": f"Bearer {whole}"}).status_code == 204
