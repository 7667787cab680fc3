"""Exchanging a remembered browser's token: one session, one successor, a grace for retries, and the end for a thief."""

from types import SimpleNamespace

import pytest
from tests.remembering import REMEMBER, SESSION, close, copy_of, open_remembering_shop, remembered, series, set_cookies
from tests.shop import KEY, NOON, FrozenClock, Shop

from ostiary import RememberMe, Sessions, SignIn
from ostiary.kernel.clock import DAY, HOUR, MINUTE, SECOND
from ostiary.kernel.errors import ConfigurationError
from ostiary.kernel.events import SessionEnded, SignInSucceeded
from ostiary.kernel.rotating_token import parse_rotating_token

OTHER_KEY = "another-Zk7Qw2mXp9Rt4Lc8Vb1Nf6Hj3Gd5Sy0a"


# Being remembered


def test_a_sign_in_that_asks_for_it_has_the_browser_remembered(shop: Shop) -> None:
    answer = shop.browser().vouch("ada", "password", remember=True)
    cookie = set_cookies(answer)[REMEMBER]
    assert "Max-Age=2592000" in cookie
    (row,) = series(shop)
    assert (row.subject, row.generation, row.started_at, row.ends_at) == ("ada", 1, NOON, NOON + 30 * DAY)
    assert row.session == shop.rows()[0].id
    assert shop.named() == ["browser_remembered", "sign_in_succeeded"]


def test_a_sign_in_that_does_not_ask_for_it_leaves_nothing(shop: Shop) -> None:
    browser = shop.browser()
    browser.vouch("ada", "password")
    assert (browser.cookie(REMEMBER), series(shop)) == (None, [])
    assert close(browser).who == ""


def test_a_closed_browser_is_signed_in_again_by_itself(shop: Shop, clock: FrozenClock) -> None:
    browser = remembered(shop)
    before = browser.cookie(REMEMBER)
    clock.pass_(3 * DAY)
    answer = close(browser).get("/account")
    assert (answer.status_code, answer.json) == (200, {"subject": "ada"})
    assert browser.cookie(SESSION).partition(".")[0] == shop.rows()[0].id == series(shop)[0].session
    after = browser.cookie(REMEMBER)
    assert (before != after, parse_rotating_token(after).generation, series(shop)[0].generation) == (True, 2, 2)
    name, _, detail = shop.audit("ada")[-1]
    assert (name, detail["methods"]) == ("sign_in_succeeded", ["remember"])


def test_an_idle_session_ends_and_its_remembered_browser_is_let_in_again(database_url, clock: FrozenClock) -> None:
    with open_remembering_shop(database_url, clock=clock, sessions=Sessions(idle="1h")) as shop:
        browser = remembered(shop)
        clock.pass_(HOUR)
        assert browser.who == "ada"
        assert [row.factors for row in shop.rows()] == [f"remember@{NOON + HOUR}"]


def test_while_there_is_a_good_session_the_token_is_not_looked_at(shop: Shop) -> None:
    browser = remembered(shop)
    before = browser.cookie(REMEMBER)
    for _ in range(3):
        answer = browser.get("/account")
        assert (answer.status_code, set_cookies(answer)) == (200, {})
    assert (browser.cookie(REMEMBER), series(shop)[0].generation) == (before, 1)


def test_a_view_that_asks_nobody_s_name_exchanges_nothing(shop: Shop) -> None:
    @shop.app.get("/open")
    def open_to_all():
        return "hello"

    browser = close(remembered(shop))
    for path in ("/open", "/static/nothing.css", "/nowhere"):
        assert set_cookies(browser.get(path)) == {}
    assert browser.options("/account").status_code == 200
    assert series(shop)[0].generation == 1


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_answer_that_lets_a_browser_in_is_kept_by_no_cache(shop: Shop, method) -> None:
    answer = close(remembered(shop)).open("/account", method=method)
    assert answer.status_code == 200
    assert (answer.headers["Cache-Control"], answer.headers["Vary"]) == ("no-store", "Cookie")
    assert set(set_cookies(answer)) == {SESSION, REMEMBER}


def test_a_page_that_anybody_may_see_lets_a_remembered_browser_in_as_well(shop: Shop) -> None:
    browser = close(remembered(shop))
    assert browser.get("/who").json == {"subject": "ada", "methods": ["remember"]}
    assert browser.get("/token").status_code == 200


def test_an_api_key_beside_a_bad_cookie_still_works(database_url, clock: FrozenClock) -> None:
    """flask-login asks for other credentials only where there is no remember cookie at all (L8)."""
    from tests.badges import Badges

    with open_remembering_shop(database_url, clock=clock, further=[Badges()]) as shop:
        browser = shop.browser()
        browser.set_cookie(REMEMBER, "garbage")
        assert browser.get("/account", headers={"Authorization": "Badge bob"}).json == {"subject": "bob"}
        browser = close(remembered(shop))
        assert browser.get("/account", headers={"Authorization": "Badge bob"}).json == {"subject": "bob"}
        assert series(shop)[0].generation == 1, "who brings a credential of her own needs no other"


# What it is worth


@pytest.mark.asvs("V6.3.4")
def test_a_remembered_session_is_signed_in_and_proves_nothing(shop: Shop) -> None:
    auth = shop.auth
    seen = []

    @shop.app.get("/fresh")
    @auth.require(fresh="1h")
    def fresh():
        return "fresh"

    @shop.app.get("/password")
    @auth.require(proof="password")
    def password():
        return "password"

    @shop.app.get("/remembered")
    @auth.require
    def remembered_view():
        seen.append(auth.principal)
        return {"remembered": auth.remember_me.was_remembered(auth.principal)}

    browser = remembered(shop)
    assert browser.get("/remembered").json == {"remembered": False}
    assert [close(browser).get(path).status_code for path in ("/account", "/fresh", "/password")] == [200, 403, 403]
    assert browser.get("/fresh").json["code"] == "step_up_needed"
    assert browser.get("/remembered").json == {"remembered": True}
    assert [factor.kind for factor in seen[-1].factors] == ["remember"]
    # She proves it again, without saying that she wants to be remembered: she still is.
    assert browser.vouch("ada", "password").status_code == 200
    assert [browser.get(path).status_code for path in ("/account", "/fresh", "/password")] == [200, 200, 200]
    assert browser.get("/remembered").json == {"remembered": False}
    assert close(browser).get("/account").status_code == 200


@pytest.mark.asvs("V6.3.4")
@pytest.mark.attack("L8")
def test_where_policy_wants_two_factors_being_remembered_is_no_way_around_one(database_url, clock: FrozenClock) -> None:
    wanted = {"ada": 1}
    policy = SignIn(policy=lambda subject: wanted.get(subject, 1), vouches=("totp",))
    with open_remembering_shop(database_url, clock=clock, sign_in=policy) as shop:
        browser = close(remembered(shop))
        wanted["ada"] = 2
        answer = browser.get("/account")
        assert answer.status_code == 401
        assert (browser.cookie(SESSION), browser.cookie(REMEMBER), browser.cookie("ostiary_pending")) == (None,) * 3
        assert series(shop) == []
        assert shop.named("ada")[-1] == "browser_forgotten"
        assert browser.who == ""


@pytest.mark.asvs("V6.3.4")
@pytest.mark.attack("L8")
def test_two_factors_from_everybody_and_remembered_browsers_are_told_at_the_start(sqlite_url) -> None:
    with (
        pytest.raises(ConfigurationError) as caught,
        open_remembering_shop(sqlite_url, sign_in=SignIn(policy=2, vouches=("totp",))),
    ):
        raise AssertionError
    assert [problem.code for problem in caught.value.problems] == ["remembered_never_enough"]


@pytest.mark.asvs("V6.3.4")
@pytest.mark.attack("L8")
def test_the_wish_to_be_remembered_waits_for_the_second_factor(database_url, clock: FrozenClock) -> None:
    wanted = {"ada": 2}
    policy = SignIn(policy=lambda subject: wanted.get(subject, 1), vouches=("totp",))
    with open_remembering_shop(database_url, clock=clock, sign_in=policy) as shop:
        browser = shop.browser()
        assert browser.vouch("ada", "password", remember=True).status_code == 401
        assert (series(shop), browser.cookie(REMEMBER)) == ([], None)
        assert browser.vouch("ada", "totp").status_code == 200
        wanted["ada"] = 1
        assert close(browser).who == "ada"


def test_a_wish_is_not_that_of_whoever_finishes_another_sign_in(database_url, clock: FrozenClock) -> None:
    policy = SignIn(policy=lambda subject: 2 if subject == "ada" else 1, vouches=("totp",))
    with open_remembering_shop(database_url, clock=clock, sign_in=policy) as shop:
        browser = shop.browser()
        assert browser.vouch("ada", "password", remember=True).status_code == 401
        assert browser.vouch("bob", "password").status_code == 200
        assert (series(shop), browser.cookie(REMEMBER)) == ([], None)


def test_asking_for_it_where_it_is_not_on_is_told_with_the_cure(sqlite_url) -> None:
    from tests.shop import open_shop

    with open_shop(sqlite_url) as shop:
        shop.app.testing = True
        with pytest.raises(ConfigurationError, match=r"add RememberMe\(\)"):
            shop.browser().vouch("ada", remember=True)


@pytest.mark.asvs("V7.3.2")
def test_however_often_it_comes_back_it_must_prove_itself_when_its_time_is_over(shop: Shop, clock: FrozenClock) -> None:
    browser = remembered(shop)
    for _ in range(9):
        clock.pass_(3 * DAY)
        assert close(browser).who == "ada"
    clock.pass_(3 * DAY - SECOND)
    answer = close(browser).get("/account")
    assert (answer.status_code, "Max-Age=1;" in set_cookies(answer)[REMEMBER]) == (200, True)
    clock.pass_(SECOND)
    # Neither the token nor the session that it was exchanged for outlives the thirty days.
    assert browser.get("/account").status_code == 401
    assert (browser.cookie(SESSION), browser.cookie(REMEMBER)) == (None, None)


@pytest.mark.attack("H7")
def test_a_token_is_good_in_the_application_that_made_it_only(shop: Shop, tmp_path, clock: FrozenClock) -> None:
    """Another key, and another row: a subject of the same name is somebody else."""
    browser = remembered(shop)
    with open_remembering_shop(
        f"sqlite:///{tmp_path / 'other'}", clock=clock, config={"OSTIARY_SECRET_KEY": OTHER_KEY}
    ) as other:
        remembered(other)
        assert copy_of(browser, other).who == ""


@pytest.mark.parametrize("keys", [(OTHER_KEY, [KEY])])
def test_a_browser_stays_remembered_when_the_key_rotates(database_url, clock: FrozenClock, keys) -> None:
    """flask-login forgets everybody: it ignores SECRET_KEY_FALLBACKS (L7)."""
    with open_remembering_shop(database_url, clock=clock) as shop:
        browser = close(remembered(shop))
        token = browser.cookie(REMEMBER)
    newest, older = keys
    config = {"OSTIARY_SECRET_KEY": newest, "OSTIARY_SECRET_KEY_FALLBACKS": older}
    with open_remembering_shop(database_url, clock=clock, config=config) as shop:
        again = shop.browser()
        again.set_cookie(REMEMBER, token)
        assert again.who == "ada"
        successor = again.cookie(REMEMBER)
        # A second tab, answered by the old key's companion or the new one's, is the same session.
        tab = shop.browser()
        tab.set_cookie(REMEMBER, token)
        assert (tab.who, tab.cookie(SESSION)) == ("ada", again.cookie(SESSION))
    with open_remembering_shop(database_url, clock=clock, config={"OSTIARY_SECRET_KEY": newest}) as shop:
        last = shop.browser()
        last.set_cookie(REMEMBER, successor)
        assert last.who == "ada", "and its successor is by the new key alone"


def test_tabs_that_are_answered_while_the_key_rotates_are_one_session(database_url, clock: FrozenClock) -> None:
    with open_remembering_shop(database_url, clock=clock) as shop:
        browser = close(remembered(shop))
        token = browser.cookie(REMEMBER)
        assert browser.who == "ada"
        session = browser.cookie(SESSION)
    config = {"OSTIARY_SECRET_KEY": OTHER_KEY, "OSTIARY_SECRET_KEY_FALLBACKS": [KEY]}
    with open_remembering_shop(database_url, clock=clock, config=config) as shop:
        tab = shop.browser()
        tab.set_cookie(REMEMBER, token)
        assert (tab.who, tab.cookie(SESSION)) == ("ada", session)


# Cross-site requests


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
def test_another_site_changes_nothing_in_the_name_of_a_remembered_browser(shop: Shop, headers) -> None:
    browser = close(remembered(shop))
    answer = browser.post("/note", headers={"Sec-Fetch-Site": "cross-site", **headers})
    assert (answer.status_code, answer.json["code"]) == (403, "csrf_refused")
    assert (series(shop)[0].generation, browser.cookie(SESSION)) == (1, None)
    assert browser.post("/note").json == {"by": "ada"}


def test_a_form_of_the_session_before_is_still_ours(shop: Shop, clock: FrozenClock) -> None:
    browser = remembered(shop)
    token = browser.get("/token").json["token"]
    close(browser)
    foreign = shop.browser()
    foreign.vouch("bob")
    wrong = foreign.get("/token").json["token"]
    assert browser.post("/note", headers={"X-Ostiary-CSRF": wrong}).status_code == 403
    assert browser.post("/note", headers={"X-Ostiary-CSRF": token}).json == {"by": "ada"}
    assert browser.post("/note", headers={"X-Ostiary-CSRF": token}).status_code == 403, "and the session is another now"


# Retries and tabs


@pytest.mark.attack("H9")
def test_a_lost_answer_is_given_again(shop: Shop, clock: FrozenClock) -> None:
    browser = close(remembered(shop))
    retry = copy_of(browser, shop)
    assert browser.who == "ada"
    clock.pass_(MINUTE)
    assert retry.who == "ada"
    assert (retry.cookie(SESSION), retry.cookie(REMEMBER)) == (browser.cookie(SESSION), browser.cookie(REMEMBER))
    assert (len(shop.rows()), series(shop)[0].generation) == (1, 2)
    assert shop.named("ada").count("sign_in_succeeded") == 2, "the sign-in, and one return"
    clock.pass_(DAY)
    assert close(retry).who == "ada", "and the successor goes on as ever"
    assert series(shop)[0].generation == 3


def test_the_second_tab_s_form_is_sent_in_the_name_of_the_session(shop: Shop) -> None:
    browser = remembered(shop)
    form = browser.get("/token").json["token"]
    tab = copy_of(close(browser), shop)
    assert browser.who == "ada"
    assert tab.post("/note").json == {"by": "ada"}
    late = copy_of(close(remembered(shop)), shop)
    assert late.post("/note", headers={"X-Ostiary-CSRF": form}).status_code == 403


def test_where_the_session_is_gone_already_the_tab_is_nobody_and_no_thief(shop: Shop, clock: FrozenClock) -> None:
    browser = close(remembered(shop))
    tab = copy_of(browser, shop)
    assert browser.who == "ada"
    browser.vouch("ada", "password")  # a step-up: the session of the exchange is replaced by one of a secret of its own
    assert (tab.who, tab.cookie(SESSION), tab.cookie(REMEMBER)) == ("", None, browser.cookie(REMEMBER))
    assert browser.who == "ada"
    clock.pass_(DAY)
    assert close(browser).who == "ada"


# Theft


@pytest.mark.attack("H9")
@pytest.mark.parametrize("first", ["thief", "owner"])
def test_a_copy_is_found_out_at_its_second_use_and_ends_what_it_began(shop: Shop, clock: FrozenClock, first) -> None:
    owner = close(remembered(shop))
    thief = copy_of(owner, shop)
    early, late = (thief, owner) if first == "thief" else (owner, thief)
    assert early.who == "ada"
    clock.pass_(MINUTE + 1)
    answer = late.get("/account")
    assert answer.status_code == 401
    assert (late.cookie(REMEMBER), late.cookie(SESSION)) == (None, None)
    assert (series(shop), shop.rows(), early.who) == ([], [], "")
    assert close(early).who == "", "nor does the successor let anybody in"
    name, subject, detail = shop.audit("ada")[-1]
    assert (name, subject) == ("remember_token_reused", "ada")
    assert detail["session"] == [d["session"] for n, _, d in shop.audit("ada") if n == "session_ended"][-1]


@pytest.mark.attack("H9")
def test_a_thief_is_found_out_also_while_the_owner_s_browser_stays_open(shop: Shop, clock: FrozenClock) -> None:
    owner = remembered(shop)
    thief = copy_of(owner, shop)
    assert thief.who == "ada"
    clock.pass_(2 * MINUTE)
    assert owner.who == "", "her session was replaced, so her browser shows its own token, which is old"
    assert (thief.who, series(shop)) == ("", [])
    assert "remember_token_reused" in shop.named("ada")


@pytest.mark.attack("H9")
def test_an_old_copy_is_a_copy_however_soon(shop: Shop, clock: FrozenClock) -> None:
    owner = close(remembered(shop))
    old = copy_of(owner, shop)
    for _ in range(2):
        assert close(owner).who == "ada"
    assert (old.who, owner.who) == ("", "")
    assert shop.named("ada").count("remember_token_reused") == 1


@pytest.mark.attack("H9")
def test_only_the_series_that_was_copied_ends(shop: Shop, clock: FrozenClock) -> None:
    stolen, other, bob = close(remembered(shop)), remembered(shop), remembered(shop, "bob")
    thief = copy_of(stolen, shop)
    thief.get("/account")
    clock.pass_(DAY)
    assert stolen.who == ""
    assert [close(other).who, close(bob).who] == ["ada", "bob"]


@pytest.mark.attack("H9")
def test_who_signs_in_with_a_copied_token_in_her_browser_ends_the_thief_too(shop: Shop, clock: FrozenClock) -> None:
    owner = close(remembered(shop))
    thief = copy_of(owner, shop)
    assert thief.who == "ada"
    clock.pass_(DAY)
    assert owner.vouch("ada", "password", remember=True).status_code == 200
    assert (thief.who, owner.who) == ("", "ada")
    assert "remember_token_reused" in shop.named("ada")
    assert close(owner).who == "ada"


@pytest.mark.attack("H9")
@pytest.mark.attack("X7")
def test_a_listener_that_raises_keeps_neither_thief_nor_owner_in_half(shop: Shop, clock: FrozenClock) -> None:
    @shop.auth.during(SignInSucceeded)
    def refuse(event, tx):
        if event.methods == ("remember",):
            raise LookupError

    browser = close(remembered(shop))
    before = series(shop), shop.rows()
    answer = browser.get("/account")
    assert (answer.status_code, set_cookies(answer)) == (500, {})
    assert (series(shop), shop.rows()) == before


# Who signs in on a remembered browser


def test_asking_again_replaces_the_series_of_this_browser(shop: Shop) -> None:
    browser = remembered(shop)
    old = copy_of(browser, shop)
    browser.vouch("ada", "password", remember=True)
    assert len(series(shop)) == 1
    assert (old.who, close(browser).who) == ("", "ada")
    browser = close(browser)
    browser.vouch("ada", "password", remember=True)
    assert len(series(shop)) == 1, "also where only the token is left of it"


@pytest.mark.parametrize("closed", [False, True])
def test_another_person_who_signs_in_takes_the_browser_over(shop: Shop, closed) -> None:
    browser = remembered(shop)
    old = copy_of(browser, shop)
    if closed:
        close(browser)
    assert browser.vouch("bob", "password").status_code == 200
    assert (series(shop), browser.cookie(REMEMBER)) == ([], None)
    assert (close(browser).who, old.who) == ("", "")


def test_a_browser_is_remembered_for_one_person(shop: Shop) -> None:
    browser = remembered(shop)
    browser.vouch("bob", "password", remember=True)
    assert [row.subject for row in series(shop)] == ["bob"]
    assert close(browser).who == "bob"


def test_a_session_that_replaces_another_says_so(shop: Shop) -> None:
    ended = []
    shop.auth.on(SessionEnded)(ended.append)
    browser = remembered(shop)
    first = shop.rows()[0].id
    assert close(browser).who == "ada"
    assert [(event.session, event.reason) for event in ended] == [(first, "replaced")]
    assert len(shop.rows()) == 1, "one browser is one line of the list of devices"


def test_a_subject_whom_the_application_no_longer_knows_is_not_let_in(shop: Shop, clock: FrozenClock) -> None:
    users = {"ada": SimpleNamespace(name="Ada")}
    shop.auth.user_loader(users.get)
    browser = close(remembered(shop))
    del users["ada"]
    assert browser.get("/account").status_code == 401
    assert (series(shop), shop.rows(), browser.cookie(REMEMBER)) == ([], [], None)


def test_the_grace_and_the_lifetime_are_settings(database_url, clock: FrozenClock) -> None:
    settings = RememberMe(lifetime="1h", grace="1s")
    with open_remembering_shop(database_url, clock=clock, remember=settings) as shop:
        browser = close(remembered(shop))
        tab = copy_of(browser, shop)
        assert browser.who == "ada"
        clock.pass_(SECOND + 1)
        assert (tab.who, browser.who) == ("", "")
        browser = close(remembered(shop))
        clock.pass_(HOUR)
        assert browser.who == ""
