"""``flask ostiary signing-keys``: list, rotate, retire, import; as text and as JSON."""

import json

import pytest
from flask import Flask
from tests.shop import KEY
from tests.standards.jose.made_keys import OTHER, RSA, pem, public_pem

from ostiary import Sessions, Tokens
from ostiary.flask import Auth
from ostiary.standards.jose.jws import parse_compact


def make(*features):
    app = Flask("shop")
    app.testing = True
    app.config.update(OSTIARY_SECRET_KEY=KEY)
    auth = Auth(app, list(features) or [Tokens()])
    app.add_url_rule("/issue", "issue", lambda: auth.tokens.issue("ada").response(), methods=["POST"])
    return app


def run(app, *words, **kwargs):
    return app.test_cli_runner().invoke(args=["ostiary", "signing-keys", *words], **kwargs)


def as_json(result):
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def kid_of_issued(app):
    answer = app.test_client().post("/issue", headers={"Sec-Fetch-Site": "same-origin"})
    return parse_compact(answer.json["access_token"]).kid


def test_the_list_shows_each_key_where_it_stands():
    app = make()
    assert run(app, "list").output == "None: the first is made when the first token is issued.\n"
    assert as_json(run(app, "list", "--json")) == []
    first = kid_of_issued(app)
    second = as_json(run(app, "rotate", "--json"))[0]["kid"]
    listed = as_json(run(app, "list", "--json"))
    assert [(key["kid"], key["state"]) for key in listed] == [(first, "current"), (second, "next")]
    lines = run(app, "list").output.splitlines()
    assert [line.split()[:3] for line in lines] == [[first, "ES256", "current"], [second, "ES256", "next"]]
    assert "PRIVATE" not in run(app, "list").output
    assert '"d"' not in run(app, "list", "--json").output


def test_a_rotation_signs_later_unless_it_is_asked_for_at_once():
    app = make()
    first = kid_of_issued(app)
    assert as_json(run(app, "rotate", "--json"))[0]["state"] == "next"
    assert kid_of_issued(app) == first
    refused = run(app, "rotate")
    assert refused.exit_code != 0
    assert "rotate --now" in refused.output
    assert as_json(run(app, "rotate", "--now", "--json"))[0]["state"] == "current"
    assert kid_of_issued(app) != first


@pytest.mark.asvs("V11.1.1")
def test_a_key_is_retired_only_by_somebody_who_says_yes():
    app = make()
    first = kid_of_issued(app)
    assert run(app, "retire", first, input="n\n").exit_code != 0
    assert kid_of_issued(app) == first
    assert as_json(run(app, "retire", first, "--yes", "--json")) == [{"retired": first}]
    assert kid_of_issued(app) != first
    again = run(app, "retire", first, "--yes")
    assert again.exit_code != 0
    assert "no such key" in again.output


def test_a_key_is_imported_from_a_file(tmp_path):
    app = make()
    kid_of_issued(app)
    (tmp_path / "key.pem").write_text(pem(OTHER))
    imported = as_json(run(app, "import", str(tmp_path / "key.pem"), "--now", "--json"))[0]
    assert (imported["algorithm"], imported["state"], imported["can_sign"]) == ("ES256", "current", True)
    assert kid_of_issued(app) == imported["kid"]
    (tmp_path / "public.pem").write_text(public_pem(RSA))
    refused = run(app, "import", str(tmp_path / "public.pem"))
    assert refused.exit_code != 0
    assert "RS256 or PS256" in refused.output
    public = as_json(run(app, "import", str(tmp_path / "public.pem"), "--algorithm", "RS256", "--json"))[0]
    assert (public["state"], public["can_sign"]) == ("retired", False)
    assert "public half only" in run(app, "list").output


def test_where_there_are_no_keys_in_a_database_the_cure_is_told():
    for app, word in ((make(Tokens(stateless=True)), "TOKENS_PRIVATE_KEY"), (make(Sessions()), "add Tokens()")):
        refused = run(app, "list")
        assert refused.exit_code != 0
        assert word in refused.output
