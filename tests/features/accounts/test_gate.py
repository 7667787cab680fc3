"""The gate: whoever may not sign in is refused as for a wrong password, and only the log says why."""

import pytest

from ostiary import Accounts
from ostiary.features.accounts.gate import AccountGate

WRONG = "not her password at all"


def answer(response):
    return response.status_code, response.get_data(), sorted(response.headers.items())


@pytest.mark.attack("I1")
@pytest.mark.asvs("V6.3.8")
@pytest.mark.parametrize("shut", ["suspended", "closed", "unverified"])
def test_an_account_that_is_shut_answers_as_a_wrong_password_does(accounts, shop, shut):
    eve = accounts.create(email="eve@shop.example", verified=shut != "unverified")
    if shut == "suspended":
        accounts.suspend(eve, reason="spam")
    elif shut == "closed":
        accounts.close(eve)
    right = shop.browser().sign_in("eve@shop.example")
    wrong = shop.browser().sign_in("eve@shop.example", WRONG)
    assert right.status_code == 401
    assert answer(right) == answer(wrong)
    assert shop.live(eve.id) == []
    failed = [detail for event, subject, detail in shop.audit(eve.id) if event == "sign_in_failed"]
    assert [detail["reason"] for detail in failed] == [shut, "wrong_proof"]
    assert failed[0]["method"] == "password"


def test_an_account_that_may_sign_in_is_let_in(ada, shop):
    browser = shop.browser()
    assert browser.sign_in("ada@shop.example").status_code == 200
    assert browser.who == ada.id


def test_a_subject_that_is_no_account_may_not_sign_in(ada, shop):
    browser = shop.browser()
    assert browser.vouch("somebody").status_code == 401
    assert browser.who == ""
    assert shop.audit("somebody")[-1][2]["reason"] == "no_account"


def test_a_factor_is_not_added_once_the_account_is_shut(ada, shop, accounts):
    browser = shop.browser()
    browser.sign_in("ada")
    accounts.suspend(ada, reason="fraud")
    assert browser.vouch(ada.id).status_code == 401
    assert browser.who == ""


@pytest.mark.parametrize("subject", ["", "ada", "\x00", "\ud800", "x" * 10_000])
def test_whatever_a_subject_is_the_gate_answers(shop, subject):
    gate = AccountGate(shop.database, unverified_may_sign_in=True)
    assert gate.why_not(subject) == "no_account"


class TestWithUnverifiedLetIn:
    @pytest.fixture
    def settings(self):
        return Accounts(identifiers=("email", "username"), unverified_may_sign_in=True)

    def test_an_unverified_account_may_sign_in_and_a_suspended_one_may_not(self, accounts, shop):
        eve = accounts.create(email="eve@shop.example", verified=False)
        browser = shop.browser()
        assert browser.sign_in("eve@shop.example").status_code == 200
        assert browser.who == eve.id
        accounts.suspend(eve, reason="spam")
        assert shop.browser().sign_in("eve@shop.example").status_code == 401
