"""The account page: a person sees the organisations she belongs to, and says where she acts."""

import pytest
from flask import Flask

from ostiary import Accounts, Group, Roles, Sessions
from ostiary.flask import Auth
from ostiary.testing import AuthKit

PAGE = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
ACME = ("org", "acme <b>")


@pytest.fixture
def kit():
    app = Flask("shop")
    auth = Auth(app, [Accounts(), Sessions(), Roles({"editor": ["article:*"]})])
    with AuthKit(app) as made:
        made.auth = auth
        yield made


def test_who_belongs_somewhere_sees_where_and_changes_it(kit) -> None:
    account = kit.account()
    with kit.app.app_context():
        kit.auth.roles.groups.create(Group(ACME))
        kit.auth.roles.groups.add(Group(ACME), account)
    browser = kit.client(account)
    page = browser.get("/auth/account", headers=PAGE).text
    assert "Your organisations" in page
    assert "acme &lt;b&gt;" in page
    assert "<b>" not in page
    answer = browser.post("/auth/organisation", data={"on": "org:acme <b>"}, headers=PAGE)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/auth/account")
    assert "this is where you act now" in browser.get("/auth/account", headers=PAGE).text
    assert browser.get("/auth/account").json["organisations"] == {
        "organisation": "org:acme <b>",
        "organisations": ["org:acme <b>"],
    }
    browser.post("/auth/organisation", data={}, headers=PAGE)
    assert browser.get("/auth/account").json["organisations"]["organisation"] is None


def test_who_belongs_nowhere_is_not_bothered_with_it(kit) -> None:
    assert "organisation" not in kit.client(kit.account()).get("/auth/account", headers=PAGE).text


def test_what_happened_to_her_roles_is_among_what_happened_lately(kit) -> None:
    account = kit.account(roles=["editor"])
    assert "You were given a role" in kit.client(account).get("/auth/account", headers=PAGE).text
