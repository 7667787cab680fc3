"""A guard that wants a role, two factors and a recent password: whoever lacks one of them is told which."""

import pytest
from tests.examples.program import PASSWORD, SAME, load

from ostiary.testing import AuthKit


@pytest.fixture
def kit(monkeypatch):
    with AuthKit(load("step_up", monkeypatch).app) as made:
        yield made


def payout(client):
    answer = client.post("/payouts", headers=SAME)
    return answer.status_code, (answer.json or {}).get("code"), answer.headers.get("WWW-Authenticate", "")


def test_an_administrator_with_two_factors_and_a_recent_password_passes(kit):
    both = ("password", "totp")
    assert payout(kit.client(roles=["admin"], factors=both))[0] == 202
    assert payout(kit.client(roles=["admin"], factors=both, via="bearer"))[0] == 202


def test_whoever_has_not_the_role_is_refused_however_much_she_proves(kit):
    assert payout(kit.client(factors=("password", "totp")))[:2] == (403, "not_allowed")


@pytest.mark.parametrize("lacking", [{"factors": ("password",)}, {"factors": ("password", "totp"), "age": 301}])
def test_a_person_is_asked_for_what_is_missing_and_a_program_told_in_the_header(kit, lacking):
    account = kit.account(roles=["admin"])
    assert payout(kit.client(account, **lacking))[:2] == (403, "step_up_needed")
    status, _, challenge = payout(kit.client(account, via="bearer", **lacking))
    assert status == 401
    assert 'error="insufficient_user_authentication"' in challenge


def test_a_code_that_the_application_checks_is_the_second_factor(kit):
    account = kit.account(email="ada@example.com", password=PASSWORD, roles=["admin"])
    browser = kit.client()
    browser.post("/auth/sign-in", json={"identifier": "ada@example.com", "password": PASSWORD})
    assert browser.post("/code", data={"code": "000000"}).status_code == 403
    assert payout(browser)[1] == "step_up_needed"
    assert browser.post("/code", data={"code": "424242"}).status_code == 200
    assert browser.post("/payouts", headers=SAME).json == {"by": account.id}
