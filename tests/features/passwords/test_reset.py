"""Password reset: a link that is spent once, tells nobody who has an account, and gives away nothing else."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select
from tests.features.passwords.people import ADA, BETTER, GOOD, PAGE, Hashes, ask, open_people, reset

from ostiary import Accounts, SignIn
from ostiary.features.accounts import AccountState
from ostiary.features.one_time_tokens.store import one_time_tokens
from ostiary.features.passwords.reset import NoAddress, PasswordReset
from ostiary.kernel.clock import HOUR


@pytest.fixture
def people(database_url):
    with open_people(database_url) as made:
        yield made


@pytest.mark.must("CS-Forgot")
@pytest.mark.must("63B-4.6/4.2.3")
def test_a_person_sets_a_new_password_by_the_link(people):
    people.member()
    assert ask(people).status_code == 202
    assert reset(people, people.token()).status_code == 200
    assert people.sign_in(people.browser(), ADA, GOOD).status_code == 401
    assert people.sign_in(people.browser(), ADA, BETTER).status_code == 200
    assert people.mailbox.last(ADA).subject.startswith("Your password"), "and she is told (ASVS 5.0 V6.3.7)"


@pytest.mark.attack("J19")
@pytest.mark.asvs("V14.2.1")
def test_the_token_leaves_the_address_before_a_page_is_shown(people):
    people.member()
    ask(people)
    browser = people.browser()
    answer = browser.get(people.mailbox.last(ADA).link, headers=PAGE)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/auth/reset-password")
    page = browser.get("/auth/reset-password", headers=PAGE)
    assert page.status_code == 200
    assert people.token() not in page.text
    assert browser.post("/auth/reset-password", data={"password": BETTER}, headers=PAGE).status_code == 303
    assert browser.cookie("ostiary_reset") is None
    assert people.sign_in(people.browser(), ADA, BETTER).status_code == 200


@pytest.mark.attack("N2")
@pytest.mark.asvs("V7.4.3")
def test_everything_that_was_signed_in_is_ended(people):
    thief = people.member()
    ask(people)
    reset(people, people.token())
    assert thief.get("/").status_code == 401


@pytest.mark.asvs("V6.4.3")
def test_a_reset_signs_nobody_in_and_lifts_no_second_factor(sqlite_url):
    with open_people(sqlite_url, further=(SignIn(policy=2, vouches=("totp",)),)) as people:
        people.accounts.create(email=ADA, password=GOOD)
        ask(people)
        browser = people.browser()
        assert reset(people, people.token(), browser=browser).status_code == 200
        assert browser.cookie() is None
        answer = people.sign_in(browser, ADA, BETTER)
        assert (answer.status_code, answer.json["code"]) == (401, "factor_needed")


def _use_up(people, address: str = ADA) -> None:
    for number in range(25):
        stranger = people.browser()
        stranger.environ_base["REMOTE_ADDR"] = f"198.51.100.{number}"
        people.sign_in(stranger, address, "wrong")


@pytest.mark.attack("K7")
def test_while_a_stranger_uses_up_her_guesses_the_owner_gets_in_by_a_reset(people):
    """She has no browser that is known: hers were until the reset, or she has lost it. He never stops."""
    before = people.member()
    ask(people, "ADA@Example.com")
    here = people.browser()
    assert reset(people, people.token(), browser=here).status_code == 200
    _use_up(people)
    assert people.sign_in(people.browser(), ADA, BETTER).status_code == 429
    assert people.sign_in(before, ADA, BETTER).status_code == 429
    assert people.sign_in(here, ADA, BETTER).status_code == 200


@pytest.mark.attack("K7")
def test_the_browser_of_a_reset_is_known_for_that_account_alone_and_until_the_next_change(people):
    people.member()
    people.member("eve@example.com")
    ask(people)
    here = people.browser()
    assert reset(people, people.token(), browser=here).status_code == 200
    _use_up(people, "eve@example.com")
    assert people.sign_in(here, "eve@example.com").status_code == 429
    ask(people)
    assert reset(people, people.token(), GOOD).status_code == 200
    _use_up(people)
    assert people.sign_in(here).status_code == 429


@pytest.mark.asvs("V6.3.5")
def test_the_first_sign_in_on_the_browser_of_a_reset_is_one_on_a_new_browser(people):
    """It may be a thief's who reads her mail: she is told of it as of every other."""
    people.member()
    ask(people)
    here = people.browser()
    reset(people, people.token(), browser=here)
    for expected in (True, False):
        assert people.sign_in(here, ADA, BETTER).status_code == 200
        assert [one.new_device for one in people.events if one.name() == "sign_in_succeeded"][-1] is expected


def test_a_reset_that_fails_makes_no_browser_known(people):
    people.member()
    ask(people)
    token, here = people.token(), people.browser()
    assert reset(people, token, "short", browser=here).status_code == 422
    assert here.cookie("ostiary_device") is None
    reset(people, token)
    assert reset(people, token, browser=here).status_code == 410
    assert here.cookie("ostiary_device") is None


@pytest.mark.asvs("V6.4.3")
@pytest.mark.parametrize("policy", [2, lambda subject: 2])
def test_whoever_has_the_mailbox_alone_has_no_guesses_of_his_own_at_a_second_factor(sqlite_url, policy):
    with open_people(sqlite_url, further=(SignIn(policy=policy, vouches=("totp",)),)) as people:
        people.accounts.create(email=ADA, password=GOOD)
        ask(people)
        browser = people.browser()
        assert reset(people, people.token(), browser=browser).status_code == 200
        assert browser.cookie("ostiary_device") is None


@pytest.mark.attack("I5")
@pytest.mark.attack("I7")
@pytest.mark.asvs("V6.3.8")
def test_who_has_no_account_or_a_suspended_one_gets_the_same_answer(people, monkeypatch):
    people.member()
    people.accounts.create(email="unconfirmed@example.com", password=GOOD, verified=False)
    suspended = people.accounts.create(email="suspended@example.com", password=GOOD)
    people.accounts.suspend(suspended, reason="test")
    hashes = Hashes(monkeypatch)
    seen = set()
    for address in (
        ADA,
        "nobody@example.com",
        "unconfirmed@example.com",
        "suspended@example.com",
        "no address",
        "x" * 300,
    ):
        answer = ask(people, address)
        headers = sorted((name, value) for name, value in answer.headers if name != "Date")
        seen.add((answer.status_code, answer.data, str(headers), hashes.taken()))
    assert len(seen) == 1
    assert not people.mailbox.to("suspended@example.com")
    assert people.mailbox.last("nobody@example.com").subject


@pytest.mark.attack("S4")
def test_of_many_at_once_one_sets_the_password(people):
    people.member()
    ask(people)
    token, barrier = people.token(), threading.Barrier(6)

    def use(number):
        barrier.wait()
        return reset(people, token, f"{BETTER} {number}").status_code

    with ThreadPoolExecutor(6) as pool:
        answers = sorted(pool.map(use, range(6)))
    assert answers.count(200) == 1
    works = [people.sign_in(people.browser(), ADA, f"{BETTER} {n}").status_code for n in range(6)]
    assert works.count(200) == 1


def test_a_link_dies_with_its_hour_its_use_and_a_change_of_password(people):
    browser = people.member()
    ask(people)
    first = people.token()
    people.clock.pass_(HOUR)
    assert reset(people, first).status_code == 410
    ask(people)
    second = people.token()
    answer = browser.post("/auth/change-password", json={"current": GOOD, "password": BETTER})
    assert answer.status_code == 200
    assert reset(people, second, GOOD + "!").status_code == 410
    ask(people)
    third = people.token()
    ask(people)
    fourth = people.token()
    assert reset(people, fourth, GOOD + "!").status_code == 200
    assert reset(people, third, GOOD + "?").status_code == 410, "and with another link of its kind"


@pytest.mark.attack("J20")
def test_a_suspension_ends_the_links_that_are_on_their_way(people):
    people.member()
    ask(people)
    people.accounts.suspend(people.accounts.find(email=ADA), reason="test")
    assert reset(people, people.token()).status_code == 410
    people.accounts.restore(people.accounts.find(email=ADA))
    assert reset(people, people.token()).status_code == 410, "also once she may sign in again"


@pytest.mark.attack("J17")
@pytest.mark.parametrize("token", ["", " ", "x", "01M85Z36JZF6ZSHTMVM1GKGZX1." + "A" * 43, "\u0000", "é" * 80])
def test_a_link_that_never_was_sets_nothing(people, token):
    people.member()
    assert reset(people, token).status_code in (400, 410)
    assert people.browser().get("/auth/reset-password", headers=PAGE).status_code == 410
    assert people.sign_in(people.browser(), ADA, GOOD).status_code == 200


@pytest.mark.attack("J17")
def test_a_link_of_another_purpose_or_person_sets_nothing_here(people):
    people.member()
    people.register(people.browser(), "bob@example.com")
    assert reset(people, people.token("bob@example.com")).status_code == 410
    people.confirm(people.browser(), people.token("bob@example.com"), password=GOOD)
    ask(people, "bob@example.com")
    reset(people, people.token("bob@example.com"))
    assert people.sign_in(people.browser(), ADA, GOOD).status_code == 200


def test_a_weak_password_is_refused_and_the_link_is_still_good(people):
    people.member()
    ask(people)
    answer = reset(people, people.token(), "short")
    assert (answer.status_code, answer.json["errors"][0]["code"]) == (422, "too_short")
    assert reset(people, people.token()).status_code == 200


@pytest.mark.attack("N3")
@pytest.mark.attack("N4")
def test_an_address_that_was_only_claimed_gets_no_link_to_somebody_elses_account(people):
    people.member()
    account = people.accounts.find(email=ADA)
    with people.database.write() as tx:
        people.accounts.add_identifier(tx, account.id, "email", "thief@example.com", verified=False)
    ask(people, "thief@example.com")
    assert not people.mailbox.to("thief@example.com")
    assert people.mailbox.last(ADA).link, "it goes to the address that is proven"


def test_a_reset_proves_the_address_it_went_to(people):
    people.accounts.create(email=ADA, password=GOOD, verified=False)
    assert people.accounts.find(email=ADA).state is AccountState.UNVERIFIED
    ask(people)
    assert reset(people, people.token()).status_code == 200
    assert people.accounts.find(email=ADA).state is AccountState.ACTIVE


@pytest.mark.asvs("V2.4.1")
def test_a_mailbox_is_not_filled(people):
    people.member()
    people.mailbox.clear()
    for variant in (ADA, ADA.upper(), f" {ADA} ", ADA, ADA, ADA, ADA, ADA):
        ask(people, variant)
    assert len(people.mailbox.to(ADA)) == 5


@pytest.mark.attack("W1")
def test_the_database_holds_no_link(people):
    people.member()
    ask(people)
    secret = people.token().partition(".")[2]
    with people.database.read() as connection:
        held = str([tuple(row) for row in connection.execute(select(one_time_tokens))])
    assert secret not in held
    assert ADA not in held


@pytest.mark.attack("G5")
def test_another_site_asks_for_nothing_and_sets_nothing(people):
    people.member()
    people.mailbox.clear()
    for address in ("/auth/forgot-password", "/auth/reset-password"):
        answer = people.browser().post(address, json={"identifier": ADA}, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403
    assert not people.mailbox.sent


@pytest.mark.asvs("V6.4.6")
def test_an_operator_sends_a_link_and_never_sees_it(people):
    people.member()
    account, operator = people.accounts.find(email=ADA), people.runtime.resources[PasswordReset]
    with people.app.test_request_context():
        assert operator.send(account) == ADA
    assert reset(people, people.token()).status_code == 200


def test_an_account_without_an_address_cannot_be_sent_one(sqlite_url):
    with open_people(sqlite_url, accounts=Accounts(identifiers=("username", "email"))) as people:
        account = people.accounts.create(username="ada", password=GOOD)
        with pytest.raises(NoAddress):
            people.runtime.resources[PasswordReset].send(account)
        assert ask(people, "ada").status_code == 202
        assert not people.mailbox.sent


@pytest.mark.attack("J16")
def test_a_password_that_another_system_keeps_cannot_be_reset_here(sqlite_url):
    passwords = {"check": lambda identifier, password: None}
    with open_people(sqlite_url, passwords=passwords) as people:
        assert people.browser().get("/auth/forgot-password", headers=PAGE).status_code == 404
        assert people.browser().get("/auth/register", headers=PAGE).status_code == 404


def test_the_pages_say_the_same_as_the_answers(people):
    people.member()
    page = people.browser().post("/auth/forgot-password", data={"identifier": ADA}, headers=PAGE)
    assert (page.status_code, "Look into your mail" in page.text) == (202, True)
    empty = people.browser().post("/auth/forgot-password", data={"identifier": ""}, headers=PAGE)
    assert (empty.status_code, "missing" in empty.text) == (400, True)
    gone = people.browser().get("/auth/reset-password", headers=PAGE)
    assert re.search("no longer good", gone.text)
