"""Attacks on forgotten passwords: links that outlive what they were sent for, work that tells who has an account."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import func, select
from tests.features.passwords.people import ADA, BETTER, GOOD, PAGE, ask, open_people, reset

from ostiary import Accounts
from ostiary.features.accounts import AccountState
from ostiary.features.one_time_tokens.store import one_time_tokens

OTHER = "ada@other.example"


@pytest.fixture
def people(database_url):
    with open_people(database_url) as made:
        yield made


@pytest.mark.attack("N4")
@pytest.mark.attack("N10")
def test_a_link_dies_with_the_address_it_was_sent_to(people):
    """Whoever can read the old mailbox asked for a link a moment before its owner took the address from her account."""
    account = people.accounts.create(email=ADA, password=GOOD)
    with people.database.write() as tx:
        people.accounts.add_identifier(tx, account.id, "email", OTHER, verified=True)
    ask(people, ADA)
    token = people.token(ADA)
    with people.database.write() as tx:
        assert people.accounts.remove_identifier(tx, account.id, "email", ADA)
    page = people.browser().get(f"/auth/reset-password?token={token}")
    assert page.json == {"alive": False}
    assert reset(people, token).status_code == 410
    assert people.sign_in(people.browser(), OTHER, GOOD).status_code == 200


@pytest.mark.attack("N10")
def test_a_link_does_not_follow_its_address_to_another_account(people):
    account = people.accounts.create(email=ADA, password=GOOD)
    with people.database.write() as tx:
        people.accounts.add_identifier(tx, account.id, "email", OTHER, verified=True)
    ask(people, ADA)
    token = people.token(ADA)
    with people.database.write() as tx:
        people.accounts.remove_identifier(tx, account.id, "email", ADA)
    people.accounts.create(email=ADA, password=GOOD)
    assert reset(people, token).status_code == 410
    assert people.sign_in(people.browser(), OTHER, GOOD).status_code == 200
    assert people.sign_in(people.browser(), ADA, GOOD).status_code == 200


@pytest.mark.attack("N3")
@pytest.mark.attack("N4")
def test_a_link_to_an_address_that_was_only_claimed_dies_when_another_is_proven(people):
    """A trojan identifier: the maker of an account with her address claims his own as well, and keeps a link to it."""
    account = people.accounts.create(email=ADA, password=GOOD, verified=False)
    with people.database.write() as tx:
        people.accounts.add_identifier(tx, account.id, "email", OTHER)
    ask(people, OTHER)
    token = people.token(OTHER)
    with people.database.write() as tx:
        assert people.accounts.verify(tx, account.id, "email", ADA)
    assert reset(people, token).status_code == 410


def test_of_several_links_at_once_one_sets_the_password_and_none_is_stuck(people):
    """Each ends all the others: without one order for their locks they would wait for one another for ever."""
    for _ in range(3):
        people.accounts.ensure(email=ADA, password=GOOD)
        tokens = []
        for _ in range(4):
            people.clock.pass_(3_600_000)
            people.mailbox.clear()
            ask(people)
            tokens.append(people.token())
        # All but the last are too old by now: made again within their hour.
        people.clock.pass_(-3 * 3_600_000)
        barrier = threading.Barrier(len(tokens))

        def act(token, barrier=barrier):
            barrier.wait()
            return reset(people, token, f"{BETTER} {token[:26]}").status_code

        with ThreadPoolExecutor(len(tokens)) as pool:
            answers = sorted(pool.map(act, tokens))
        assert answers == [200, 410, 410, 410]
        people.clock.pass_(4 * 3_600_000)


def test_a_change_and_a_reset_at_once_leave_one_password_and_one_session_at_most(people):
    browser = people.member()
    ask(people)
    token, barrier = people.token(), threading.Barrier(2)
    third = "the third password of this test"

    def change():
        barrier.wait()
        return browser.post("/auth/change-password", json={"current": GOOD, "password": BETTER}).status_code

    def redeem():
        barrier.wait()
        return reset(people, token, third).status_code

    with ThreadPoolExecutor(2) as pool:
        changed, was_reset = (future.result() for future in [pool.submit(change), pool.submit(redeem)])
    good = [
        password
        for password in (GOOD, BETTER, third)
        if people.sign_in(people.browser(), ADA, password).status_code == 200
    ]
    assert len(good) == 1
    assert good != [GOOD]
    if was_reset == 200 and good == [third]:
        # Whoever was signed in before the reset is signed in no more, also if she changed the password a moment before.
        assert browser.get("/").status_code == 401
    else:
        assert (changed, was_reset) == (200, 410)


@contextmanager
def meanwhile(people, act):
    """While a password is hashed, before anything is locked, something else happens."""
    passwords = people.passwords
    slow = type(passwords)

    class Slow(slow):
        __slots__ = ()

        def hash(self, password):
            act()
            return slow.hash(self, password)

    passwords.__class__ = Slow
    try:
        yield
    finally:
        passwords.__class__ = slow


def test_a_suspension_that_comes_in_the_middle_wins(people):
    account = people.accounts.create(email=ADA, password=GOOD)
    ask(people)
    token = people.token()
    with meanwhile(people, lambda: people.accounts.suspend(account.id, reason="seen")):
        assert reset(people, token).status_code == 410
    people.accounts.restore(account.id)
    assert people.sign_in(people.browser(), ADA, GOOD).status_code == 200, "the password is the one it was"


@pytest.mark.attack("N3")
def test_an_address_that_is_proven_in_the_middle_wins(people):
    account = people.accounts.create(email=ADA, password=GOOD, verified=False)
    with people.database.write() as tx:
        people.accounts.add_identifier(tx, account.id, "email", OTHER)
    ask(people, OTHER)
    token = people.token(OTHER)

    def prove():
        with people.database.write() as tx:
            assert people.accounts.verify(tx, account.id, "email", ADA)

    with meanwhile(people, prove):
        assert reset(people, token).status_code == 410
    verified = {one.shown for one in people.accounts.get(account.id).identifiers if one.verified_at is not None}
    assert verified == {ADA}


@pytest.mark.attack("N4")
def test_the_page_says_whose_password_a_planted_link_would_set(people):
    """An attacker's link to his own account, opened by somebody else: she would set a password that she thinks is hers."""
    people.accounts.create(email=OTHER, password=GOOD)
    ask(people, OTHER)
    victim = people.browser()
    page = victim.get(f"/auth/reset-password?token={people.token(OTHER)}", headers=PAGE, follow_redirects=True)
    assert f'value="{OTHER}" autocomplete="username"' in page.text


def tokens_made(people, act):
    """How many tokens were written while ``act`` ran: each is a transaction, and a wait for the disk."""

    def count():
        with people.database.read() as connection:
            return connection.execute(select(func.count()).select_from(one_time_tokens)).scalar_one()

    before = count()
    act()
    return count() - before


@pytest.mark.attack("I5")
def test_a_suspended_account_waits_for_the_disk_as_often_as_an_unknown_address(people):
    """A transaction is a wait for the disk, which can be measured from far away."""
    people.accounts.create(email=ADA, password=GOOD)
    people.accounts.suspend(people.accounts.create(email="eve@example.com", password=GOOD).id, reason="spam")
    people.accounts.close(people.accounts.create(email="old@example.com", password=GOOD).id)
    ask(people, "warm@example.com")
    counts = {
        address: tokens_made(people, lambda address=address: ask(people, address))
        for address in (ADA, "eve@example.com", "old@example.com", "nobody@example.com")
    }
    assert set(counts.values()) == {1}, counts


@pytest.mark.attack("I7")
def test_a_name_that_nobody_has_waits_for_the_disk_as_often_as_one_with_an_address(sqlite_url):
    with open_people(sqlite_url, accounts=Accounts(identifiers=("email", "username"))) as people:
        people.accounts.create(email=ADA, username="ada", password=GOOD)
        people.accounts.create(username="bob", password=GOOD)
        ask(people, "warm@example.com")
        counts = {
            name: tokens_made(people, lambda name=name: ask(people, name))
            for name in ("ada", "bob", "nobody", "x@y.test")
        }
        assert set(counts.values()) == {1}, counts


@pytest.mark.attack("I5")
def test_the_limit_comes_after_as_many_mails_for_everybody(people):
    people.accounts.create(email=ADA, password=GOOD)
    people.accounts.suspend(people.accounts.create(email="eve@example.com", password=GOOD).id, reason="spam")
    counts = {}
    for number, address in enumerate((ADA, "eve@example.com", "nobody@example.com")):
        browser = people.browser()
        browser.environ_base["REMOTE_ADDR"] = f"192.0.2.{number}"
        answers = [ask(people, address, browser).status_code for _ in range(8)]
        counts[address] = answers
    assert len(set(map(tuple, counts.values()))) == 1, counts


def test_a_tag_is_no_other_mailbox(people):
    """Most providers deliver ada+1@ to ada@: every tag would be five more mails to her."""
    local, _, domain = ADA.partition("@")
    answers = []
    for number in range(27):
        browser = people.browser()
        browser.environ_base["REMOTE_ADDR"] = f"192.0.2.{number}"
        answers.append(ask(people, f"{local}+{number}@{domain}", browser).status_code)
    assert answers == [202] * 25 + [429] * 2


def test_a_reset_of_an_unverified_account_ends_what_its_maker_had(database_url):
    """N2 and N15 where accounts may sign in unverified: somebody made one with her address, and is signed in to it."""
    with open_people(database_url, accounts=Accounts(unverified_may_sign_in=True)) as people:
        squatter = people.browser()
        people.register(squatter, ADA, GOOD)
        assert people.sign_in(squatter, ADA, GOOD).status_code == 200
        squatters_link = people.token()
        ask(people, ADA)
        assert reset(people, people.token()).status_code == 200
        assert squatter.get("/").status_code == 401
        assert people.sign_in(people.browser(), ADA, GOOD).status_code == 401
        assert people.accounts.find(email=ADA).state is AccountState.ACTIVE
        assert people.sign_in(people.browser(), ADA, BETTER).status_code == 200
        people.confirm(squatter, squatters_link)
        assert people.sign_in(people.browser(), ADA, GOOD).status_code == 401
        assert squatter.get("/").status_code == 401


def test_a_head_request_spends_no_link_and_a_planted_token_signs_nobody_in(people):
    people.accounts.create(email=ADA, password=GOOD)
    people.accounts.create(email="eve@example.com", password=GOOD)
    ask(people, "eve@example.com")
    planted = people.token("eve@example.com")
    victim = people.member("victim@example.com")
    before = victim.get("/").json
    victim.get(f"/auth/reset-password?token={planted}", headers={**PAGE, "Sec-Fetch-Site": "cross-site"})
    assert victim.head(f"/auth/reset-password?token={planted}").status_code in (200, 303)
    assert victim.get("/").json == before, "looking changes nobody's session"
    answer = victim.post("/auth/reset-password", data={"password": BETTER}, headers=PAGE)
    assert answer.status_code == 303
    assert victim.get("/").json == before, "and a reset signs nobody in"


@pytest.mark.attack("T9")
@pytest.mark.parametrize("host", ["a b", "evil.example:99999", "@evil.example", "[::1"])
def test_a_host_that_no_link_could_lead_to_is_a_bad_request_where_no_public_url_is_set(sqlite_url, host):
    with open_people(sqlite_url, config={"OSTIARY_PUBLIC_URL": None}) as people:
        people.accounts.create(email=ADA, password=GOOD)
        for identifier in (ADA, "nobody@example.com"):
            body = {"identifier": identifier}
            answer = people.browser().post("/auth/forgot-password", json=body, headers={"Host": host})
            assert answer.status_code == 400
