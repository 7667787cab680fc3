"""Settings of tokens: a mistake is told at the start, with its cure."""

import json
import subprocess
import sys

import pytest
from flask import Flask
from tests.shop import KEY
from tests.standards.jose.made_keys import OTHER, RSA, pem, public_pem

from ostiary import ConfigurationError, Tokens
from ostiary.features.tokens.signing_keys import generate_key
from ostiary.flask import Auth
from ostiary.standards.jose.jws import parse_compact

SECRET = "k7Qw2mXp9Rt4Lc8Vb1Nf6Hj3Gd5Sy0aZ"


def codes(tokens, config=None):
    app = Flask("shop")
    app.testing = True
    app.config.update({"OSTIARY_SECRET_KEY": KEY, **(config or {})})
    with pytest.raises(ConfigurationError) as caught:
        Auth(app, [tokens])
    assert not any(SECRET in str(problem) for problem in caught.value.problems)
    return {problem.code for problem in caught.value.problems}


@pytest.mark.asvs("V9.2.1")
@pytest.mark.parametrize("access", ["0s", "25h", "30d", 86_401])
def test_an_access_token_lives_at_most_a_day(access):
    assert codes(Tokens(access=access)) <= {"access_lifetime", "unreadable_setting"}


def test_an_access_token_lives_no_longer_than_it_can_be_refreshed():
    assert codes(Tokens(access="2h", refresh="1h")) == {"access_longer_than_refresh"}


@pytest.mark.must("8725-3.2")
@pytest.mark.parametrize("name", ["none", "EdDSA", "ES384", "es256", "HS512", ""])
def test_an_algorithm_that_is_not_on_the_list_is_refused(name):
    assert codes(Tokens(algorithm=name)) == {"unknown_algorithm"}


@pytest.mark.attack("A13")
@pytest.mark.attack("A14")
@pytest.mark.attack("A4")
@pytest.mark.parametrize(
    "settings,code",
    [({"secret": "short"}, "weak_key"), ({"secret": "a" * 40}, "weak_key"), ({"secret": "change-me-before-it-goes-live!!!!"}, "weak_key"), ({"secret": public_pem(RSA)}, "key_as_secret"),
     ({"secret": SECRET, "secret_fallbacks": (SECRET,)}, "duplicate_kid"), ({"secret_fallbacks": (SECRET,)}, "algorithm_and_secret"),
     ({"algorithm": "HS256"}, "algorithm_and_secret"), ({"secret": SECRET, "algorithm": "ES256"}, "algorithm_and_secret"),
     ({"secret": SECRET, "private_key": pem(OTHER)}, "two_signing_keys"), ({"private_key": public_pem(OTHER)}, "public_key"),
     ({"private_key": "nonsense"}, "unreadable_key"), ({"private_key": pem(RSA)}, "algorithm_not_said"),
     ({"private_key": pem(OTHER), "algorithm": "RS256"}, "wrong_algorithm"), ({"private_key": '{"kty":"oct","k":"AAAA"}'}, "shared_secret"),
     ({"private_key": "{"}, "unreadable_key"), ({"private_key": '{"keys":[]}'}, "unreadable_key")],
)  # fmt: skip
def test_weak_mixed_and_doubled_keys_are_refused_when_they_are_loaded(settings, code):
    assert codes(Tokens(**settings)) == {code}


@pytest.mark.asvs("V13.3.1")
def test_a_secret_is_never_shown():
    for tokens in (
        Tokens(secret=SECRET),
        Tokens(private_key=pem(OTHER)),
        Tokens(secret=SECRET, secret_fallbacks=(SECRET[::-1],)),
    ):
        shown = repr(tokens)
        assert SECRET not in shown
        assert SECRET[::-1] not in shown
        assert "PRIVATE" not in shown


def issued(tokens, config=None):
    app = Flask("shop")
    app.testing = True
    app.config.update({"OSTIARY_SECRET_KEY": KEY, **(config or {})})
    auth = Auth(app, [tokens])
    app.add_url_rule("/issue", "issue", lambda: auth.tokens.issue("ada").response(), methods=["POST"])
    answer = app.test_client().post("/issue", headers={"Sec-Fetch-Site": "same-origin"})
    return parse_compact(answer.json["access_token"])


def test_a_key_of_one_s_own_signs_by_pem_jwk_and_set(tmp_path):
    key, old = generate_key("ES256"), generate_key("Ed25519")
    assert issued(Tokens(stateless=True, private_key=pem(RSA), algorithm="PS256")).algorithm == "PS256"
    assert issued(Tokens(private_key=json.dumps(key.private_members()))).kid == key.kid
    both = {"keys": [key.private_members(), old.public_members()]}
    assert issued(Tokens(private_key=json.dumps(both))).kid == key.kid
    (tmp_path / "key.pem").write_text(pem(OTHER))
    config = {"OSTIARY_TOKENS_PRIVATE_KEY_FILE": str(tmp_path / "key.pem")}
    assert issued(Tokens(stateless=True), config).algorithm == "ES256"
    assert issued(Tokens(stateless=True), {"OSTIARY_TOKENS_SECRET": SECRET}).algorithm == "HS256"


def production(tokens, **config):
    app = Flask("shop")
    settings = {"DEVELOPMENT": "0", "SECRET_KEY": KEY, "PUBLIC_URL": "https://shop.example", **config}
    app.config.update({f"OSTIARY_{name}": value for name, value in settings.items()})
    return Auth(app, [tokens])


def test_production_without_a_database_is_told_to_set_a_key(monkeypatch):
    monkeypatch.delenv("PYTEST_VERSION", raising=False)
    with pytest.raises(ConfigurationError) as caught:
        production(Tokens(stateless=True))
    assert [problem.code for problem in caught.value.problems] == ["no_signing_key"]
    production(Tokens(stateless=True), TOKENS_SECRET=SECRET)


@pytest.mark.parametrize("cookies", [False, True])
def test_tokens_without_state_bring_no_database_along(cookies):
    code = (
        "import os, sys; os.environ['OSTIARY_DEVELOPMENT'] = '1'\n"
        "from flask import Flask; from ostiary import Passwords, Tokens; from ostiary.flask import Auth\n"
        "app = Flask('x'); app.testing = True\n"
        "auth = Auth(app, [Passwords(lookup={}.get), Tokens(stateless=True, cookies=COOKIES)])\n"
        "app.add_url_rule('/in', 'in', lambda: auth.tokens.issue('ada').response(), methods=['POST'])\n"
        "app.add_url_rule('/', 'who', auth.require(lambda: auth.principal.subject))\n"
        "app.add_url_rule('/enter', 'enter', lambda: auth.sign_in('ada').response(), methods=['POST'])\n"
        "client = app.test_client()\n"
        "token = client.post('/in', headers={'Sec-Fetch-Site': 'same-origin'}).json['access_token']\n"
        "assert client.get('/', headers={'Authorization': 'Bearer ' + token}).text == 'ada'\n"
        "if COOKIES:\n"
        "    page = {'Sec-Fetch-Site': 'same-origin'}\n"
        "    assert client.post('/enter', headers=page).status_code < 400\n"
        "    assert client.get('/').text == 'ada'\n"
        "    assert client.post('/auth/sign-out', headers=page).status_code < 400\n"
        "    assert client.get('/').status_code == 401\n"
        "print(*sys.modules)"
    ).replace("COOKIES", str(cookies))
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert not {"sqlalchemy", "alembic", "httpx", "ostiary.features.revocation", "ostiary.features.sessions"} & loaded
