"""Attacks on registration: what is taken for proven and is not, limits that are got around, cookies that are planted."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select
from tests.features.passwords.people import ADA, BETTER, GOOD, PAGE, Hashes, open_people

from ostiary import Accounts, Field
from ostiary.features.accounts import AccountState
from ostiary.features.accounts.store import accounts as accounts_table
from ostiary.features.passwords import actions as password_actions

PHONE = "+442079460958"
EVERYTHING = Accounts(
    identifiers=("email", "username", "phone"), fields=(Field("display_name", required=False, max_length=80),)
)


@pytest.fixture
def people(database_url):
    with open_people(database_url) as made:
        yield made


@pytest.fixture
def household(database_url):
    with open_people(database_url, accounts=EVERYTHING) as made:
        yield made


def register(people, browser=None, **body):
    return (browser or people.browser()).post("/auth/register", json={"password": GOOD, **body})


def rows(people, table):
    with people.database.read() as connection:
        return list(connection.execute(select(table)))


@pytest.mark.attack("I10")
@pytest.mark.attack("N3")
@pytest.mark.attack("N11")
@pytest.mark.parametrize("names", [("email", "username", "phone"), ("email", "phone"), ("username", "phone")])
def test_a_registration_takes_no_telephone_number_and_tells_none_that_is_taken(database_url, names):
    kinds = {"email": ADA, "username": "ada"}
    with open_people(database_url, accounts=Accounts(identifiers=names)) as people:
        people.accounts.create(phone=PHONE, password=GOOD)
        told = []
        for number in (PHONE, "+442079460959"):
            browser = people.browser()
            mine = {kind: text.replace("ada", f"ada{len(told)}") for kind, text in kinds.items() if kind in names}
            answer = register(people, browser, phone=number, **mine)
            told.append((answer.status_code, sorted(answer.json)))
            if "email" in names:
                assert people.confirm(browser, people.token(mine["email"])).status_code == 200
            assert people.accounts.find(**dict([next(iter(mine.items()))])).phone is None
        assert told[0] == told[1]
        assert people.accounts.find(phone="+442079460959") is None, "nobody occupies a number that is not proven"
        page = people.browser().get("/auth/register", headers=PAGE).text
        assert 'type="tel"' not in page


def test_registration_by_telephone_alone_stops_the_start():
    codes = [problem.code for problem in Accounts(identifiers=("phone",)).problems()]
    assert codes == ["registration_by_phone"]
    assert not list(Accounts(identifiers=("phone",), registration="closed").problems())


@pytest.mark.attack("N1")
@pytest.mark.parametrize(
    "given", [{"phone": PHONE}, {"username": "ada"}, {"username": "ada", "phone": PHONE, "email": ""}]
)
def test_who_leaves_the_address_out_gets_no_account_that_nobody_confirmed(household, given):
    answer = register(household, **given)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "email"
    assert rows(household, accounts_table) == []


@pytest.mark.attack("I10")
def test_a_missing_address_is_told_before_any_name_is_looked_up(household):
    household.accounts.create(email=ADA, username="ada", password=GOOD)
    answers = [register(household, username=name) for name in ("ada", "bob")]
    assert answers[0].data == answers[1].data


def test_a_tag_is_no_other_mailbox(people):
    answers = []
    for number in range(27):
        browser = people.browser()
        browser.environ_base["REMOTE_ADDR"] = f"192.0.2.{number}"
        answers.append(people.register(browser, f"Ada+{number}@Example.COM").status_code)
    assert answers == [202] * 25 + [429] * 2


@pytest.mark.attack("K7")
@pytest.mark.parametrize("path", ["/auth/register", "/auth/forgot-password"])
def test_a_stranger_does_not_use_up_the_mails_that_the_owner_of_an_address_needs(people, path):
    answers = []
    for number, times in enumerate((8, 8, 1)):
        browser = people.browser()
        browser.environ_base["REMOTE_ADDR"] = f"192.0.2.{number}"
        for _ in range(times):
            answers.append(browser.post(path, json={"identifier": ADA, "password": GOOD}).status_code)
    assert answers == [*[202] * 5, *[429] * 3, *[202] * 5, *[429] * 3, 202]


@pytest.mark.attack("I4")
def test_the_limit_comes_after_as_many_registrations_for_everybody(people):
    people.member()
    counts = []
    for number, address in enumerate((ADA, "bob@example.com")):
        people.clock.pass_(7_200_000)
        browser = people.browser()
        browser.environ_base["REMOTE_ADDR"] = f"192.0.2.{number}"
        counts.append([people.register(browser, address).status_code for _ in range(7)])
    assert counts[0] == counts[1]
    assert counts[0][-1] == 429


@pytest.mark.attack("I4")
def test_one_network_of_ipv6_is_one_network(people):
    answers = []
    for number in range(22):
        browser = people.browser()
        browser.environ_base["REMOTE_ADDR"] = f"2001:db8::{number:x}"
        answers.append(people.register(browser, f"person{number}@example.com").status_code)
    assert answers[-1] == 429


@pytest.mark.attack("N1")
def test_a_planted_registration_cookie_opens_nothing_else(people):
    """The attacker's binding in her browser makes his registration hers to confirm, and never hers his."""
    attacker, victim = people.browser(), people.browser()
    people.register(attacker, "eve@example.com", BETTER)
    binding = attacker.cookie("ostiary_registration")
    people.register(victim, ADA, GOOD)
    token = people.token(ADA)
    victim.set_cookie("ostiary_registration", binding)
    assert people.confirm(victim, token).status_code == 401, "her own link asks for her password now, and nothing worse"
    assert people.confirm(victim, token, password=GOOD).status_code == 200
    assert people.sign_in(people.browser(), ADA, BETTER).status_code == 401


@pytest.mark.attack("N1")
def test_the_binding_of_one_registration_confirms_no_other(people):
    attacker = people.browser()
    people.register(attacker, ADA, BETTER)
    people.register(attacker, "eve@example.com", BETTER)
    assert people.confirm(attacker, people.token(ADA)).status_code == 401


def test_two_people_at_one_computer_confirm_both(people):
    """A household: the second registration takes the cookie; the first link asks for its password."""
    browser = people.browser()
    people.register(browser, ADA, GOOD)
    people.register(browser, "bob@example.com", BETTER)
    assert people.confirm(browser, people.token("bob@example.com")).status_code == 200
    assert people.confirm(browser, people.token(ADA)).status_code == 401
    assert people.confirm(browser, people.token(ADA), password=GOOD).status_code == 200
    assert people.sign_in(browser, ADA, GOOD).status_code == 200
    ada = browser.get("/").json
    assert people.sign_in(browser, "bob@example.com", BETTER).status_code == 200
    assert browser.get("/").json != ada


def test_a_session_that_was_planted_is_not_carried_through_a_registration(people):
    planted = people.member("eve@example.com").cookie()
    victim = people.browser()
    victim.set_cookie("ostiary_session", planted)
    people.register(victim, ADA, GOOD)
    people.confirm(victim, people.token(ADA))
    assert people.sign_in(victim, ADA, GOOD).status_code == 200
    assert victim.cookie() != planted
    assert victim.get("/").json["subject"] == people.accounts.find(email=ADA).id
    other = people.browser()
    other.set_cookie("ostiary_session", planted)
    assert other.get("/").status_code == 401, "the browser's earlier session ended when another person signed in"


@pytest.mark.attack("I4")
def test_the_work_is_the_same_where_unverified_accounts_sign_in(database_url, monkeypatch):
    with open_people(database_url, accounts=Accounts(unverified_may_sign_in=True)) as people:
        people.accounts.create(email=ADA, password=GOOD)
        hashes, seen = Hashes(monkeypatch), []
        for address in (ADA, "bob@example.com"):
            answer = people.register(people.browser(), address, BETTER)
            seen.append((answer.status_code, answer.data, hashes.taken()))
        assert seen[0] == seen[1]


@pytest.mark.attack("N1")
def test_where_unverified_accounts_sign_in_the_link_in_another_browser_asks_for_the_password(database_url):
    with open_people(database_url, accounts=Accounts(unverified_may_sign_in=True)) as people:
        squatter, victim = people.browser(), people.browser()
        people.register(squatter, ADA, GOOD)
        page = victim.get(people.mailbox.last(ADA).link, headers=PAGE)
        assert 'type="password"' in page.text
        assert people.confirm(victim).status_code == 401
        assert people.accounts.find(email=ADA).verified is False


@pytest.mark.parametrize("where", ["display_name", "username", "email"])
def test_what_was_typed_is_shown_again_as_text(household, where):
    evil = '"><script>alert(1)</script>{{7*7}}'
    data = {"email": ADA, "username": "ada", "phone": PHONE, "password": "short", where: evil}
    page = household.browser().post("/auth/register", data=data, headers=PAGE)
    assert page.status_code == 422
    assert "<script>" not in page.text
    assert "&lt;script&gt;" in page.text
    assert "{{7*7}}" in page.text
    assert "short" not in page.text.replace("short-lived", "")


def test_a_name_with_markup_is_text_on_the_account_page(household):
    browser = household.browser()
    register(
        household, browser, email=ADA, username="ada", phone=PHONE, display_name="<img src=x onerror=alert(1)>{{7*7}}"
    )
    household.confirm(browser)
    household.sign_in(browser)
    page = browser.get("/auth/account", headers=PAGE)
    assert page.status_code == 200
    assert "<img" not in page.text
    assert "{{7*7}}" in page.text


@pytest.mark.attack("N16")
@pytest.mark.parametrize("name", ["roles", "verified", "state", "id", "parts", "fields", "given", "kind", "epoch"])
@pytest.mark.parametrize("value", ["admin", True, {"a": 1}, ["admin"]])
def test_nothing_but_what_is_declared_is_read(people, name, value):
    browser = people.browser()
    assert people.register(browser, **{name: value}).status_code == 202
    assert people.confirm(browser).status_code == 200
    account = people.accounts.find(email=ADA)
    assert account.attributes == {}
    assert account.id != value


def test_a_registration_that_waits_survives_a_change_of_what_is_asked_for(people):
    """It is checked again when its link is used; what no longer passes is told, and the link stays good."""
    browser = people.browser()
    people.register(browser)
    registrar = people.accounts._registrar
    registrar._fields, before = (Field("display_name"),), registrar._fields
    assert people.confirm(browser).status_code == 422
    registrar._fields = before
    assert people.confirm(browser).status_code == 200


def test_the_hash_that_waits_is_never_shown():
    assert "secret" not in repr(password_actions.HashedPassword("secret"))


def test_many_confirmations_and_a_closure_at_once_leave_one_account_that_stays_closed(database_url):
    with open_people(database_url, accounts=Accounts(unverified_may_sign_in=True)) as people:
        browser = people.browser()
        people.register(browser)
        token, account = people.token(), people.accounts.find(email=ADA)
        cookie, barrier = browser.cookie("ostiary_registration"), threading.Barrier(4)

        def confirm():
            own = people.browser()
            own.set_cookie("ostiary_registration", cookie)
            barrier.wait()
            return people.confirm(own, token).status_code

        def close():
            barrier.wait()
            people.accounts.close(account)

        with ThreadPoolExecutor(4) as pool:
            confirmations = [pool.submit(confirm) for _ in range(3)]
            pool.submit(close).result()
            answers = sorted(future.result() for future in confirmations)
        assert answers in ([200, 410, 410], [410, 410, 410])
        assert people.accounts.find(email=ADA).state is AccountState.CLOSED
        assert people.sign_in(people.browser()).status_code == 401


def test_a_name_without_an_address_is_told_that_its_account_is_there(sqlite_url):
    with open_people(sqlite_url, accounts=Accounts(identifiers=("username",))) as people:
        browser = people.browser()
        answer = browser.post("/auth/register", data={"identifier": "ada", "password": GOOD}, headers=PAGE)
        page = browser.get(answer.headers["Location"], headers=PAGE)
        assert "Your account is there" in page.text
