"""Presenting a session: who is let in, until when, and everything that must not be taken for a session."""

import sqlite3

import pytest
from tests.shop import NOON, FrozenClock, Shop, open_shop

from ostiary import Sessions
from ostiary.features.sessions.present import session_reason
from ostiary.kernel.clock import DAY, HOUR, MINUTE, SECOND
from ostiary.kernel.secret import digest

DOMAIN = "localhost"


# The rule, without a database


def _row(**changes):
    row = {
        "secret_hash": digest("s"), "subject": "ada", "epoch": 3, "started_at": NOON, "seen_at": NOON, "idle_for": HOUR,
        "ends_at": NOON + DAY, "factors": "", "actor": None, "tenant": None, "current_epoch": 3, "rights": 0,
    }  # fmt: skip
    return tuple((row | changes).values())


@pytest.mark.asvs("V7.3.1")
@pytest.mark.asvs("V7.3.2")
@pytest.mark.attack("H23")
@pytest.mark.must("63B-5.2")
@pytest.mark.parametrize(
    ("changes", "now", "reason"),
    [
        ({}, NOON, None),
        ({}, NOON + HOUR - 1, None),
        ({}, NOON + HOUR - SECOND, None),
        ({}, NOON + HOUR, "idle"),
        ({}, NOON + HOUR + SECOND, "idle"),
        ({"seen_at": NOON + DAY - SECOND}, NOON + DAY - 1, None),
        ({"seen_at": NOON + DAY - SECOND}, NOON + DAY, "ended"),
        ({"seen_at": NOON + DAY - SECOND}, NOON + DAY + SECOND, "ended"),
        ({"current_epoch": 4}, NOON, "revoked"),
        ({"current_epoch": 2}, NOON, "revoked"),
        ({"secret_hash": digest("t")}, NOON, "wrong_secret"),
        ({"secret_hash": b""}, NOON, "wrong_secret"),
        # A clock that went back ends nothing early, and prolongs nothing beyond its end.
        ({}, NOON - HOUR, None),
        ({"ends_at": NOON - 2 * HOUR}, NOON - HOUR, "ended"),
    ],
)
def test_a_session_lives_until_the_very_instant_it_ends(changes, now, reason) -> None:
    assert session_reason(_row(**changes), "s", now) == reason


def test_whoever_has_the_wrong_secret_learns_nothing_about_the_session() -> None:
    dead = _row(secret_hash=digest("t"), current_epoch=9, ends_at=0)
    assert session_reason(dead, "s", NOON) == "wrong_secret"


# Over HTTP


@pytest.mark.asvs("V7.2.1")
@pytest.mark.attack("H2")
def test_a_forged_session_is_nobodys(shop: Shop) -> None:
    browser, forger = shop.browser(), shop.browser()
    browser.sign_in()
    id, _, secret = browser.cookie().partition(".")
    other = "A" if secret[-5] != "A" else "B"
    for forged in (
        f"{id}.{secret[:-5]}{other}{secret[-4:]}", f"{id}.{'A' * 43}", f"{id}.", id, f"{id}.{secret}x", f"{id.lower()}.{secret}",
        f"{id}.{secret.swapcase()}", f"{id}:{secret}", f"../{id}.{secret}", f"{id}.{secret}.{secret}", f"' OR 1=1 --.{secret}",
    ):  # fmt: skip
        forger.set_cookie("ostiary_session", forged, domain=DOMAIN)
        assert forger.get("/account").status_code == 401, forged
        assert forger.cookie() is None, "the answer clears it"
    assert browser.who == "ada"


@pytest.mark.asvs("V16.3.3")
@pytest.mark.attack("H2")
def test_a_forged_session_is_an_event_that_does_not_show_it(shop: Shop) -> None:
    browser = shop.browser()
    browser.sign_in()
    id = browser.cookie().partition(".")[0]
    browser.set_cookie("ostiary_session", f"{id}.{'A' * 43}", domain=DOMAIN)
    assert browser.who == ""
    rejected = shop.events[-1]
    assert (rejected.name(), rejected.reason, rejected.subject) == ("credential_rejected", "wrong_secret", None)
    assert id not in repr(rejected)


@pytest.mark.asvs("V7.3.1")
@pytest.mark.must("63B-5.2")
def test_activity_resets_idle_and_silence_ends_the_session(database_url: str, clock: FrozenClock) -> None:
    with open_shop(database_url, clock=clock, sessions=Sessions(idle="1h", absolute="1d")) as shop:
        browser = shop.browser()
        browser.sign_in()
        for _ in range(3):
            clock.pass_(HOUR - SECOND)
            assert browser.who == "ada"
        clock.pass_(HOUR)
        assert browser.who == ""
        assert shop.live() == []


@pytest.mark.asvs("V7.3.2")
@pytest.mark.must("63B-5.2")
def test_a_session_in_constant_use_ends_all_the_same(database_url: str, clock: FrozenClock) -> None:
    with open_shop(database_url, clock=clock, sessions=Sessions(idle="1h", absolute="4h")) as shop:
        browser = shop.browser()
        browser.sign_in()
        for _ in range(4):
            clock.pass_(HOUR - SECOND)
            assert browser.who == "ada"
        clock.at = NOON + 4 * HOUR - 1
        assert browser.who == "ada"
        clock.at = NOON + 4 * HOUR
        assert browser.who == ""


@pytest.mark.attack("X4")
@pytest.mark.attack("H23")
def test_a_clock_that_jumps_an_hour_and_back_neither_ends_nor_immortalises_a_session(
    sqlite_url: str, clock: FrozenClock
) -> None:
    with open_shop(sqlite_url, clock=clock, sessions=Sessions(idle="2h", absolute="4h")) as shop:
        browser = shop.browser()
        browser.sign_in()
        for jump in (HOUR, -2 * HOUR, HOUR):
            clock.pass_(jump)
            assert browser.who == "ada"
        (row,) = shop.rows()
        assert (row.seen_at, row.ends_at) == (NOON + HOUR, NOON + 4 * HOUR), "seen_at never goes back"
        clock.at = NOON + 4 * HOUR
        assert browser.who == ""


def test_last_seen_is_written_at_most_once_a_minute(shop: Shop, clock: FrozenClock) -> None:
    browser = shop.browser()
    browser.sign_in()
    seen = []
    for _ in range(4):
        clock.pass_(MINUTE // 2)
        browser.get("/who")
        seen.append(shop.rows()[0].seen_at - NOON)
    assert seen == [0, MINUTE, MINUTE, 2 * MINUTE]


def test_last_seen_keeps_up_with_a_short_idle_time(sqlite_url: str, clock: FrozenClock) -> None:
    with open_shop(sqlite_url, clock=clock, sessions=Sessions(idle="10s")) as shop:
        browser = shop.browser()
        browser.sign_in()
        for _ in range(30):
            clock.pass_(SECOND)
            assert browser.who == "ada"


def test_a_locked_database_delays_nobody_who_only_reads(sqlite_url: str, clock: FrozenClock) -> None:
    with open_shop(sqlite_url, clock=clock) as shop:
        browser = shop.browser()
        browser.sign_in()
        clock.pass_(HOUR)
        writer = sqlite3.connect(shop.database.file, isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        assert browser.who == "ada"
        assert shop.rows()[0].seen_at == NOON
        writer.execute("ROLLBACK")
        writer.close()
        assert browser.who == "ada"
        assert shop.rows()[0].seen_at == NOON + HOUR


# Where a session must not come from


@pytest.mark.attack("H25")
@pytest.mark.must("CS-Session")
def test_a_session_in_the_address_the_body_or_another_header_is_none(shop: Shop) -> None:
    browser, other = shop.browser(), shop.browser()
    browser.sign_in()
    cookie = browser.cookie()
    for name in ("ostiary_session", "__Host-ostiary_session", "session", "sid"):
        assert other.get(f"/account?{name}={cookie}").status_code == 401
        assert other.get(f"/account;{name}={cookie}").status_code == 404
        assert other.post("/note", data={name: cookie}).status_code == 401
        assert other.get("/account", headers={f"X-{name}": cookie}).status_code == 401
    assert other.get("/account", headers={"Authorization": f"Bearer {cookie}"}).status_code == 401


@pytest.mark.must("CS-Session")
def test_of_two_session_cookies_neither_is_believed(shop: Shop) -> None:
    browser, other = shop.browser(), shop.browser()
    browser.sign_in("ada")
    other.sign_in("bob")
    both = f"ostiary_session={browser.cookie()}; ostiary_session={other.cookie()}"
    stranger = shop.app.test_client(use_cookies=False)
    assert stranger.get("/who", headers={"Cookie": both}).json["subject"] == ""


@pytest.mark.attack("H5")
def test_without_its_prefix_a_cookie_is_no_session_in_production(sqlite_url: str, clock: FrozenClock) -> None:
    with open_shop(sqlite_url, clock=clock, production=True) as shop:
        browser = shop.browser()
        browser.sign_in()
        cookie = browser.cookie()
        stranger = shop.browser(use_cookies=False)
        for name in ("ostiary_session", "__Secure-ostiary_session", "__host-ostiary_session"):
            assert stranger.get("/account", headers={"Cookie": f"{name}={cookie}"}).status_code == 401
        assert stranger.get("/account", headers={"Cookie": f"__Host-ostiary_session={cookie}"}).status_code == 200


@pytest.mark.attack("H7")
def test_a_session_of_another_application_with_the_same_key_is_none(tmp_path, clock: FrozenClock) -> None:
    with (
        open_shop(f"sqlite:///{tmp_path / 'one.sqlite3'}", clock=clock) as one,
        open_shop(f"sqlite:///{tmp_path / 'two.sqlite3'}", clock=clock) as two,
    ):
        browser, visitor = one.browser(), two.browser()
        browser.sign_in()
        visitor.set_cookie("ostiary_session", browser.cookie(), domain=DOMAIN)
        assert (browser.who, visitor.who) == ("ada", "")


@pytest.mark.attack("H8")
@pytest.mark.attack("X5")
def test_a_session_and_its_csrf_token_outlive_a_change_of_key(tmp_path, clock: FrozenClock) -> None:
    url = f"sqlite:///{tmp_path / 'shop.sqlite3'}"
    first = "first-Zk7Qw2mXp9Rt4Lc8Vb1Nf6Hj3Gd5Sy0a"
    second = "second-Zk7Qw2mXp9Rt4Lc8Vb1Nf6Hj3Gd5Sy0a"
    with open_shop(url, clock=clock, config={"OSTIARY_SECRET_KEY": first}) as shop:
        browser = shop.browser()
        browser.sign_in()
        session, token = browser.cookie(), browser.get("/token").json["token"]
    config = {"OSTIARY_SECRET_KEY": second, "OSTIARY_SECRET_KEY_FALLBACKS": first}
    with open_shop(url, clock=clock, config=config) as shop:
        browser = shop.browser()
        browser.set_cookie("ostiary_session", session, domain=DOMAIN)
        assert browser.who == "ada"
        assert browser.post("/note", headers={"X-Ostiary-CSRF": token}).status_code == 200
        fresh = browser.get("/token").json["token"]
    with open_shop(url, clock=clock, config={"OSTIARY_SECRET_KEY": second}) as shop:
        browser = shop.browser()
        browser.set_cookie("ostiary_session", session, domain=DOMAIN)
        assert browser.post("/note", headers={"X-Ostiary-CSRF": token}).status_code == 403, "the old key is gone"
        assert browser.post("/note", headers={"X-Ostiary-CSRF": fresh}).status_code == 200, "made by the newest"


@pytest.mark.attack("T12")
@pytest.mark.parametrize(
    "factors",
    ["cos\nsystem\n(S'id'\ntR.", "!!python/object/apply:os.system ['id']", "gASVIAAAAAAAAACMBXBvc2l4", "{}", "app@1"],
)
def test_a_row_that_somebody_wrote_by_hand_is_read_as_text_or_not_at_all(sqlite_url: str, factors: str) -> None:
    with open_shop(sqlite_url) as shop:
        browser = shop.browser()
        browser.sign_in()
        with shop.database.write() as tx:
            from ostiary.features.sessions.store import sessions

            tx.execute(sessions.update().values(factors=factors))
        assert browser.get("/account").status_code == 500
