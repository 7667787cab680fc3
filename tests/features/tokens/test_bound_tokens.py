"""Tokens beside a session that acts at a place: they act there, through every refresh, and nowhere else."""

import json
from dataclasses import replace

import pytest
from tests.badges import Roles
from tests.shop import PASSWORD
from tests.token_shop import Program, open_token_shop

from ostiary import Sessions
from ostiary.features.sessions import SessionActions
from ostiary.features.tokens.token_wish import TokenWish, make_wish, wish_of_json

ACME = ("org", "acme")


def _bind(shop, browser, on=ACME):
    (session,) = browser.get("/auth/sessions").json["sessions"]
    with shop.database.write() as tx:
        shop.runtime.action("sessions", SessionActions).bind(tx, session["id"], subject="ada", on=on)


def _add_views(shop):
    @shop.app.get("/<org>/plan")
    @shop.auth.require("plan:read", on="org")
    def plan(org):
        return {"tenant": shop.auth.principal.tenant, "org": org}


@pytest.fixture
def shop(database_url):
    rights = Roles(permissions={"ada": ("plan:read",)})
    with open_token_shop(database_url, Sessions(), rights) as made:
        _add_views(made)
        yield made


@pytest.mark.asvs("V8.4.1")
def test_what_is_issued_beside_a_session_is_bound_to_its_place_and_stays_so(shop):
    browser = shop.browser()
    browser.post("/auth/sign-in", json={"identifier": "ada", "password": PASSWORD})
    _bind(shop, browser)
    program = Program(shop, browser.post("/vouch/ada"))
    for _ in range(2):
        assert program.get("/acme/plan").json == {"tenant": ["org", "acme"], "org": "acme"}
        assert program.get("/other/plan").status_code == 403
        program.take(program.refresh())
    (family,) = browser.get("/auth/tokens").json["families"]
    assert family["tenant"] == ["org", "acme"]
    # Where the session goes afterwards, the token does not follow.
    _bind(shop, browser, ("org", "other"))
    program.take(program.refresh())
    assert (program.get("/acme/plan").status_code, program.get("/other/plan").status_code) == (200, 403)


def test_a_token_of_a_session_that_acts_nowhere_and_of_nobody_s_session_is_bound_to_nothing(shop):
    browser = shop.browser()
    browser.post("/auth/sign-in", json={"identifier": "ada", "password": PASSWORD})
    for program in (Program(shop, browser.post("/vouch/ada")), shop.program()):
        assert program.get("/acme/plan").json["tenant"] is None
        assert program.get("/other/plan").status_code == 200
    _bind(shop, browser)
    # Somebody else's place says nothing about him.
    assert Program(shop, browser.post("/vouch/bob")).get("/who").json["subject"] == "bob"


def test_a_second_factor_that_is_proven_later_unbinds_nothing():
    wish = replace(make_wish(scope=["plan:read"], claims={"a": [1]}, access="5m", refresh="1d"), tenant=ACME)
    assert wish_of_json(json.loads(json.dumps(wish.as_json()))) == wish
    assert wish_of_json(TokenWish().as_json()) == TokenWish()
