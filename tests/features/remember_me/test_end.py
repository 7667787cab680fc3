"""Ending remembered browsers: signing out, the list, sign-out everywhere, suspension; and each of them for good."""

import pytest
from tests.remembering import REMEMBER, SESSION, close, copy_of, open_remembering_shop, remembered, series, set_cookies
from tests.shop import KEY, NOON, PASSWORD, Browser, FrozenClock, Shop

from ostiary import RememberMe, Sessions, SignIn
from ostiary.kernel.clock import DAY, MINUTE
from ostiary.kernel.errors import ConfigurationError
from ostiary.storage.database import Database
from ostiary.storage.ephemeral.store import EphemeralStore
from ostiary.storage.guard_reads import GuardReads

# Signing out here


@pytest.mark.asvs("V7.4.1")
@pytest.mark.parametrize("leave", ["/leave", "/auth/sign-out"])
@pytest.mark.parametrize("closed", [False, True])
def test_who_signs_out_is_not_let_in_again_nor_is_a_copy(shop: Shop, leave, closed) -> None:
    """Sign-out is only a request to the browser in flask-login: a captured cookie signs in still (L2)."""
    browser = remembered(shop)
    copy = copy_of(browser, shop)
    if closed:
        close(browser)
    answer = browser.post(leave)
    assert answer.status_code in (200, 204)
    assert (browser.cookie(REMEMBER), browser.cookie(SESSION)) == (None, None)
    assert (series(shop), shop.rows()) == ([], [])
    assert (browser.who, copy.who) == ("", "")


def test_a_browser_that_is_only_remembered_is_forgotten_without_being_let_in(shop: Shop) -> None:
    browser = close(remembered(shop))
    assert browser.post("/leave").status_code == 200
    named = ["browser_remembered", "sign_in_succeeded", "session_ended", "browser_forgotten"]
    assert shop.named("ada") == named
    assert shop.rows() == [], "nor is the session it had left to whoever has that one's cookie"


@pytest.mark.asvs("V7.4.1")
@pytest.mark.parametrize("leave", ["/leave", "/auth/sign-out"])
def test_signing_out_by_the_session_alone_ends_the_series_of_its_browser(shop: Shop, leave) -> None:
    browser = remembered(shop)
    copy = copy_of(browser, shop)
    browser.delete_cookie(REMEMBER)
    browser.post(leave)
    assert (copy.who, series(shop)) == ("", [])


@pytest.mark.parametrize("leave", ["/leave", "/auth/sign-out"])
def test_signing_out_ends_whatever_this_browser_carries(shop: Shop, leave) -> None:
    browser = shop.browser()
    browser.vouch("ada")
    other = remembered(shop)
    browser.set_cookie(REMEMBER, other.cookie(REMEMBER))
    browser.post(leave)
    assert (close(other).who, browser.cookie(REMEMBER), series(shop)) == ("", None, [])


def test_another_site_cannot_sign_a_remembered_browser_out(shop: Shop) -> None:
    browser = close(remembered(shop))
    assert browser.post("/leave", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert browser.who == "ada"


def test_a_forged_cookie_ends_nothing_by_signing_out(shop: Shop) -> None:
    browser = close(remembered(shop))
    forger = shop.browser()
    forger.set_cookie(REMEMBER, f"{series(shop)[0].id}.1.{'A' * 43}")
    assert forger.post("/leave").status_code == 200
    assert browser.who == "ada"


@pytest.mark.attack("H9")
def test_signing_out_with_a_copied_token_ends_the_thief(shop: Shop, clock: FrozenClock) -> None:
    owner = close(remembered(shop))
    thief = copy_of(owner, shop)
    assert thief.who == "ada"
    clock.pass_(DAY)
    assert owner.post("/leave").status_code == 200
    assert (thief.who, series(shop), shop.rows()) == ("", [], [])


# Everywhere, and the others


@pytest.mark.asvs("V7.4.2")
@pytest.mark.attack("H10")
@pytest.mark.parametrize("closed", [False, True])
def test_a_suspension_ends_every_remembered_browser(shop: Shop, closed) -> None:
    """H10: the epoch is what a suspension, a deletion and a lock raise; the row itself may stay."""
    browser, bob = remembered(shop), remembered(shop, "bob")
    if closed:
        close(browser)
    shop.suspend("ada")
    assert (browser.who, browser.cookie(REMEMBER), close(bob).who) == ("", None, "bob")


@pytest.mark.asvs("V7.4.2")
@pytest.mark.attack("H10")
@pytest.mark.parametrize("verb", ["suspend", "close"])
def test_a_suspended_account_s_browser_is_not_let_in_nor_when_it_is_restored(
    database_url, clock: FrozenClock, verb
) -> None:
    from ostiary import Accounts

    with open_remembering_shop(database_url, clock=clock, further=[Accounts()]) as shop:
        with shop.app.app_context():
            account = shop.auth.accounts.create(email="ada@shop.example")
        browser = close(remembered(shop, account.id))
        assert browser.who == account.id
        with shop.app.app_context():
            if verb == "suspend":
                shop.auth.accounts.suspend(account, reason="fraud")
                assert close(browser).who == ""
                shop.auth.accounts.restore(account)
            else:
                shop.auth.accounts.close(account)
        assert close(browser).who == ""


@pytest.mark.attack("H11")
def test_a_new_password_ends_every_remembered_browser(database_url, tmp_path) -> None:
    from flask import Flask

    from ostiary import Accounts, Passwords
    from ostiary.flask import Auth

    app = Flask("shop", instance_path=str(tmp_path))
    app.testing = True
    app.config.update(OSTIARY_SECRET_KEY=KEY, OSTIARY_PUBLIC_URL="http://localhost")
    database = Database.from_url(database_url, migrates_itself=True)
    features = [Accounts(), Passwords(memory_kib=19_456, passes=2, lanes=1), Sessions(), RememberMe()]
    auth = Auth(app, features, database=database)

    @app.post("/vouch/<who>")
    def vouch(who):
        return auth.sign_in(who, proof="password", remember=True).response()

    @app.get("/who")
    @auth.optional
    def who():
        return {"subject": auth.principal.subject}

    app.test_client_class = Browser
    with app.app_context():
        account = auth.accounts.create(email="ada@shop.example", password=PASSWORD)
    browser = app.test_client()
    browser.post(f"/vouch/{account.id}")
    copy = app.test_client()
    copy.set_cookie(REMEMBER, browser.cookie(REMEMBER))
    assert (close(browser).who, copy.who) == (account.id, account.id)
    with app.app_context():
        auth.passwords.set(account, f"{PASSWORD}, a new one")
    assert [close(one).who for one in (browser, copy)] == ["", ""]
    resources = app.extensions["ostiary"].runtime.resources
    resources[GuardReads].close()
    resources[EphemeralStore].close()
    database.close()


@pytest.mark.attack("H11")
@pytest.mark.parametrize("reason", ["password_changed", "signed_out_everywhere"])
def test_what_raises_the_epoch_ends_every_remembered_browser(shop: Shop, reason) -> None:
    browsers = [close(remembered(shop)) for _ in range(2)]
    with shop.app.app_context():
        shop.auth.sessions.end_all("ada", reason=reason)
    assert [browser.who for browser in browsers] == ["", ""]
    assert series(shop) == []


@pytest.mark.parametrize("closed", [False, True])
def test_signing_out_everywhere_ends_all_of_them_this_one_included(shop: Shop, closed) -> None:
    browser, other = remembered(shop), close(remembered(shop))
    if closed:
        close(browser)
    assert browser.post("/leave?scope=everywhere").status_code == 200
    assert (browser.who, other.who, browser.cookie(REMEMBER), series(shop)) == ("", "", None, [])


@pytest.mark.parametrize("closed", [False, True])
def test_signing_out_the_others_keeps_this_browser_remembered(shop: Shop, closed) -> None:
    browser, other, copy = remembered(shop), close(remembered(shop)), remembered(shop)
    if closed:
        close(browser)
    assert browser.post("/leave?scope=others").status_code == 200
    assert (browser.who, other.who, copy.who) == ("ada", "", "")
    assert close(browser).who == "ada"
    assert len(series(shop)) == 1


def test_who_is_kept_once_is_not_kept_when_she_was_ended_before(shop: Shop) -> None:
    """A series that a suspension ended does not come back because its session's id is named."""
    browser = remembered(shop)
    session = browser.cookie().partition(".")[0]
    shop.suspend("ada")
    with shop.app.app_context():
        shop.auth.sessions.end_all("ada", keep=session)
    assert (browser.who, close(browser).who) == ("", "")


def test_an_operator_who_ends_everybody_s_sessions_forgets_every_browser(shop: Shop, clock: FrozenClock) -> None:
    ada, bob = close(remembered(shop)), remembered(shop, "bob")
    with shop.app.app_context():
        shop.auth.sessions.end_everybody()
    assert (ada.who, bob.who, series(shop)) == ("", "", [])
    assert [detail for name, _, detail in shop.audit() if name == "everybody_signed_out"] == [
        {"reason": "ended_by_operator", "sessions": 2}
    ]


# One session from the list of devices


@pytest.mark.asvs("V7.5.2")
@pytest.mark.asvs("V6.5.6")
def test_a_session_that_is_ended_from_the_list_does_not_come_back_by_itself(shop: Shop) -> None:
    browser, lost = remembered(shop), remembered(shop)
    id = lost.cookie().partition(".")[0]
    assert browser.delete(f"/auth/sessions/{id}").status_code == 204
    assert (lost.who, close(lost).who) == ("", "")
    assert close(browser).who == "ada"


@pytest.mark.asvs("V6.5.6")
def test_that_holds_for_the_session_it_has_now_whatever_came_before(shop: Shop) -> None:
    lost = remembered(shop)
    assert close(lost).who == "ada"
    lost.vouch("ada", "password")
    with shop.app.app_context():
        assert shop.auth.sessions.end(lost.cookie().partition(".")[0]) is True
    assert (lost.who, series(shop)) == ("", [])


@pytest.mark.asvs("V6.5.6")
@pytest.mark.parametrize("left", ["session", "token"])
def test_a_series_belongs_to_the_newest_session_whatever_the_browser_signed_in_with(shop: Shop, left) -> None:
    lost = remembered(shop)
    copy = copy_of(lost, shop)
    lost.delete_cookie(REMEMBER if left == "session" else SESSION)
    lost.vouch("ada", "password")
    with shop.app.app_context():
        assert shop.auth.sessions.end(lost.cookie().partition(".")[0]) is True
    assert (copy.who, series(shop)) == ("", [])


def test_a_session_that_is_one_too_many_takes_its_series_along(database_url, clock: FrozenClock) -> None:
    with open_remembering_shop(database_url, clock=clock, sessions=Sessions(at_most=1)) as shop:
        first = remembered(shop)
        clock.pass_(MINUTE)
        second = remembered(shop)
        assert (first.who, close(second).who) == ("", "ada"), "otherwise the two would push each other out for ever"
        assert len(shop.rows()) == 1


# The list of remembered browsers


@pytest.mark.asvs("V6.5.6")
def test_a_person_sees_her_remembered_browsers_and_forgets_one(shop: Shop, clock: FrozenClock) -> None:
    browser, lost, bob = remembered(shop), close(remembered(shop)), remembered(shop, "bob")
    listed = browser.get("/auth/remembered").json["browsers"]
    assert sorted(one["current"] for one in listed) == [False, True]
    other = next(one["id"] for one in listed if not one["current"])
    assert bob.delete(f"/auth/remembered/{other}").status_code == 404
    assert browser.delete(f"/auth/remembered/{other}").status_code == 204
    assert browser.delete(f"/auth/remembered/{other}").status_code == 404
    assert (lost.who, browser.who, close(bob).who) == ("", "ada", "bob")
    assert shop.audit("ada")[-1][2]["reason"] == "ended"


@pytest.mark.asvs("V6.5.6")
def test_forgetting_a_browser_ends_the_session_it_has_at_once(shop: Shop) -> None:
    browser = close(remembered(shop))
    assert browser.who == "ada"
    with shop.app.app_context():
        (one,) = shop.auth.remember_me.list("ada")
        assert (one.current, one.device, one.network) == (False, "Werkzeug/3.1.9", "127.0.0.1")
        assert (one.remembered_at.timestamp(), one.ends_at.timestamp()) == (NOON / 1000, (NOON + 30 * DAY) / 1000)
        assert shop.auth.remember_me.end(one.id, owner="bob") is False
        assert shop.auth.remember_me.end(one.id) is True
        assert shop.auth.remember_me.end(one.id) is False
        assert shop.auth.remember_me.list("ada") == []
    assert (browser.who, shop.rows()) == ("", [])


def test_what_would_not_be_let_in_is_not_in_the_list(shop: Shop, clock: FrozenClock) -> None:
    remembered(shop)
    with shop.app.app_context():
        shop.suspend("ada")
        assert shop.auth.remember_me.list("ada") == []
        remembered(shop)
        assert len(shop.auth.remember_me.list("ada")) == 1
        clock.pass_(30 * DAY)
        assert shop.auth.remember_me.list("ada") == []


def test_the_list_is_for_people_with_a_session(database_url, clock: FrozenClock) -> None:
    from tests.badges import Badges

    with open_remembering_shop(database_url, clock=clock, further=[Badges()]) as shop:
        remembered(shop)
        assert shop.browser().get("/auth/remembered").status_code == 401
        program = shop.browser()
        for method in ("get", "delete"):
            path = "/auth/remembered" if method == "get" else f"/auth/remembered/{series(shop)[0].id}"
            assert getattr(program, method)(path, headers={"Authorization": "Badge ada"}).status_code == 403
        assert len(series(shop)) == 1


def test_where_nobody_is_remembered_the_name_says_what_to_switch_on(sqlite_url) -> None:
    from tests.shop import open_shop

    with open_shop(sqlite_url) as shop, shop.app.app_context():
        with pytest.raises(ConfigurationError, match=r"add RememberMe\(\)"):
            _ = shop.auth.remember_me
        assert shop.browser().get("/auth/remembered").status_code == 404


# Settings of others that meet ours


def test_a_policy_that_asks_her_for_two_factors_forgets_the_browser_for_good(database_url, clock: FrozenClock) -> None:
    wanted = {"ada": 1}
    policy = SignIn(policy=lambda subject: wanted[subject], vouches=("totp",))
    with open_remembering_shop(database_url, clock=clock, remember=RememberMe(), sign_in=policy) as shop:
        browser = close(remembered(shop))
        copy = copy_of(browser, shop)
        wanted["ada"] = 2
        answer = browser.get("/who")
        assert answer.json["subject"] == ""
        assert "Max-Age=0" in set_cookies(answer)[REMEMBER]
        wanted["ada"] = 1
        assert copy.who == ""
