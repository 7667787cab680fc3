"""``flask ostiary sessions``: the list, and ending one's or everybody's."""

import json

import pytest
from flask import Flask

from ostiary import Sessions
from ostiary.flask import Auth

SAME = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def app():
    app = Flask("shop")
    app.testing = True
    auth = Auth(app, [Sessions()])
    app.add_url_rule("/in/<who>", "in", lambda who: auth.sign_in(who).response(), methods=["POST"])
    return app


def run(app, *words):
    return app.test_cli_runner().invoke(args=["ostiary", "sessions", *words])


def signed_in(app, who, device="Firefox"):
    client = app.test_client()
    client.post(f"/in/{who}", headers={**SAME, "User-Agent": device})
    return client


@pytest.mark.attack("T13")
def test_the_list_shows_each_browser_on_one_line_whatever_it_says_of_itself(app):
    signed_in(app, "ada", "\x1b[2Jevil\x9b")
    lines = run(app, "list", "ada").output.splitlines()
    assert len(lines) == 1
    assert lines[0].endswith(r"\x1b[2Jevil\x9b")
    assert json.loads(run(app, "list", "ada", "--json").output)["device"].endswith("evil\x9b")
    assert run(app, "list", "nobody").output == "None.\n"


@pytest.mark.asvs("V7.4.5")
def test_ending_one_s_sessions_leaves_everybody_else_s(app):
    ada, bob = signed_in(app, "ada"), signed_in(app, "bob")
    assert run(app, "end", "ada").output == "1 sessions ended.\n"
    assert (ada.get("/auth/sessions").status_code, bob.get("/auth/sessions").status_code) == (401, 200)
    assert json.loads(run(app, "end", "--everybody", "--json").output) == {"ended": 1}
    assert bob.get("/auth/sessions").status_code == 401


@pytest.mark.parametrize("words", [["end"], ["end", "ada", "--everybody"], ["list"]])
def test_whose_has_to_be_said_and_only_once(app, words):
    client = signed_in(app, "ada")
    assert run(app, *words).exit_code == 2
    assert client.get("/auth/sessions").status_code == 200
