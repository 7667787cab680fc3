"""Remembered sessions: no end goes unnoticed here, nor elsewhere for longer than was said, and nobody else gets in by them."""

from contextlib import ExitStack

import pytest
from tests.shop import NOON, FrozenClock, open_shop

from ostiary import Sessions
from ostiary.features.sessions.present import SessionReader
from ostiary.features.sessions.remembered_sessions import BoundedMemory
from ostiary.kernel.clock import MINUTE, SECOND
from ostiary.storage.guard_reads import GuardReads

CACHED = Sessions(cache="5s")
DOMAIN = "localhost"


@pytest.fixture
def shops(database_url, clock):
    """Two processes of one application, each with its memory."""
    with ExitStack() as stack:
        yield [stack.enter_context(open_shop(database_url, clock=clock, sessions=CACHED)) for _ in range(2)]


@pytest.fixture
def shop(shops):
    return shops[0]


def _reads(shop, monkeypatch):
    """The guard's reads from here on, as they come."""
    made, fetch = [], GuardReads.fetch_one
    monkeypatch.setattr(GuardReads, "fetch_one", lambda self, *rest: made.append(rest) or fetch(self, *rest))
    return made


def test_a_session_that_was_read_is_not_read_again(shop, monkeypatch) -> None:
    browser = shop.browser()
    browser.sign_in()
    assert browser.who == "ada"
    read = _reads(shop, monkeypatch)
    assert [browser.who for _ in range(3)] == ["ada"] * 3
    assert read == []


@pytest.mark.parametrize(
    "end",
    [
        lambda shop, browser: shop.browser().post("/leave", headers={"Cookie": f"ostiary_session={browser.cookie()}"}),
        lambda shop, browser: shop.suspend(),
        lambda shop, browser: shop.auth.sessions.end(browser.cookie().partition(".")[0]),
        lambda shop, browser: shop.auth.sessions.end_all("ada"),
        lambda shop, browser: shop.auth.sessions.end_everybody(),
    ],
    ids=["signed out", "suspended", "ended", "all ended", "everybody's ended"],
)
@pytest.mark.asvs("V7.4.1")
def test_what_ends_a_session_ends_it_at_its_next_request(shops, clock, end) -> None:
    shop, other = shops
    browser = shop.browser(use_cookies=True)
    browser.sign_in()
    elsewhere = other.browser()
    elsewhere.set_cookie("ostiary_session", browser.cookie(), domain=DOMAIN)
    assert (browser.who, elsewhere.who) == ("ada", "ada")
    with shop.app.app_context():
        end(shop, browser)
    cookie = {"Cookie": f"ostiary_session={browser.cookie()}"}
    assert shop.browser().get("/who", headers=cookie).json["subject"] == ""
    if shop.database.dialect == "postgresql":
        # No later than was said.
        clock.pass_(5 * SECOND)
    assert other.browser().get("/who", headers=cookie).json["subject"] == ""


def test_on_a_server_another_process_notices_within_the_stated_time(postgresql_url, clock) -> None:
    with (
        open_shop(postgresql_url, clock=clock, sessions=CACHED) as shop,
        open_shop(postgresql_url, clock=clock, sessions=CACHED) as other,
    ):
        browser = other.browser()
        browser.sign_in()
        assert browser.who == "ada"
        shop.suspend()
        clock.pass_(5 * SECOND - 1)
        assert browser.who == "ada", "this is what the setting is about"
        clock.pass_(1)
        assert browser.who == ""


@pytest.mark.attack("H23")
@pytest.mark.asvs("V7.3.1")
def test_what_is_remembered_lives_no_longer_than_the_session(database_url, clock) -> None:
    settings = Sessions(cache="1m", idle="2m", absolute="3m")
    with open_shop(database_url, clock=clock, sessions=settings) as shop:
        browser = shop.browser()
        browser.sign_in()
        for at in (0, 119_999, 120_000, 179_999):
            clock.at = NOON + at
            assert browser.who == "ada", at
        clock.at = NOON + 3 * MINUTE
        assert browser.who == ""


def test_silence_ends_what_is_remembered(database_url, clock) -> None:
    with open_shop(database_url, clock=clock, sessions=Sessions(cache="1m", idle="1m")) as shop:
        browser = shop.browser()
        browser.sign_in()
        assert browser.who == "ada"
        clock.pass_(MINUTE)
        assert browser.who == ""


def test_last_seen_is_written_as_before(shop, clock: FrozenClock) -> None:
    browser = shop.browser()
    browser.sign_in()
    seen = []
    for _ in range(4):
        clock.pass_(MINUTE // 2)
        browser.get("/who")
        seen.append(shop.rows()[0].seen_at - NOON)
    assert seen == [0, MINUTE, MINUTE, 2 * MINUTE]


@pytest.mark.attack("H2")
def test_a_remembered_session_lets_in_nobody_with_another_secret(shop) -> None:
    browser, forger = shop.browser(), shop.browser()
    browser.sign_in()
    assert browser.who == "ada"
    id, _, secret = browser.cookie().partition(".")
    for forged in (f"{id}.{'A' * 43}", f"{id}.{secret.swapcase()}", f"{id}.", f"{id}.{secret} x", secret):
        forger.set_cookie("ostiary_session", forged, domain=DOMAIN)
        assert forger.who == "", forged


def test_what_is_refused_is_not_remembered(shop, monkeypatch) -> None:
    stranger = shop.browser()
    kept = []
    find = SessionReader._recall
    monkeypatch.setattr(
        SessionReader,
        "_recall",
        lambda self, value, now, remembered: (kept.append(remembered), find(self, value, now, remembered))[1],
    )
    for number in range(50):
        stranger.set_cookie("ostiary_session", f"01{number:024d}.{'A' * 43}", domain=DOMAIN)
        assert stranger.who == ""
    assert len(kept[0].current(NOON)) == 0


@pytest.mark.asvs("V15.4.2")
def test_a_row_that_was_read_before_the_end_is_not_believed_after_it(shop, monkeypatch) -> None:
    browser = shop.browser()
    browser.sign_in()
    fetch = GuardReads.fetch_one

    def slowly(self, *rest):
        row = fetch(self, *rest)
        monkeypatch.setattr(GuardReads, "fetch_one", fetch)
        shop.suspend()
        return row

    monkeypatch.setattr(GuardReads, "fetch_one", slowly)
    assert browser.who == "ada", "it was alive when it was read"
    assert browser.who == ""


def test_a_clock_that_is_set_back_forgets() -> None:
    memory = BoundedMemory(5 * SECOND)
    known = memory.current(NOON)
    assert memory.current(NOON + 5 * SECOND - 1) is known
    assert memory.current(NOON - 1) is not known


def test_nothing_is_remembered_unless_the_settings_say_so(sqlite_url, clock, monkeypatch) -> None:
    with open_shop(sqlite_url, clock=clock) as shop:
        browser = shop.browser()
        browser.sign_in()
        read = _reads(shop, monkeypatch)
        assert [browser.who for _ in range(3)] == ["ada"] * 3
        assert len(read) == 3


def test_a_session_may_not_be_remembered_for_longer_than_a_minute(sqlite_url) -> None:
    assert {problem.code for problem in Sessions(cache="61s").problems()} == {"session_cache_too_old"}
    assert not list(Sessions(cache="1m").problems())
