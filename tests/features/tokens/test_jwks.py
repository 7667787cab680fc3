"""JWKS: the public keys, at the root, with a life that caches may keep to."""

import pytest
from flask import Flask
from tests.shop import KEY, NOON, FrozenClock

from ostiary import Tokens
from ostiary.features.tokens.signing_key_life import PUBLISHED_AHEAD
from ostiary.features.tokens.signing_keys import SigningKeys
from ostiary.flask import Auth
from ostiary.kernel.clock import SECOND
from ostiary.standards.jose.jws import parse_compact
from ostiary.standards.jose.key_set import parse_key_set

PATH = "/.well-known/jwks.json"


def make(tokens=None, **kwargs):
    app = Flask("shop")
    app.testing = True
    app.config.update(OSTIARY_SECRET_KEY=KEY)
    auth = Auth(app, [tokens or Tokens()], **kwargs)
    app.extensions["ostiary"].clock = FrozenClock()
    app.add_url_rule("/issue", "issue", lambda: auth.tokens.issue("ada").response(), methods=["POST"])
    return app


def issue(app):
    return app.test_client().post("/issue", headers={"Sec-Fetch-Site": "same-origin"}).json["access_token"]


@pytest.mark.parametrize("prefix", ["/auth", "/account"])
def test_the_keys_are_at_the_root_wherever_our_other_addresses_are(prefix):
    app = make(url_prefix=prefix)
    assert app.test_client().get(PATH).status_code == 200
    assert app.test_client().get(prefix + PATH).status_code == 404
    assert app.test_client().post(PATH).status_code == 405


@pytest.mark.parametrize("stateless", [False, True])
def test_somebody_else_verifies_our_token_with_what_is_published(stateless):
    app = make(Tokens(stateless=stateless, algorithm="Ed25519"))
    token, document = issue(app), app.test_client().get(PATH).json
    keys = parse_key_set(document, algorithms=["Ed25519"])
    assert parse_compact(token).verify(keys, types={"at+jwt"})["sub"] == "ada"


@pytest.mark.attack("B19")
def test_nothing_secret_is_published():
    for key in make(Tokens(stateless=True, algorithm="RS256")).test_client().get(PATH).json["keys"]:
        assert set(key) == {"kty", "n", "e", "kid", "use", "alg"}
    for key in make().test_client().get(PATH).json["keys"]:
        assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert (
        make(Tokens(secret="k7Qw2mXp9Rt4Lc8Vb1Nf6Hj3Gd5Sy0aZ", stateless=True)).test_client().get(PATH).status_code
        == 404
    )


def test_caches_may_keep_it_and_ask_whether_it_changed():
    client = make().test_client()
    first = client.get(PATH)
    assert first.headers["Cache-Control"] == "public, max-age=300"
    assert "Set-Cookie" not in first.headers
    again = client.get(PATH, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.get_data()) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]


def test_the_next_key_is_there_before_it_signs():
    app = make()
    before = app.test_client().get(PATH)
    keys = app.extensions["ostiary"].runtime.resources[SigningKeys]
    new = keys.rotate(NOON).life.kid
    after = app.test_client().get(PATH, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert new in {key["kid"] for key in after.json["keys"]}
    assert parse_compact(issue(app)).kid != new
    app.extensions["ostiary"].clock.pass_(PUBLISHED_AHEAD + SECOND)
    assert parse_compact(issue(app)).kid == new


def test_whoever_reads_it_need_be_nobody_and_a_bad_credential_is_no_matter():
    client = make().test_client()
    assert client.get(PATH, headers={"Authorization": "Bearer x.y.z"}).status_code == 200
