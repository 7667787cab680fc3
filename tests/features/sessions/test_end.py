"""Ending sessions: here, elsewhere, everywhere; and nothing that is ended comes back."""

import pytest
from tests.shop import FrozenClock, Shop

from ostiary.kernel.clock import HOUR
from ostiary.kernel.principal import Credential, Principal

DOMAIN = "localhost"


def _copy(shop: Shop, browser):
    """Somebody who copied the cookies of a browser."""
    thief = shop.browser()
    thief.set_cookie("ostiary_session", browser.cookie(), domain=DOMAIN)
    return thief


@pytest.mark.asvs("V7.4.1")
@pytest.mark.attack("H3")
@pytest.mark.must("63B-5.1")
def test_after_signing_out_a_copy_of_the_cookie_is_worth_nothing(shop: Shop) -> None:
    browser = shop.browser()
    browser.sign_in()
    thief = _copy(shop, browser)
    assert thief.get("/account").status_code == 200
    assert browser.post("/leave").status_code == 200
    assert browser.cookie() is None, "erased from the browser"
    assert thief.get("/account").status_code == 401
    assert shop.rows() == []
    assert shop.named("ada") == ["sign_in_succeeded", "signed_out"]


@pytest.mark.asvs("V7.4.1")
@pytest.mark.attack("H4")
@pytest.mark.attack("H26")
@pytest.mark.attack("S19")
def test_a_request_that_ends_after_the_sign_out_does_not_bring_the_session_back(shop: Shop, clock: FrozenClock) -> None:
    browser = shop.browser()
    browser.sign_in()
    thief = _copy(shop, browser)
    # The thief's request is let in before the sign-out, and ends after it.
    shop.meanwhile = lambda: browser.post("/leave")
    clock.pass_(HOUR)
    assert thief.get("/slow").status_code == 200
    assert (thief.who, shop.rows(), shop.live()) == ("", [], [])


@pytest.mark.asvs("V7.4.1")
@pytest.mark.attack("H4")
def test_touching_a_session_that_has_ended_makes_no_row(shop: Shop, clock: FrozenClock) -> None:
    from ostiary.features.sessions.present import SessionReader
    from ostiary.storage.guard_reads import GuardReads

    browser = shop.browser()
    browser.sign_in()
    reader = SessionReader(shop.runtime.resources[GuardReads], shop.runtime.cookies)
    clock.pass_(HOUR)
    presented = reader.read({"HTTP_COOKIE": f"ostiary_session={browser.cookie()}"}, clock.now())
    with shop.app.app_context():
        shop.auth.sessions.end_all("ada")
    assert presented.used() is False
    assert (shop.rows(), browser.who) == ([], "")


@pytest.mark.asvs("V7.4.2")
@pytest.mark.attack("H3")
def test_suspending_somebody_ends_every_session_at_its_next_request(shop: Shop) -> None:
    laptop, phone, bobs = shop.browser(), shop.browser(), shop.browser()
    for browser, who in ((laptop, "ada"), (phone, "ada"), (bobs, "bob")):
        browser.sign_in(who)
    shop.suspend("ada")
    assert [browser.get("/account").status_code for browser in (laptop, phone, bobs)] == [401, 401, 200]
    assert shop.live("ada") == []
    assert [event.reason for event in shop.events if event.name() == "credential_rejected"] == ["revoked", "revoked"]


@pytest.mark.asvs("V7.4.2")
def test_a_suspension_that_is_rolled_back_ends_nothing(shop: Shop) -> None:
    from ostiary.storage.subjects import raise_epoch

    browser = shop.browser()
    browser.sign_in()
    with pytest.raises(LookupError), shop.database.write() as tx:
        raise_epoch(tx, "ada", now=0)
        raise LookupError
    assert browser.who == "ada"


def test_signing_out_everywhere_ends_all_of_hers_and_nobody_elses(shop: Shop) -> None:
    laptop, phone, bobs = shop.browser(), shop.browser(), shop.browser()
    for browser, who in ((laptop, "ada"), (phone, "ada"), (bobs, "bob")):
        browser.sign_in(who)
    laptop.post("/leave?scope=everywhere")
    assert [browser.who for browser in (laptop, phone, bobs)] == ["", "", "bob"]
    (revoked,) = [detail for name, who, detail in shop.audit() if name == "credentials_revoked" and who == "ada"]
    assert (revoked["epoch"], revoked["reason"]) == (1, "signed_out_everywhere")
    laptop.sign_in()
    assert laptop.who == "ada", "the next sign-in starts under the new epoch"


def test_signing_out_the_others_keeps_the_present_session(shop: Shop) -> None:
    laptop, phone = shop.browser(), shop.browser()
    laptop.sign_in()
    phone.sign_in()
    cookie = laptop.cookie()
    laptop.post("/leave?scope=others")
    assert (laptop.who, phone.who, laptop.cookie()) == ("ada", "", cookie)
    assert [detail["reason"] for name, _, detail in shop.audit() if name == "credentials_revoked"] == [
        "signed_out_others"
    ]


def test_keeping_a_session_does_not_wake_one_that_was_ended(shop: Shop) -> None:
    browser = shop.browser()
    browser.sign_in()
    id = browser.cookie().partition(".")[0]
    shop.suspend()
    with shop.app.app_context():
        shop.auth.sessions.end_all("ada", keep=id)
    assert (browser.who, shop.live()) == ("", [])


def test_keeping_somebody_elses_session_keeps_none(shop: Shop) -> None:
    browser, bobs = shop.browser(), shop.browser()
    browser.sign_in("ada")
    bobs.sign_in("bob")
    with shop.app.app_context():
        assert shop.auth.sessions.end_all("ada", keep=bobs.cookie().partition(".")[0]) == 1
    assert (browser.who, bobs.who) == ("", "bob")


def test_others_without_a_session_of_ones_own_means_everywhere(shop: Shop) -> None:
    browser = shop.browser()
    browser.sign_in()
    with shop.app.app_context():
        shop.auth.sessions.leave("ada", None, "others")
    assert browser.who == ""


def test_signing_out_twice_is_one_event(shop: Shop) -> None:
    browser = shop.browser()
    browser.sign_in()
    present = Principal("ada", credential=Credential("session", browser.cookie().partition(".")[0]))
    with shop.app.app_context():
        way_in = shop.app.extensions["ostiary"].way_in
        way_in.leave(present, "here")
        way_in.leave(present, "here")
    assert shop.named("ada").count("signed_out") == 1


@pytest.mark.asvs("V7.4.5")
def test_an_operator_ends_the_sessions_of_one_and_of_no_other(shop: Shop) -> None:
    ada, bob = shop.browser(), shop.browser()
    ada.sign_in("ada")
    bob.sign_in("bob")
    with shop.app.app_context():
        assert shop.auth.sessions.end_all("ada", reason="ended_by_operator") == 1
    assert (ada.who, bob.who) == ("", "bob")
    assert shop.audit("ada")[-1][2]["reason"] == "ended_by_operator"


@pytest.mark.asvs("V7.4.5")
def test_an_operator_ends_the_sessions_of_everybody(shop: Shop) -> None:
    ada, bob = shop.browser(), shop.browser()
    ada.sign_in("ada")
    bob.sign_in("bob")
    with shop.app.app_context():
        assert shop.auth.sessions.end_everybody() == 2
    assert (ada.who, bob.who, shop.rows()) == ("", "", [])
    assert sorted(who for name, who, _ in shop.audit() if name == "session_ended") == ["ada", "bob"]
    assert ("everybody_signed_out", None, {"reason": "ended_by_operator", "sessions": 2}) in shop.audit()


def test_whoever_hears_that_others_are_signed_out_hears_which_session_stays(shop: Shop) -> None:
    browser = shop.browser()
    browser.sign_in()
    id = browser.cookie().partition(".")[0]
    browser.post("/leave?scope=others")
    assert shop.audit("ada")[-1][2]["kept"] == id
    browser.post("/leave?scope=everywhere")
    assert "kept" not in shop.audit("ada")[-1][2]


def test_ending_one_session_is_done_once_and_by_its_owner(shop: Shop) -> None:
    browser = shop.browser()
    browser.sign_in()
    id = browser.cookie().partition(".")[0]
    with shop.app.app_context():
        assert shop.auth.sessions.end(id, owner="bob") is False
        assert browser.who == "ada"
        assert shop.auth.sessions.end(id, owner="ada") is True
        assert shop.auth.sessions.end(id) is False
    assert (browser.who, shop.named().count("session_ended")) == ("", 1)
