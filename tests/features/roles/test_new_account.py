"""The roles of a new account: given in the transaction that makes it, by nobody who does not hold them."""

import pytest
from flask import Flask, request

from ostiary import Passwords, Roles, Sessions
from ostiary.events import RoleAssigned
from ostiary.features.roles import BeyondOwnRights, Group
from ostiary.flask import Auth
from ostiary.kernel.errors import ConfigurationError, NotAuthenticated, ValidationFailed
from ostiary.testing import AuthKit


@pytest.fixture
def kit(database_url):
    app = Flask("staff")
    app.config["OSTIARY_DATABASE_URL"] = database_url
    app.testing = True
    auth = Auth(app, [Passwords(), Sessions(), Roles({"admin": ["clerk", "user:*"], "clerk": ["order:*"]})])

    @app.post("/hire")
    def hire():
        made = auth.accounts.create(email=request.form["email"], roles=request.form.getlist("role"))
        return {"id": made.id}

    if database_url.startswith("postgresql"):
        with app.app_context():
            runner = app.test_cli_runner()
            assert runner.invoke(args=["ostiary", "db", "upgrade"]).exit_code == 0
    with AuthKit(app) as made:
        made.auth = auth
        yield made


def test_an_account_is_made_with_its_roles(kit) -> None:
    account = kit.account(roles=["clerk"])
    with kit.app.app_context():
        assert kit.auth.roles.of(account) == {"clerk"}


def test_a_role_that_nobody_defines_makes_no_account(kit) -> None:
    for roles in (["clerc"], "clerk", [7], [["clerk"]], {"clerk": True}):
        with kit.app.app_context(), pytest.raises(ValidationFailed):
            kit.auth.accounts.create(email="ada@example.com", roles=roles)
        with kit.app.app_context():
            assert kit.auth.accounts.find(email="ada@example.com") is None


def test_a_listener_that_refuses_a_role_makes_no_account(kit) -> None:
    def refuse(event, tx):
        raise RuntimeError("no")

    kit.auth.during(RoleAssigned)(refuse)
    with kit.app.app_context(), pytest.raises(RuntimeError):
        kit.auth.accounts.create(email="ada@example.com", roles=["clerk"])
    with kit.app.app_context():
        assert kit.auth.accounts.find(email="ada@example.com") is None


@pytest.mark.attack("V11")
def test_nobody_makes_an_account_that_may_do_more_than_she_may(kit) -> None:
    clerk, admin = kit.client(roles=["clerk"]), kit.client(roles=["admin"])
    assert kit.client().post("/hire", data={"email": "x@example.com", "role": "clerk"}).status_code == 401
    assert clerk.post("/hire", data={"email": "x@example.com", "role": "admin"}).status_code == 403
    with kit.app.app_context():
        assert kit.auth.accounts.find(email="x@example.com") is None
    assert clerk.post("/hire", data={"email": "y@example.com", "role": "clerk"}).status_code == 200
    assert admin.post("/hire", data={"email": "z@example.com", "role": "admin"}).status_code == 200


@pytest.mark.attack("V11")
def test_registering_gives_nobody_a_role_whatever_she_sends(kit) -> None:
    body = {"identifier": "eve@example.com", "password": "correct horse battery staple", "roles": ["admin"]}
    assert kit.client().post("/auth/register", json={**body, "fields": {"roles": ["admin"]}}).status_code in (202, 422)
    with kit.app.app_context():
        eve = kit.auth.accounts.find(email="eve@example.com")
        assert eve is None or kit.auth.roles.of(eve) == frozenset()


def test_a_closed_account_holds_nothing_and_is_in_no_group(kit) -> None:
    account = kit.account(roles=["clerk"])
    with kit.app.app_context():
        kit.auth.roles.groups.create(Group("sales"))
        kit.auth.roles.groups.add(Group("sales"), account)
        kit.auth.accounts.close(account)
        assert kit.auth.roles.of(account) == frozenset()
        assert kit.auth.roles.members("clerk") == kit.auth.roles.groups.members(Group("sales")) == []


def test_the_refusals_are_the_ones_that_answer_themselves() -> None:
    assert (BeyondOwnRights.status, NotAuthenticated.status) == (403, 401)
    with pytest.raises(ConfigurationError, match="add Roles"):
        app = Flask("none")
        auth = Auth(app, [Passwords(), Sessions()])
        app.testing = True
        with app.app_context():
            auth.accounts.create(email="ada@example.com", roles=["clerk"])
