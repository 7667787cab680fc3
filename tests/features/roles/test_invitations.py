"""Roles that an invitation promises: never more than the inviter holds, on the day it is sent and on the day it is accepted."""

import pytest
from tests.features.passwords.people import ADA, GOOD, open_people

from ostiary import Accounts, Roles
from ostiary.features.roles import BeyondOwnRights
from ostiary.features.roles.new_account import RolesPart
from ostiary.kernel.errors import ValidationFailed

ROLES = {"admin": ["clerk", "user:*"], "clerk": ["order:*"]}


@pytest.fixture
def people(database_url):
    with open_people(database_url, accounts=Accounts(registration="invited"), further=(Roles(ROLES),)) as made:

        @made.app.post("/invite/<role>")
        @made.auth.require
        def invite(role):
            return {"id": made.auth.passwords.invite(ADA, roles=[role]).id}

        yield made


@pytest.fixture
def inviter(people):
    """An administrator, and her browser."""
    account = people.accounts.create(email="eve@example.com", password=GOOD, roles=["admin"])
    browser = people.browser()
    assert people.sign_in(browser, "eve@example.com", GOOD).status_code == 200
    return account, browser


def _accept(people):
    return people.browser().post("/auth/accept-invitation", json={"token": people.token(), "password": GOOD})


def _roles(people):
    with people.app.app_context():
        account = people.accounts.find(email=ADA)
        return None if account is None else people.auth.roles.of(account)


def test_whoever_accepts_has_the_roles_she_was_invited_to(people):
    people.passwords.invite(ADA, roles=["clerk"])
    assert _accept(people).status_code == 201
    assert _roles(people) == {"clerk"}
    with people.app.app_context():
        (given,) = people.auth.roles.assignments(people.accounts.find(email=ADA))
    assert given.given_by.startswith("invitation ")


def test_to_a_role_that_nobody_defines_nobody_is_invited(people):
    with pytest.raises(ValidationFailed):
        people.passwords.invite(ADA, roles=["clerc"])


@pytest.mark.attack("V11")
def test_nobody_invites_to_more_than_she_holds(people, inviter):
    account, browser = inviter
    assert browser.post("/invite/admin").status_code == 200
    with people.app.app_context():
        people.auth.roles.revoke(account, "admin")
        people.auth.roles.assign(account, "clerk")
    refused = browser.post("/invite/admin")
    assert (refused.status_code, refused.json["code"]) == (403, BeyondOwnRights.code)
    assert browser.post("/invite/clerk").status_code == 200


@pytest.mark.attack("V11")
@pytest.mark.parametrize("fate", ["demoted", "suspended", "closed"])
def test_who_has_lost_a_role_or_her_account_has_nothing_left_to_give_by_links_she_sent_before(people, inviter, fate):
    account, browser = inviter
    assert browser.post("/invite/admin").status_code == 200
    with people.app.app_context():
        if fate == "demoted":
            people.auth.roles.revoke(account, "admin")
        elif fate == "suspended":
            people.accounts.suspend(account, reason="left")
        else:
            people.accounts.close(account)
    answer = _accept(people)
    assert (answer.status_code, answer.json["code"]) == (410, "link_not_good")
    assert _roles(people) is None


@pytest.mark.attack("V11")
@pytest.mark.parametrize("fate", ["suspended", "closed"])
def test_who_is_suspended_while_her_invitation_is_being_accepted_gives_nothing(people, inviter, fate, monkeypatch):
    account, browser = inviter
    assert browser.post("/invite/admin").status_code == 200
    prepare = RolesPart.prepare

    def prepare_and_lose(part, value):
        prepared = prepare(part, value)
        with people.app.app_context():
            people.accounts.suspend(account, reason="left") if fate == "suspended" else people.accounts.close(account)
        return prepared

    # The moment between the check and the transaction, which no test could hit otherwise.
    monkeypatch.setattr(RolesPart, "prepare", prepare_and_lose)
    answer = _accept(people)
    assert (answer.status_code, answer.json["code"]) == (410, "link_not_good")
    assert _roles(people) is None


def test_who_has_kept_her_role_keeps_her_promise(people, inviter):
    _, browser = inviter
    assert browser.post("/invite/admin").status_code == 200
    assert _accept(people).status_code == 201
    assert _roles(people) == {"admin", "clerk"}


def test_an_invitation_without_roles_asks_nobody_for_hers(people):
    people.passwords.invite(ADA)
    assert _accept(people).status_code == 201
    assert _roles(people) == frozenset()


def test_the_log_says_who_has_promised_a_role(people, inviter):
    account, browser = inviter
    assert browser.post("/invite/clerk").status_code == 200
    assert _accept(people).status_code == 201
    told = [event for event in people.events if event.name() == "invited"]
    assert [(event.by, event.roles) for event in told] == [(account.id, ("clerk",))]
