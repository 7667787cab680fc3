"""Starting a session: a new id at every sign-in, nothing planted is adopted, and no more sessions than allowed."""

import hashlib
import re

import pytest
from tests.shop import NOON, FrozenClock, Shop, open_shop

from ostiary import Sessions
from ostiary.kernel.clock import DAY, HOUR

DOMAIN = "localhost"


@pytest.fixture
def clock():
    return FrozenClock()


@pytest.fixture
def shop(sqlite_url, clock):
    with open_shop(sqlite_url, clock=clock) as made:
        yield made


# Renewal


@pytest.mark.asvs("V7.2.4")
@pytest.mark.must("CS-Session")
def test_signing_in_again_gives_a_new_session_and_ends_the_old_one(shop: Shop) -> None:
    browser, thief = shop.browser(), shop.browser()
    browser.sign_in()
    old = browser.cookie()
    thief.set_cookie("ostiary_session", old, domain=DOMAIN)
    browser.sign_in()
    assert browser.cookie() not in (None, old)
    assert (browser.who, thief.who) == ("ada", "")
    assert shop.live() == [browser.cookie().partition(".")[0]]
    assert shop.named("ada") == ["sign_in_succeeded", "session_ended", "sign_in_succeeded"]


@pytest.mark.asvs("V7.2.4")
def test_a_rise_in_assurance_gives_a_new_session_that_knows_both_proofs(shop: Shop) -> None:
    browser, thief = shop.browser(), shop.browser()
    browser.sign_in()
    thief.set_cookie("ostiary_session", browser.cookie(), domain=DOMAIN)
    browser.vouch(proof="totp")
    assert sorted(browser.get("/who").json["methods"]) == ["password", "totp"]
    assert (thief.who, len(shop.live())) == ("", 1)
    assert [detail.get("reason") for name, _, detail in shop.audit() if name == "session_ended"] == ["replaced"]


@pytest.mark.asvs("V7.2.4")
def test_the_csrf_token_of_a_session_ends_with_it(shop: Shop) -> None:
    browser = shop.browser()
    visitors = browser.get("/token").json["token"]
    browser.sign_in()
    own = browser.get("/token").json["token"]
    silent = {"Sec-Fetch-Site": ""}
    for stale in (visitors, "A" * 86):
        assert browser.post("/note", headers={**silent, "X-Ostiary-CSRF": stale}).status_code == 403
    assert browser.post("/note", headers={"X-Ostiary-CSRF": own}).status_code == 200
    browser.sign_in()
    assert browser.post("/note", headers={"X-Ostiary-CSRF": own}).status_code == 403


def test_signing_in_as_somebody_else_signs_the_first_one_out(shop: Shop) -> None:
    browser = shop.browser()
    browser.vouch("ada", "totp")
    browser.sign_in("bob")
    assert browser.get("/who").json == {"subject": "bob", "methods": ["password"]}
    assert (shop.live("ada"), len(shop.live("bob"))) == ([], 1)


# Fixation


@pytest.mark.attack("H1")
def test_a_session_that_was_planted_before_the_sign_in_stays_the_planters(shop: Shop) -> None:
    attacker, victim = shop.browser(), shop.browser()
    attacker.sign_in("bob")
    planted = attacker.cookie()
    victim.set_cookie("ostiary_session", planted, domain=DOMAIN)
    victim.sign_in("ada")
    assert victim.cookie() != planted
    assert (victim.who, attacker.who) == ("ada", "")


@pytest.mark.attack("H2")
@pytest.mark.must("CS-Session")
@pytest.mark.parametrize("planted", ["01MCC5RM00EWA9225KV23V9H8W." + "A" * 43, "1", "a.b", "A" * 4000, '"quoted"'])
def test_an_id_that_the_server_did_not_make_is_never_adopted(shop: Shop, planted: str) -> None:
    browser = shop.browser()
    browser.set_cookie("ostiary_session", planted, domain=DOMAIN)
    assert browser.who == ""
    assert browser.cookie() is None, "the answer clears it"
    browser.set_cookie("ostiary_session", planted, domain=DOMAIN)
    browser.sign_in()
    assert browser.cookie() != planted
    assert [row.id for row in shop.rows()] == [browser.cookie().partition(".")[0]]


# What is kept


@pytest.mark.asvs("V7.2.3")
@pytest.mark.asvs("V11.5.1")
@pytest.mark.asvs("V14.2.4")
@pytest.mark.must("63B-5.1")
@pytest.mark.attack("W1")
def test_a_session_is_256_random_bits_of_which_the_table_holds_only_a_digest(shop: Shop) -> None:
    cookies = []
    for _ in range(8):
        browser = shop.browser()
        browser.vouch()
        cookies.append(browser.cookie())
    secrets = [cookie.partition(".")[2] for cookie in cookies]
    assert len(set(secrets)) == 8
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", secret) for secret in secrets)
    assert {bytes(row.secret_hash) for row in shop.rows()} == {hashlib.sha256(one.encode()).digest() for one in secrets}
    kept = "\n".join(map(str, shop.rows()))
    assert not [secret for secret in secrets if secret in kept]


@pytest.mark.attack("W7")
def test_a_session_is_looked_up_by_its_public_id_and_never_by_its_secret(shop: Shop) -> None:
    from ostiary.features.sessions import store
    from ostiary.storage.guard_reads import compile_read

    read = compile_read(store.guard_read(), "sqlite")
    assert read.parameters == ("id",)
    assert "secret_hash =" not in read.sql


def test_a_row_says_when_how_and_for_how_long(shop: Shop) -> None:
    shop.browser().sign_in()
    (row,) = shop.rows()
    assert (row.subject, row.epoch, row.started_at, row.seen_at) == ("ada", 0, NOON, NOON)
    assert (row.idle_for, row.ends_at - row.started_at, row.factors) == (14 * DAY, 30 * DAY, f"password@{NOON}")


@pytest.mark.attack("U13")
def test_what_a_browser_says_of_itself_is_cut(shop: Shop) -> None:
    browser = shop.browser()
    browser.sign_in(headers={"User-Agent": "x" * 60_000})
    (row,) = shop.rows()
    assert len(row.device) == 300
    assert all(len(str(detail)) < 1_000 for _, _, detail in shop.audit())


# Consent


@pytest.mark.asvs("V7.6.2")
def test_a_link_starts_no_session(shop: Shop) -> None:
    browser = shop.browser()
    answer = browser.get("/vouch/ada")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert (browser.who, shop.rows(), shop.audit()) == ("", [], [])


@pytest.mark.asvs("V7.6.2")
@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_another_site_starts_no_session(shop: Shop, site: str) -> None:
    browser = shop.browser()
    answer = browser.vouch(headers={"Sec-Fetch-Site": site})
    assert answer.status_code == 403
    assert (browser.cookie(), shop.rows(), shop.audit()) == (None, [], [])
    assert [event.name() for event in shop.events] == ["csrf_failed"]


@pytest.mark.asvs("V7.2.2")
def test_the_static_key_of_a_program_opens_no_session_and_sees_none(sqlite_url: str) -> None:
    from tests.badges import Badges

    with open_shop(sqlite_url, further=(Badges(),)) as shop:
        program = shop.browser()
        key = {"Authorization": "Badge ada"}
        assert program.get("/account", headers=key).json == {"subject": "ada"}
        for way in (program.vouch, program.sign_in):
            answer = way("ada", headers=key)
            assert (answer.status_code, answer.headers.getlist("Set-Cookie")) == (403, [])
        assert program.get("/auth/sessions", headers=key).status_code == 403
        assert (shop.rows(), shop.audit()) == ([], [])


# How many at once


@pytest.mark.asvs("V7.1.2")
def test_one_session_too_many_ends_the_oldest(database_url: str, clock: FrozenClock) -> None:
    with open_shop(database_url, clock=clock, sessions=Sessions(at_most=2)) as shop:
        browsers = [shop.browser() for _ in range(3)]
        for browser in browsers:
            browser.vouch()
            clock.pass_(HOUR)
        assert [browser.who for browser in browsers] == ["", "ada", "ada"]
        ended = [detail for name, _, detail in shop.audit() if name == "session_ended"]
        assert [detail["reason"] for detail in ended] == ["too_many"]


@pytest.mark.asvs("V7.1.2")
def test_signing_in_again_in_the_same_browser_costs_no_other_session(sqlite_url: str, clock: FrozenClock) -> None:
    with open_shop(sqlite_url, clock=clock, sessions=Sessions(at_most=2)) as shop:
        laptop, phone, other = shop.browser(), shop.browser(), shop.browser()
        other.vouch("bob")
        for browser in (laptop, phone, laptop, laptop):
            clock.pass_(HOUR)
            browser.vouch()
        assert (laptop.who, phone.who, other.who) == ("ada", "ada", "bob")


def test_sessions_that_have_ended_do_not_count(sqlite_url: str, clock: FrozenClock) -> None:
    with open_shop(sqlite_url, clock=clock, sessions=Sessions(at_most=1, idle="1h")) as shop:
        shop.browser().vouch()
        clock.pass_(HOUR)
        browser = shop.browser()
        browser.vouch()
        assert browser.who == "ada"
        assert "session_ended" not in shop.named()
